"""Verdicts on published figures, the table in docs/reproduction.md, and a short run of `reproduce`."""

import json
from pathlib import Path

import pytest
from charts import said
from hypothesis import given
from hypothesis import strategies as st

from lenet.analysis import reproduction
from lenet.analysis.reproduction import PUBLISHED, QUANTITIES, reproduce, verdict

DOCS = Path(__file__).parents[2] / "docs"


def test_verdicts():
    seeds = [0.80, 0.81, 0.82, 0.81, 0.80]
    assert verdict(0.812, seeds) == (True, "reproduced: 4 of 5 seeds are lower")
    assert verdict(0.825, seeds) == (True, "inside the interval, but above all 5 seeds")
    inside, words = verdict(0.741, seeds)
    assert inside is False
    assert words == "not reproduced: 8.0 std from the mean, below all 5 seeds"
    assert verdict(0.8, [0.8]) == (None, "1 seed is too few to tell")
    assert verdict(0.8, seeds[:4]) == (None, "4 seeds are too few to tell")
    assert verdict(0.7, [0.8] * 5) == (
        False,
        "not reproduced: inf std from the mean, below all 5 seeds",
    )


@given(st.lists(st.floats(0, 1).map(lambda x: round(x, 3)), min_size=5, max_size=9), st.floats(-1, 2))
def test_verdict_is_monotonic(seeds, figure):
    mean = sum(seeds) / len(seeds)
    nearer = mean + (figure - mean) / 2
    assert verdict(nearer, seeds)[0] or not verdict(figure, seeds)[0]


def test_docs_have_the_table_of_the_numbers():
    numbers = json.loads((DOCS / "reproduction.json").read_text(encoding="utf-8"))
    assert reproduction.report(numbers).markdown() == (DOCS / "reproduction.md").read_text(encoding="utf-8")
    assert (DOCS / "reproduction.png").is_file()
    assert numbers["seeds"] >= 5
    for recipe, found in numbers["recipes"].items():
        assert {len(found[name]) for name in QUANTITIES} == {numbers["seeds"]}, recipe


def test_two_seeds(real_data, tmp_path, monkeypatch):
    """One epoch of each recipe, compared with what was published after one."""
    short = [published for published in PUBLISHED if published.epoch == 1] + [PUBLISHED[3]]
    monkeypatch.setattr(reproduction, "PUBLISHED", short)
    monkeypatch.setattr(reproduction, "RECIPES", ("book-adam", "book-sgd"))
    configure = reproduction.configure
    monkeypatch.setattr(reproduction, "configure", lambda name, **given: configure(name, epochs=1, **given))
    report, figure = reproduce(seeds=2, folder=tmp_path, data_dir=str(real_data), progress="quiet")
    row = report.table.rows[0]
    assert row[:4] == ["the book's Chinese PyTorch port", "book-adam", "test accuracy, epoch 1", "0.584"]
    assert 0.5 < float(row[4].split(" ± ")[0]) < 0.65
    assert row[7:] == ["", "2 seeds are too few to tell"]
    speed = report.table.rows[1]
    assert speed[2] == "images/s in the steps"
    assert speed[3] == "103,100"
    assert ("times as fast" in speed[8]) != ("of the speed" in speed[8])
    assert figure.axes[0].get_title() == "book-adam: test accuracy"
    assert len(figure.axes[0].lines) == 4  # two seeds, their mean, and the cross
    assert json.dumps(report.numbers)


def test_single_seed_has_no_interval(tmp_path):
    found = {name: [[0.5] * 10] for name in QUANTITIES} | {"epochs": 10, "images_per_second": [1e6], "device": "here"}
    report = reproduction.report({"seeds": 1, "recipes": {"book-sgd": found, "book-adam": found}})
    assert {row[6] for row in report.table.rows} == {""}
    assert {row[7] for row in report.table.rows} == {""}


def test_the_chart_has_every_seed_the_mean_and_the_published_figures():
    numbers = json.loads((DOCS / "reproduction.json").read_text(encoding="utf-8"))
    axes = iter(reproduction.draw(numbers).axes)
    for name, recipe in numbers["recipes"].items():
        for quantity, title in QUANTITIES.items():
            chart, curves = next(axes), recipe[quantity]
            epochs = list(range(1, recipe["epochs"] + 1))
            crosses = [
                (each.epoch, each.figure) for each in PUBLISHED if (each.recipe, each.quantity) == (name, quantity)
            ]
            legend = [f"mean of {len(curves)} seeds", *(["published"] if crosses else [])]
            assert said(chart) == {"title": f"{name}: {title}", "x": "epoch", "legend": legend}
            *seeds, mean = chart.lines[: len(curves) + 1]
            assert [line.get_ydata().tolist() for line in seeds] == curves
            assert all(line.get_xdata().tolist() == epochs for line in (*seeds, mean))
            assert mean.get_ydata() == pytest.approx([sum(each) / len(curves) for each in zip(*curves, strict=True)])
            drawn = [[tuple(point) for point in line.get_xydata()] for line in chart.lines[len(curves) + 1 :]]
            assert drawn == ([crosses] if crosses else [])
            assert all(value == int(value) for value in chart.get_xticks())
    assert next(axes, None) is None


@pytest.mark.parametrize("published", PUBLISHED)
def test_published_epochs_exist(published):
    config = reproduction.configure(published.recipe)
    assert 1 <= published.epoch <= config.epochs
    assert published.quantity in (*QUANTITIES, reproduction.SPEED)
