"""Paired comparisons and Holm's correction."""

import itertools
import random

import pytest

from lenet.analysis.statistics import paired_p_value
from lenet.sweeps.compare import compare, holm, p_text


def test_holm():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])  # R: p.adjust(…, "holm")
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.01], number=6) == pytest.approx([0.06])
    assert holm([]) == []


def test_holm_never_reverses_an_order():
    values = [random.Random(seed).random() ** 3 for seed in range(50)]
    corrected = [p for _, p in sorted(zip(values, holm(values), strict=True))]
    assert all(one <= other for one, other in itertools.pairwise(corrected))


def test_runs_of_the_same_seed_are_compared():
    accuracy = {"a": {0: 0.80, 1: 0.85, 2: 0.90}, "b": {0: 0.81, 1: 0.87, 2: 0.91}, "c": {1: 0.85}, "d": {}}
    b, c, d = compare(accuracy, "a", chosen=False)
    assert (b.variation, b.reference, b.pairs) == ("b", "a", 3)
    assert b.difference == pytest.approx(0.04 / 3)
    assert b.p_value == pytest.approx(paired_p_value([0.01, 0.02, 0.01]))
    assert b.corrected == b.p_value  # the only one that can be tested
    assert (c.pairs, c.difference, c.interval, c.p_value, c.corrected) == (1, 0.0, None, None, None)
    assert (d.pairs, d.difference, d.is_significant) == (0, None, False)


def test_a_reference_chosen_by_the_same_numbers_costs_all_pairs():
    accuracy = {name: {seed: 0.8 + shift + 0.001 * seed * (shift + 1) for seed in range(4)} for name, shift in
                {"a": 0.0, "b": 0.01, "c": 0.02}.items()}  # fmt: skip
    chosen = compare(accuracy, "c", chosen=True)
    given = compare(accuracy, "c", chosen=False)
    assert [each.p_value for each in chosen] == [each.p_value for each in given]
    assert all(one.corrected >= other.corrected for one, other in zip(chosen, given, strict=True))
    assert min(one.corrected for one in chosen) == pytest.approx(3 * min(one.p_value for one in chosen))


def test_words():
    clear = compare({"a": {0: 0.8, 1: 0.81, 2: 0.82}, "b": {0: 0.7, 1: 0.711, 2: 0.7195}}, "a", chosen=False)[0]
    assert str(clear).startswith("b is worse than a by 0.0998 (corrected p < 0.001")
    assert clear.is_significant
    assert [p_text(p) for p in (None, 0.0002, 0.04)] == ["", "< 0.001", "0.040"]
