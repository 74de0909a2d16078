"""Which of one's own images are the test images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.data.own.items import Item
from lenet.data.own.row_items import coded
from lenet.data.own.split import parts_of, split, warnings
from lenet.errors import DataError


@given(st.lists(st.integers(2, 40), min_size=2, max_size=6), st.integers(0, 2**63 - 1))
def test_a_fifth_of_each_class_is_tested_and_one_image_at_least(counts, seed):
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    train, test = split(labels, np.arange(len(labels)), np.arange(len(labels)), seed)
    assert sorted([*train, *test]) == list(range(len(labels)))
    for label, count in enumerate(counts):
        assert (labels[test] == label).sum() == max(1, round(0.2 * count))
    again = split(labels, np.arange(len(labels)), np.arange(len(labels)), seed)
    np.testing.assert_array_equal(again[1], test)


def test_the_seed_decides():
    labels = np.arange(100) % 2
    assert (
        split(labels, np.arange(100), np.arange(100), 0)[1] != split(labels, np.arange(100), np.arange(100), 1)[1]
    ).any()


@pytest.mark.parametrize("seed", range(20))
def test_duplicates_come_to_one_side(seed):
    labels = np.arange(60) % 3
    groups = np.arange(60)
    groups[[3, 6, 9]] = 0  # of class 0, the images 0, 3, 6 and 9 are the same
    groups[1] = groups[2]  # of two classes
    train, test = split(labels, groups, groups, seed)
    assert not set(groups[train]) & set(groups[test])
    assert (np.bincount(labels[test]) == 4).all() or np.bincount(labels[test]).min() >= 3


def test_a_class_of_duplicates_alone_is_on_both_sides():
    groups = np.array([0, 0, 2, 3, 4])
    train, test = split(np.array([0, 0, 1, 1, 1]), groups, groups, 0)
    assert 0 in np.array([0, 0, 1, 1, 1])[train]
    assert 0 in np.array([0, 0, 1, 1, 1])[test]


def test_given_splits_stay_and_the_validation_is_no_test():
    def fail():
        raise AssertionError

    labels = np.array([0, 1] * 4)
    given = ["train", "train", None, "train", "validation", "validation", "test", "test"]
    parts = parts_of(coded([Item("", None, split) for split in given]), labels, fail, 0)
    assert [each.tolist() for each in (parts.train, parts.validation, parts.test)] == [[0, 1, 2, 3], [4, 5], [6, 7]]
    others = [Item("", None, split) for split in (*given[:6], "train", "train")]
    parts = parts_of(coded(others), labels, fail, 0)
    assert (parts.validation.tolist(), parts.test.tolist()) == ([], [4, 5])
    assert parts.notes == ("there are no test images, so the validation images are the test, and decide nothing",)
    with pytest.raises(DataError, match="the data have no training images"):
        parts_of(coded([Item("", None, "validation"), Item("", None, "test")]), labels[:2], fail, 0)


def test_a_class_that_looks_alike_is_divided_where_its_images_differ():
    labels = np.array([0] * 6 + [1] * 5)
    near = np.array([0] * 6 + [6, 7, 8, 9, 10])
    same = np.array([0, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    for seed in range(10):
        train, test = split(labels, same, near, seed)
        assert np.bincount(labels[test]).tolist() == [1, 1]
        assert not set(same[train]) & set(same[test])


def test_few_test_images_mean_nothing():
    assert warnings(2) == ["there are 2 test images: the test accuracy means nothing, as one image is 50 points of it"]
    assert warnings(50) == ["there are 50 test images: the test accuracy is uncertain by up to 7 percentage points"]
    assert warnings(100) == []


def test_a_million_images_are_divided_in_seconds():
    labels = np.arange(1_000_000) % 40
    train, test = split(labels, np.arange(1_000_000), np.arange(1_000_000), 0)
    assert (len(train), len(test)) == (800_000, 200_000)
