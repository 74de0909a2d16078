"""Run directories that lenet 0.1.0 wrote while it still computed with PyTorch: they open, and can be resumed.

Of each recipe one run is finished and one was stopped; `earlier_version/` holds them without charts.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import lenet
from lenet.analysis.plots import differences
from lenet.data.loading import load
from lenet.runs.run import find_runs

RUNS = Path(__file__).parent / "earlier_version"


@pytest.fixture
def opened(tmp_path):
    """Copies of the runs, which may be written to."""
    return Path(shutil.copytree(RUNS, tmp_path / "runs"))


@pytest.mark.parametrize("name", ["fast", "book-sgd"])
def test_a_finished_run_is_evaluated_as_it_was(opened, name):
    run = lenet.load(opened / name)
    summary = json.loads((RUNS / name / "summary.json").read_text())
    assert run.test_accuracy == summary["test_accuracy"]
    result = lenet.evaluate(run)
    assert result.accuracy == pytest.approx(summary["test_accuracy"], abs=2e-4)  # another processor may round otherwise
    assert result.loss == pytest.approx(summary["test_loss"], rel=1e-4)
    image = load("digits").test.images[0]
    prediction = lenet.predict(run, image)
    assert prediction.label == run.network.predictions(prediction.seen[None])[0]
    assert run.environment.torch == "2.13.0+cpu"
    assert [point.epoch for point in run.epochs] == [1, 2]


@pytest.mark.parametrize("name", ["fast", "book-sgd"])
def test_a_stopped_run_is_resumed_to_the_end_it_would_have_had(opened, name, capsys):
    resumed = lenet.resume(opened / f"{name}-stopped", progress="quiet")
    whole = lenet.load(opened / name)
    assert "damaged" not in capsys.readouterr().err
    np.testing.assert_allclose(resumed.network.network.weights, whole.network.network.weights, rtol=1e-3, atol=1e-4)
    assert [point.step for point in resumed.epochs] == [point.step for point in whole.epochs]
    assert resumed.test_accuracy == pytest.approx(whole.test_accuracy, abs=1e-3)


def test_they_are_listed_and_can_be_compared(opened):
    runs, faults = find_runs(opened)
    assert [run.path.name for run in runs] == ["book-sgd", "book-sgd-stopped", "fast", "fast-stopped"]
    assert faults == []
    finished = [run for run in runs if run.is_finished]
    assert {"learning_rate", "momentum"} <= set(differences(finished))
