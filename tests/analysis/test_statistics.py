"""Student's t against tabulated values, and the tests against values that SciPy 1.17 computed."""

import math

import numpy as np
import pytest

from lenet.analysis.statistics import Estimate, p_value, paired_p_value, t_quantile, t_tail

PROBABILITIES = (0.6, 0.9, 0.975, 0.995, 0.9999)
T = (0.0, 0.5, 1.0, 2.5, 10.0, 50.0)
# Degrees of freedom: quantiles at PROBABILITIES, and tails beyond T, by scipy.special.stdtrit and stdtr.
TABLE = {
    1: (
        (0.324919696233, 3.07768353718, 12.7062047362, 63.6567411629, 3183.09875712),
        (0.5, 0.35241638235, 0.25, 0.121118941591, 0.0317255174306, 0.00636534910097),
    ),
    2: (
        (0.288675134595, 1.88561808316, 4.30265272975, 9.92484320092, 70.700071075),
        (0.5, 0.333333333333, 0.211324865405, 0.0648058601108, 0.00492622851166, 0.000199880079944),
    ),
    4: (
        (0.270722294708, 1.53320627406, 2.7764451052, 4.60409487135, 13.0336717209),
        (0.5, 0.321664981591, 0.18695048315, 0.033383272406, 0.000281001811358, 4.78722682848e-07),
    ),
    9: (
        (0.260955336474, 1.3830287384, 2.2621571628, 3.24983554159, 6.01013212908),
        (0.5, 0.314535649913, 0.171718198069, 0.0169309138415, 1.78911871596e-06, 1.28447645544e-12),
    ),
    30.5: (
        (0.255568163839, 1.30993131603, 2.04086944519, 2.7469670637, 4.22457587838),
        (0.5, 0.310331761957, 0.162589297218, 0.0090081229319, 1.91217813162e-11, 3.92958885481e-31),
    ),
    200: (
        (0.25368437919, 1.28579879399, 1.97189622363, 2.60063443619, 3.78912078875),
        (0.5, 0.308812376158, 0.159259423955, 0.00661158632085, 1.18874157221e-19, 2.71028773989e-115),
    ),
}


@pytest.mark.parametrize("freedom", TABLE)
def test_students_t_is_the_tables(freedom):
    quantiles, tails = TABLE[freedom]
    assert [t_quantile(freedom, probability) for probability in PROBABILITIES] == pytest.approx(quantiles, rel=1e-10)
    assert [t_tail(freedom, t) for t in T] == pytest.approx(tails, rel=1e-10)


def test_with_one_degree_of_freedom_it_is_cauchys():
    for t in np.linspace(0, 30, 50):
        assert t_tail(1, t) == pytest.approx(0.5 - math.atan(t) / math.pi, rel=1e-12)


def test_the_intervals_are_students():
    estimate = Estimate.of([1.0, 2.0, 4.0])
    assert estimate.mean_interval == pytest.approx(4.30265272975 * estimate.std / math.sqrt(3))
    assert estimate.prediction_interval == pytest.approx(estimate.mean_interval * 2)
    assert (estimate.minimum, estimate.maximum, estimate.number) == (1.0, 4.0, 3)


def test_the_p_values_are_scipys():
    first, second = Estimate.of([1.0, 2.0, 4.0, 4.5]), Estimate.of([3.0, 5.5, 6.0])
    assert p_value(first, second) == pytest.approx(0.18176718424, rel=1e-10)
    assert paired_p_value([0.3, -0.1, 0.4, 0.2]) == pytest.approx(0.161161847214, rel=1e-10)


def test_one_more_value_falls_into_its_interval_in_95_of_100_cases():
    random = np.random.default_rng(0)
    hits = 0
    for _ in range(4000):
        *found, one_more = random.normal(size=6).tolist()
        estimate = Estimate.of(found)
        hits += abs(one_more - estimate.mean) <= estimate.prediction_interval
    assert 0.94 < hits / 4000 < 0.96


def test_where_there_is_nothing_to_say():
    assert Estimate.of([0.5]).mean_interval is None
    assert Estimate.of([0.5]).prediction_interval is None
    assert p_value(Estimate.of([1.0]), Estimate.of([1.0, 2.0])) is None
    assert paired_p_value([0.1]) is None
    assert paired_p_value([0.1, 0.1]) is None
    assert p_value(Estimate.of([0.1, 0.1]), Estimate.of([0.1, 0.1])) is None
