"""The learning-rate range test: on curves whose points are known, and in a training."""

import json

import numpy as np
import pytest

from lenet.analysis.lab import rate_range
from lenet.analysis.lab.laboratory import perform, report
from lenet.analysis.lab.rate_range import HIGHEST_RATE, LOWEST_RATE, Curve, points, range_test, suggestion, table
from lenet.configuration import configure

RATES = np.geomspace(LOWEST_RATE, HIGHEST_RATE, 1000)


def curve_of(fastest=1e-3, diverging=0.1, noise=0.0):
    """A loss that falls from 2.3 by 1.8 around one rate, and rises by 100 around another."""
    powers = np.log10(RATES)
    losses = 2.3 - 1.8 / (1 + np.exp(-(powers - np.log10(fastest)) * 4))
    losses += 100 / (1 + np.exp(-(powers - np.log10(diverging)) * 20))
    return Curve(RATES, losses + noise * np.random.default_rng(0).normal(size=1000))


@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.parametrize(("fastest", "diverging"), [(1e-3, 0.1), (1e-4, 0.01), (0.03, 3.0)])
def test_the_points_of_a_known_curve(fastest, diverging, noise):
    found = points(curve_of(fastest, diverging, noise))
    assert found["steepest"] == pytest.approx(fastest, rel=0.35 if noise else 0.1)
    assert fastest < found["lowest"] < found["diverged"]
    assert 0.4 * diverging < found["diverged"] < 1.1 * diverging
    assert 0.4 < found["loss"] < 1


def test_a_loss_that_never_falls_has_no_points():
    found = points(Curve(RATES, np.full(1000, 2.3)))
    assert found == {"steepest": None, "lowest": None, "diverged": None, "loss": pytest.approx(2.3)}
    assert suggestion([found]) is None
    result = table({"points": [found], "own_rate": 0.9})
    assert [row[1:] for row in result.rows] == [["none", "", "0 of 1"]] * 3
    assert result.conclusions[0] == "At no rate does the network learn within one epoch; the recipe's own is 0.9."
    assert rate_range.draw([Curve(RATES, np.full(1000, 2.3))], {"points": [found]}).axes


def test_a_loss_that_is_not_finite_diverges_there():
    whole = curve_of(diverging=1e9)
    assert points(whole)["diverged"] is None
    assert points(Curve(RATES, whole.losses[:700]))["diverged"] == RATES[700]
    assert points(Curve(RATES, np.empty(0))) == {"steepest": None, "lowest": None, "diverged": RATES[0], "loss": None}


def test_one_loss_of_a_million_is_not_smeared_over_its_neighbours():
    losses = np.full(1000, 2.3)
    losses[500] = 1e6
    smoothed = Curve(RATES, losses).smoothed
    assert smoothed.max() < 2.3 * 1.05
    assert smoothed[[0, -1]].tolist() == pytest.approx([2.3, 2.3])


def test_the_suggestion_is_the_median_of_the_seeds_that_learned():
    found = [{"lowest": rate} for rate in (0.1, None, 0.3, 0.2)]
    assert suggestion(found) == pytest.approx(0.02)


@pytest.mark.parametrize("engine", ["cpu", pytest.param("reference", marks=pytest.mark.torch)])
def test_the_rate_rises_until_the_loss_is_not_finite(tiny, engine):
    config = configure("book-sgd", batch_size=20, engine=engine, device="cpu", activation="relu")
    curve = range_test(config, tiny)
    assert len(curve.rates) == 50
    assert curve.rates[[0, -1]].tolist() == pytest.approx([LOWEST_RATE, HIGHEST_RATE])
    assert 0 < len(curve.losses) <= 50
    assert np.isfinite(curve.losses).all()
    assert curve.losses[0] == pytest.approx(np.log(10), rel=0.2)
    again = range_test(config, tiny)
    assert np.array_equal(curve.losses, again.losses)


def test_the_experiment_suggests_a_rate_near_the_recipes(real_data, tmp_path):
    result, figure = perform("rate-range", seeds=2, data_dir=str(real_data), folder=tmp_path, progress="quiet")
    assert report(json.loads(json.dumps(result.numbers))) == result
    assert result.setting.startswith(
        "Recipe `fast` on fashion-mnist, 1 epoch, seeds 0 to 1, except for what is varied. The"
    )
    assert 0.004 / 5 < suggestion(result.numbers["points"]) < 0.004 * 5
    assert [row[3] for row in result.table.rows] == ["2 of 2"] * 3
    assert figure.axes
