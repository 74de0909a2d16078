"""What the doctor finds in real trainings: recorded once, shown, the same after a resume, and what ends a training."""

import dataclasses
import io
import json
import math
import re
import subprocess
import sys

import numpy as np
import pytest
from trainings import StopAfter, checkpoint_step, newest_checkpoint, without_times

import lenet
from lenet.data.dataset import Splits
from lenet.display.plain import Lines, Quiet
from lenet.errors import TrainingError
from lenet.runs.points import ChunkPoint, EpochPoint
from lenet.training.diagnosis import Findings

GUESSING = {"recipe": "book-sgd", "init": "default", "learning_rate": 0.01}


def train(data, folder, **settings):
    settings = {"epochs": 2, "batch_size": 50, "progress": Quiet(io.StringIO())} | settings
    return lenet.train(data, out=folder / "run", **{"recipe": "fast"} | settings)


def names(run):
    return [finding.name for finding in run.findings]


def test_a_training_that_is_well_has_no_findings(tiny_run):
    assert tiny_run.findings == []
    assert {type(point) for point in tiny_run.metrics} == {ChunkPoint, EpochPoint}


def test_a_network_that_guesses_is_named_once_in_its_first_epoch(tiny, tmp_path):
    run = train(tiny, tmp_path, epochs=3, **GUESSING)
    assert names(run) == ["chance-level"]
    (finding,) = run.findings
    assert (finding.epoch, finding.step) == (1, 20)
    assert finding.evidence["epochs simulated"] == 2
    assert finding.evidence["loss at chance"] == pytest.approx(math.log(10))
    assert "--init xavier-uniform" in finding.remedy
    lines = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if line["kind"] == "finding"] == [20]
    assert lenet.load(run.path).findings == run.findings


def test_a_network_that_guesses_now_and_learns_later_is_not_named(tiny, tmp_path):
    run = train(tiny, tmp_path, recipe="book-sgd", activation="relu", learning_rate=0.05, epochs=16)
    assert run.epochs[0].test_accuracy < 0.2
    assert run.epochs[0].train_loss > 2.25
    assert run.test_accuracy > 0.3
    assert "chance-level" not in names(run)


def test_at_the_end_a_network_that_guesses_is_named_without_a_simulation(tiny, tmp_path):
    run = train(tiny, tmp_path, recipe="book-sgd", epochs=1)
    assert names(run) == ["chance-level"]
    assert "simulation" not in run.findings[0].message


def test_few_steps_are_the_cause_and_more_of_them_help(real_data, tmp_path):
    mnist = lenet.data.load("mnist", str(real_data))
    some = Splits(mnist.train.sample(2048), mnist.test.sample(1000), "a part of MNIST")
    settings = {"recipe": "book-sgd", "activation": "relu", "learning_rate": 0.1, "batch_size": 256}
    (finding,) = train(some, tmp_path, epochs=1, **settings).findings
    assert finding.name == "chance-level"
    assert "too few steps: 8, in 1 epoch of batches of 256 images; use more epochs (--epochs): a sim" in finding.remedy
    assert train(some, tmp_path / "more", epochs=10, **settings).test_accuracy > 0.5


def test_a_training_that_ends_too_early_is_told_when_it_would_have_left(real_data, tmp_path):
    settings = {"recipe": "book-sgd", "seed": 1, "batch_size": 256, "data_dir": str(real_data)}
    run = train("fashion-mnist", tmp_path / "short", epochs=1, **settings)
    assert names(run) == ["chance-level"]
    foreseen = re.search(
        r"a simulation escapes the plateau in epoch (1\.\d), or a smaller batch", run.findings[0].remedy
    )
    assert foreseen
    assert "simulation" not in run.findings[0].message
    longer = train("fashion-mnist", tmp_path / "long", epochs=2, **settings)
    left = next(p.epoch for p in longer.metrics if p.kind == "chunk" and p.train_loss < 2.2)
    assert float(foreseen[1]) == pytest.approx(left, abs=0.5)


