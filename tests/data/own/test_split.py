"""Which of one's own images are the test images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.data.own.split import split


@given(st.lists(st.integers(2, 40), min_size=2, max_size=6), st.integers(0, 2**63 - 1))
def test_a_fifth_of_each_class_is_tested_and_one_image_at_least(counts, seed):
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    train, test = split(labels, np.arange(len(labels)), seed)
    assert sorted([*train, *test]) == list(range(len(labels)))
    for label, count in enumerate(counts):
        assert (labels[test] == label).sum() == max(1, round(0.2 * count))
    again = split(labels, np.arange(len(labels)), seed)
    np.testing.assert_array_equal(again[1], test)


def test_the_seed_decides():
    labels = np.arange(100) % 2
    assert (split(labels, np.arange(100), 0)[1] != split(labels, np.arange(100), 1)[1]).any()


@pytest.mark.parametrize("seed", range(20))
def test_duplicates_come_to_one_side(seed):
    labels = np.arange(60) % 3
    groups = np.arange(60)
    groups[[3, 6, 9]] = 0  # of class 0, the images 0, 3, 6 and 9 are the same
    groups[1] = groups[2]  # of two classes
    train, test = split(labels, groups, seed)
    assert not set(groups[train]) & set(groups[test])
    assert (np.bincount(labels[test]) == 4).all() or np.bincount(labels[test]).min() >= 3


def test_a_class_of_duplicates_alone_is_on_both_sides():
    train, test = split(np.array([0, 0, 1, 1, 1]), np.array([0, 0, 2, 3, 4]), 0)
    assert 0 in np.array([0, 0, 1, 1, 1])[train]
    assert 0 in np.array([0, 0, 1, 1, 1])[test]
