"""Which units are dropped: the formula in Python's whole numbers, and that it looks random."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.configuration import configure
from lenet.data import dropout
from lenet.data.plan import plan

WORD = 1 << 32
KEYS = [2618582191, 3534158735, 3156297669, 606217790]
MASKS = [203, 248, 181, 111, 55, 41, 217, 182]


def is_kept(key, layer, unit, rate):
    mixed = (key + unit * 0x9E3779B9 + layer * 0x85EBCA6B) % WORD
    mixed ^= mixed >> 16
    mixed = mixed * 0x7FEB352D % WORD
    mixed ^= mixed >> 15
    mixed = mixed * 0x846CA68B % WORD
    mixed ^= mixed >> 16
    return mixed >= int(rate * WORD)


@given(
    st.lists(st.integers(0, WORD - 1), min_size=1, max_size=4),
    st.integers(0, 200),
    st.integers(1, 40),
    st.floats(0, 1, exclude_max=True),
)
def test_the_formula_is_that_of_whole_numbers(keys, layer, num_units, rate):
    expected = [[is_kept(key, layer, unit, rate) for unit in range(num_units)] for key in keys]
    assert dropout.kept(np.array(keys, np.uint32), layer, num_units, rate).tolist() == expected


def test_far_units_count_modulo_32_bits():
    kept = dropout.kept(np.array([WORD - 1], np.uint32), 9, 70_000, 0.5)
    assert [bool(kept[0, unit]) for unit in (69_998, 69_999)] == [
        is_kept(WORD - 1, 9, unit, 0.5) for unit in (69_998, 69_999)
    ]


def test_masks_do_not_change_between_versions():
    """A run that is resumed under another version must drop the same units."""
    keys = dropout.draw_keys(7, 3, 4)
    assert keys.tolist() == KEYS
    assert np.packbits(dropout.kept(keys, 5, 16, 0.5)).tolist() == MASKS


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_every_unit_is_dropped_with_the_layers_rate_whatever_the_others(rate):
    keys = dropout.draw_keys(0, 0, 4000)
    first, second = (dropout.kept(keys, layer, 64, rate).astype(float) for layer in (6, 9))
    error = (rate * (1 - rate) / len(keys)) ** 0.5
    assert np.abs(first.mean(axis=0) - (1 - rate)).max() < 5 * error
    both = np.concatenate([first, second], axis=1)
    correlations = np.corrcoef(both.T) - np.eye(128)
    assert np.abs(correlations).max() < 5 / len(keys) ** 0.5


def test_at_rate_0_nothing_is_dropped():
    assert dropout.kept(dropout.draw_keys(0, 0, 50), 1, 50, 0.0).all()


def test_the_rest_is_scaled_so_that_the_mean_stays():
    assert dropout.scale(0.0) == 1
    assert dropout.scale(0.2) == np.float32(1.25)
    assert dropout.scale(0.2).dtype == np.float32


def test_a_plan_has_keys_only_where_something_is_dropped():
    assert plan(configure("fast"), 0, 10).dropout_keys is None
    assert plan(configure("fast", dropout=0), 0, 10).dropout_keys is None
    config = configure("fast", dropout=0.2, seed=7)
    keys = plan(config, 3, 10).dropout_keys
    assert (keys.dtype, keys.shape) == (np.uint32, (10,))
    assert np.array_equal(keys, dropout.draw_keys(7, 3, 10))
    assert not np.array_equal(keys, plan(config, 4, 10).dropout_keys)
    assert np.array_equal(plan(config, 3, 10).order, plan(configure("fast", seed=7), 3, 10).order)