def test_running_statistics_that_lag_are_no_gap_between_training_and_test_images(tiny, tmp_path):
    """Ten steps: accurate with the statistics of each batch, not yet with the running ones, on any images."""
    run = train(tiny, tmp_path, recipe="tiny", augment="none", batch_size=200)
    assert run.epochs[-1].train_accuracy - run.test_accuracy > 0.5
    assert names(run) == ["running-statistics"]
    assert "few steps, 10; use more epochs" in run.findings[0].remedy


def test_labels_learned_by_heart_are_apart(tiny, tmp_path):
    few = tiny.train.subset(np.arange(100))
    random = dataclasses.replace(few, labels=np.random.default_rng(0).integers(0, 10, 100))
    run = train(Splits(random, tiny.test, "random"), tmp_path, model="mlp", padding=None, epochs=12, batch_size=10)
    (finding,) = (finding for finding in run.findings if finding.name == "train-test-apart")
    assert finding.evidence["accuracy on training images after the epoch"] > finding.evidence["test accuracy"] + 0.1


def test_faults_of_the_data_are_told_before_the_first_step(tiny, tmp_path):
    stream = io.StringIO()
    wrong = dataclasses.replace(tiny.train, labels=np.roll(tiny.train.labels, 1))
    run = train(Splits(wrong, tiny.test, "rolled"), tmp_path, epochs=1, progress=Lines(stream))
    assert run.findings[0].name == "labels-misaligned"
    assert run.findings[0].step == 0
    assert run.metrics[0] == run.findings[0]
    shown = stream.getvalue().splitlines()
    assert shown[3].startswith("FINDING  labels-misaligned: each label seems to belong to the image 1 before its own")
    assert shown[4].endswith("(before the first step)")
    assert shown[5].startswith("         remedy ")


@pytest.mark.parametrize("chunks", [5, 10, 15])
def test_a_resumed_run_has_the_findings_of_the_uninterrupted_one(tiny, tmp_path, chunks):
    """Of the data, of a chunk and of an epoch: none forgotten, none twice."""
    data = Splits(tiny.train, tiny.train, "the same")
    settings = {"learning_rate": 0.05, "epochs": 3, "seed": 1}
    whole = train(data, tmp_path / "whole", **settings)
    assert {"test-in-train", "loss-rising"} <= set(names(whole))
    with pytest.raises(lenet.Interrupted) as caught:
        train(data, tmp_path / "cut", progress=StopAfter(chunks), **settings)
    stream = io.StringIO()
    resumed = lenet.resume(caught.value.run, data=data, progress=Quiet(stream))
    assert resumed.findings == whole.findings
    assert [without_times(point) for point in resumed.metrics] == [without_times(point) for point in whole.metrics]
    assert "test-in-train" not in stream.getvalue()


def test_findings_do_not_change_what_is_trained(tiny, tmp_path, monkeypatch):
    looked_after = train(tiny, tmp_path / "one", epochs=2, **GUESSING)
    monkeypatch.setattr(Findings, "report", lambda *arguments: [])
    alone = train(tiny, tmp_path / "two", epochs=2, **GUESSING)
    assert (looked_after.path / "model.safetensors").read_bytes() == (alone.path / "model.safetensors").read_bytes()


def test_a_strict_training_ends_at_its_first_finding_and_can_be_resumed(tiny, tmp_path):
    with pytest.raises(TrainingError, match="accuracy is at chance level") as caught:
        train(tiny, tmp_path, strict=True, **GUESSING)
    assert "--init xavier-uniform" in caught.value.hint
    run = lenet.runs.run.Run(tmp_path / "run")
    assert names(run) == ["chance-level"]
    assert not run.is_finished
    assert newest_checkpoint(run).step == 20
    assert lenet.resume(run, data=tiny, progress="quiet").is_finished


def test_a_strict_training_on_faulty_data_ends_before_its_first_step(tiny, tmp_path):
    with pytest.raises(TrainingError, match="200 of the 200 test images"):
        train(Splits(tiny.test, tiny.test, "one set"), tmp_path, strict=True)
    assert checkpoint_step(tmp_path / "run") == 0


def test_a_strict_training_that_is_well_is_the_same_training(tiny, tiny_run, tmp_path):
    run = train(tiny, tmp_path, strict=True)
    assert (run.path / "model.safetensors").read_bytes() == (tiny_run.path / "model.safetensors").read_bytes()


