"""Intervals and tests against SciPy's own, which are computed another way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lenet.analysis.statistics import Estimate, chance_of_difference, chance_of_zero

values = st.lists(st.floats(-100, 100).map(lambda x: round(x, 3)), min_size=2, max_size=20).filter(
    lambda found: np.std(found) > 0.01
)


@given(values)
def test_the_intervals_are_students(found):
    estimate = Estimate.of(found)
    low, high = stats.t.interval(0.95, len(found) - 1, np.mean(found), stats.sem(found))
    assert estimate.mean - estimate.of_the_mean == pytest.approx(low, rel=1e-9, abs=1e-9)
    assert estimate.mean + estimate.of_the_mean == pytest.approx(high, rel=1e-9, abs=1e-9)
    assert estimate.of_one_more == pytest.approx(estimate.of_the_mean * np.sqrt(len(found) + 1))
    assert estimate.minimum <= estimate.mean <= estimate.maximum


def test_one_more_value_falls_into_its_interval_in_95_of_100_cases():
    random = np.random.default_rng(0)
    hits = 0
    for _ in range(4000):
        *found, one_more = random.normal(size=6).tolist()
        estimate = Estimate.of(found)
        hits += abs(one_more - estimate.mean) <= estimate.of_one_more
    assert 0.94 < hits / 4000 < 0.96


@given(values, values)
def test_the_chance_of_a_difference_is_welchs(first, second):
    expected = stats.ttest_ind(first, second, equal_var=False).pvalue
    assert chance_of_difference(Estimate.of(first), Estimate.of(second)) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@given(values)
def test_the_chance_of_zero_is_students(found):
    expected = stats.ttest_1samp(found, 0).pvalue
    assert chance_of_zero(found) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_where_there_is_nothing_to_say():
    assert Estimate.of([0.5]).of_the_mean is None
    assert Estimate.of([0.5]).of_one_more is None
    assert chance_of_difference(Estimate.of([1.0]), Estimate.of([1.0, 2.0])) is None
    assert chance_of_zero([0.1]) is None
    assert chance_of_zero([0.1, 0.1]) is None
    assert chance_of_difference(Estimate.of([0.1, 0.1]), Estimate.of([0.1, 0.1])) is None
