"""The table of a comparison, and the order of pixels that is the same for all images."""

import dataclasses

import numpy as np
import pytest
from charts import error_bars, said, ticks

from lenet.analysis.lab.comparisons import draw, outcomes_of, permute_pixels, table
from lenet.analysis.lab.exercises import COMPARISONS
from lenet.analysis.lab.verdicts import Outcome

VARIATIONS = {
    "wild": Outcome(2, [], [], None, None, [0, 1]),
    "tame": Outcome(2, [[0.5, 0.9], [0.1, 0.1]], [1.0, 2.0], 61706, 10, [2]),
}
NUMBERS = {"variations": {name: dataclasses.asdict(outcome) for name, outcome in VARIATIONS.items()}}


def test_table_has_a_row_for_each_variation():
    made = table(COMPARISONS["kernel-size"], NUMBERS)
    rows = made.rows
    assert made.columns == [
        "variation",
        "test accuracy",
        "lowest … highest",
        "parameters",
        "seconds on one thread",
        "remarks",
    ]
    assert rows[0] == ["wild", "", "", "", "", "2 of 2 diverged"]
    assert rows[1] == [
        "tame",
        "0.5000 ± 5.0825",
        "0.1000 … 0.9000",
        "61,706",
        "1.5",
        "1 of 3 diverged, 1 of 3 at chance",
    ]
    assert outcomes_of(NUMBERS) == VARIATIONS


def test_chart_has_seeds_and_mean_curves():
    figure = draw("title", VARIATIONS)
    points, curves = figure.axes
    assert figure.get_suptitle() == "title"
    assert ticks(points.yaxis) == {0: "wild", 1: "tame"}
    assert points.yaxis_inverted()  # the first on top
    assert points.lines[1].get_xdata().tolist() == [0.9, 0.1]
    assert points.lines[1].get_ydata().tolist() == [1, 1]
    (errors,) = error_bars(points)
    assert errors.lines[0].get_xydata().tolist() == [[0.5, 1]]
    assert errors.has_xerr
    assert curves.lines[0].get_xydata() == pytest.approx(np.array([[1, 0.3], [2, 0.5]]))
    assert curves.collections[0].get_datalim(curves.transData).extents == pytest.approx([1, 0.1, 2, 0.9])
    assert said(points) == {"x": "test accuracy after the last epoch"}
    assert said(curves) == {"x": "epoch", "y": "test accuracy", "legend": ["tame"]}
    assert points.lines[1].get_color() == curves.lines[0].get_color()
    assert all(value == int(value) for value in curves.get_xticks())


def test_all_images_get_the_same_order_of_pixels(tiny):
    other = permute_pixels(tiny)
    for before, after in zip(tiny, other, strict=True):
        assert (before.labels == after.labels).all()
        assert (np.sort(before.images.reshape(len(before), -1)) == np.sort(after.images.reshape(len(after), -1))).all()
    positions = np.arange(784, dtype=np.int64)
    order = np.random.default_rng(0).permutation(positions)
    assert (other.train.images.reshape(-1, 784) == tiny.train.images.reshape(-1, 784)[:, order]).all()
    assert (order != positions).mean() > 0.99
    assert other.name == "toy-permuted"
    assert other.fingerprint != tiny.fingerprint
