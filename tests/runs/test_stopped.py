"""Runs that have not finished: their network is that of the newest checkpoint, and users are told."""

import shutil

import numpy as np
import pytest
from PIL import Image
from trainings import StopAfter, newest_checkpoint, train_toy

import lenet
from lenet.analysis import plots
from lenet.errors import RunError, RunWarning


@pytest.fixture
def stopped(tiny, tmp_path):
    def stop(chunks=14, **settings):
        with pytest.raises(lenet.Interrupted) as caught:
            train_toy(tiny, tmp_path, progress=StopAfter(chunks), **settings)
        return caught.value.run

    return stop


def test_prediction_and_evaluation_take_the_newest_checkpoint(tiny, tmp_path, stopped):
    run = stopped()
    step = newest_checkpoint(run).step
    notice = rf"the run {run.path} has not finished: .* after step {step}, in epoch 2 of 2; lenet train --resume"
    with pytest.warns(RunWarning, match=notice):
        opened = lenet.load(run.path)
    assert opened.network.weights["conv.0.weight"].any()
    assert (opened.network.weights["conv.0.weight"] == newest_checkpoint(run).tensors["model.conv.0.weight"]).all()
    with pytest.warns(RunWarning, match=notice):
        result = lenet.evaluate(run.path, tiny)
    assert 0.2 < result.accuracy <= 1
    Image.fromarray(tiny.test.images[0]).save(tmp_path / "a.png")
    with pytest.warns(RunWarning, match=notice):
        assert lenet.predict(run, tmp_path / "a.png").label in tiny.test.classes
    assert lenet.predict(opened, tmp_path / "a.png").label in tiny.test.classes  # warned of before
    with pytest.raises(RunError, match="incomplete"):
        _ = opened.test_accuracy


@pytest.mark.parametrize(
    ("settings", "form"),
    [({"ema": 0.9}, "optimizer.{}.average"), ({"validation": 60, "keep": "best", "ema": 0.9}, "best.{}")],
)
def test_the_weights_are_those_that_the_run_would_have_saved(stopped, settings, form):
    run = stopped(**settings)
    tensors = newest_checkpoint(run).tensors
    with pytest.warns(RunWarning):
        network = lenet.load(run.path).network
    for name, weights in network.weights.items():
        np.testing.assert_array_equal(weights, tensors[form.format(name)])


def test_a_run_without_a_checkpoint_says_so(stopped):
    run = stopped()
    shutil.rmtree(run.path / "checkpoints")
    with pytest.raises(RunError, match=r"is incomplete: it has no .* and no whole checkpoint") as caught:
        lenet.load(run.path)
    assert caught.value.hint == f"lenet train --resume {run.path}"


def test_a_checkpoint_of_another_training_is_refused(stopped, tiny, tmp_path):
    run = stopped()
    other = lenet.train(tiny, recipe="book-adam", epochs=1, batch_size=500, out=tmp_path / "other", progress="quiet")
    shutil.rmtree(run.path / "checkpoints")
    shutil.copytree(other.path / "checkpoints", run.path / "checkpoints")
    with pytest.raises(RunError, match=r"belongs to another training|is damaged"):
        lenet.load(run.path)


def test_a_run_that_goes_on_can_be_compared_with_a_finished_one(tiny_run, tmp_path, stopped):
    with pytest.warns(RunWarning):
        runs = [lenet.load(tiny_run.path), lenet.load(stopped().path)]
    assert plots.save_comparison(runs, tmp_path / "compare.png").is_file()
