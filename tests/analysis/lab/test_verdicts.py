"""Two variations in words."""

from lenet.analysis.lab.verdicts import Outcome, verdict


def outcome(*accuracies, diverged=()):
    return Outcome(2, [[0.1, each] for each in accuracies], [1.0] * len(accuracies), 10, 10, list(diverged))


def compared(one, first, other, second, **options):
    return verdict({one: first, other: second}, (one, other), **options)


def test_better_and_worse():
    assert compared("a", outcome(0.80, 0.81), "b", outcome(0.90, 0.91)) == "b is better than a by 0.1000 (p = 0.005)"
    assert compared("b", outcome(0.90, 0.91), "a", outcome(0.80, 0.81)) == "a is worse than b by 0.1000 (p = 0.005)"
    unclear = compared("a", outcome(0.80, 0.82), "b", outcome(0.81, 0.83))
    assert unclear == "b against a: +0.0100, not significant (p = 0.553)"
    assert compared("a", outcome(0.8), "b", outcome(0.8, 0.9)) == "b against a: +0.0500, too few seeds to tell"


def test_failures_come_first():
    assert compared("a", outcome(), "b", outcome(0.8, 0.9)) is None
    assert compared("a", outcome(diverged=(0, 1)), "b", outcome(0.8, 0.9)) == "a: 2 of 2 diverged"
    words = compared("a", outcome(0.80, 0.81), "b", outcome(0.90, 0.91, 0.1, diverged=(1, 3)))
    assert (
        words
        == "b: 2 of 5 diverged, 1 of 5 at chance; of the seeds that learned, b is better than a by 0.1000 (p = 0.005)"
    )
    assert compared("a", outcome(0.1, 0.1), "b", outcome(0.8, 0.9)) == "a: 2 of 2 at chance"


def test_nested_runs_are_compared_by_seed():
    first, second = outcome(0.70, 0.75, 0.80), outcome(0.711, 0.760, 0.812)
    assert "not significant" in compared("10", first, "20", second)
    assert compared("10", first, "20", second, nested=True) == "20 is better than 10 by 0.0110 (p = 0.003)"


def test_seeds_that_learned():
    assert outcome(0.9, 0.1, 0.8, diverged=(1,)).learned == {0: 0.9, 3: 0.8}
    assert Outcome(2, [], [], None, None, [0, 1]).learned == {}