@pytest.mark.torch
@pytest.mark.parametrize("engine", ["cpu", "reference"])
def test_a_loss_that_is_not_finite_keeps_the_last_good_weights(tiny, tmp_path, engine):
    settings = {"recipe": "book-sgd", "activation": "relu", "learning_rate": 8.0, "seed": 1, "engine": engine}
    with pytest.raises(TrainingError, match=r"the loss became (nan|inf) at step \d+, in epoch \d") as caught:
        train(tiny, tmp_path, **settings)
    run = lenet.runs.run.Run(tmp_path / "run")
    finding = run.findings[-1]
    assert finding.name == "loss-not-finite"
    assert finding.message in caught.value.message
    kept = newest_checkpoint(run)
    assert f"after step {kept.step}, " in caught.value.message
    assert 0 <= kept.step < finding.step
    assert all(np.isfinite(value).all() for value in kept.tensors.values())
    before = [without_times(point) for point in run.metrics]
    with pytest.raises(TrainingError, match=f"at step {finding.step}, "):
        lenet.resume(run, data=tiny, progress=Quiet(io.StringIO()))
    assert [without_times(point) for point in run.metrics] == before


def test_weights_that_only_the_evaluation_finds_bad_are_not_kept(tiny, tmp_path):
    settings = {"recipe": "book-sgd", "model": "mlp", "epochs": 1, "batch_size": 1000, "learning_rate": 1e25}
    with pytest.raises(TrainingError, match=r"the loss on the test set is (nan|inf) after epoch 1"):
        train(tiny, tmp_path, **settings)
    run = lenet.runs.run.Run(tmp_path / "run")
    assert newest_checkpoint(run).step == 0
    assert names(run) == ["loss-not-finite"]


def test_many_trainings_name_their_findings_in_their_lines(tiny, tmp_path, capsys):
    configs = [lenet.configure(epochs=1, batch_size=50, seed=1), lenet.configure(**GUESSING, epochs=1, batch_size=50)]
    lenet.train_many(configs, data=tiny, out=tmp_path / "loud", workers=1)
    well, guessing = capsys.readouterr().err.splitlines()
    assert "FINDINGS" not in well
    assert guessing.endswith("FINDINGS  chance-level")
    lenet.train_many(configs, data=tiny, out=tmp_path / "quiet", workers=1, progress="quiet")
    assert capsys.readouterr().err.splitlines()[0].endswith("FINDINGS  chance-level")


@pytest.mark.process
def test_the_command_line_shows_findings_and_ends_a_strict_training_with_2(tmp_path):
    command = [sys.executable, "-m", "lenet", "train", "--data", "digits", "--validation", "59000", "--epochs", "1"]
    command += ["--recipe", "book-sgd", "--init", "default", "--learning-rate", "0.01", "--out"]
    done = subprocess.run([*command, "one"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "FINDING  chance-level: accuracy is at chance level" in done.stdout
    done = subprocess.run([*command, "two", "--strict", "--quiet"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "error: accuracy is at chance level (--strict; all is saved in two)" in done.stderr
    assert "hint: the usual cause is saturated sigmoids" in done.stderr


@pytest.mark.parametrize(
    ("epochs", "batch_size", "examined"),
    [
        (4, 50, [1, 2, 3, 4]),
        (20, 50, list(range(1, 21))),
        (30, 50, [7, 14, 21, 28, 30]),
        (25, 10, list(range(1, 26))),
    ],
)
def test_of_many_short_epochs_some_are_examined(tiny, tmp_path, monkeypatch, epochs, batch_size, examined):
    seen = []
    real = Findings._observe

    def observe(self, point, predicted, is_last):
        seen.append(point.epoch)
        return real(self, point, predicted, is_last)

    monkeypatch.setattr(Findings, "_observe", observe)
    few = Splits(tiny.train.subset(np.arange(600)), tiny.test, "made up")
    train(few, tmp_path, model="softmax", epochs=epochs, batch_size=batch_size, padding=None, activation=None)
    assert seen == examined
