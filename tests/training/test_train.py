import dataclasses
import errno
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from toys import chunk
from trainings import StopAfter, newest_checkpoint, same, without_times

import lenet
from lenet.config import configure
from lenet.data.dataset import Splits
from lenet.display.progress import Quiet
from lenet.doctor import plateau
from lenet.engines.threads import num_threads
from lenet.errors import ConfigError, DataError, EngineError, RunError, SaveError, TrainingError
from lenet.files import durable
from lenet.metrics import loss_and_accuracy
from lenet.networks import build
from lenet.networks.initialization import initialized
from lenet.pytorch.reference import ReferenceEngine
from lenet.runs.recorder import Recorder
from lenet.training import train as training
from lenet.training.interrupts import ONE_ACT


def train(tiny, folder, **settings):
    settings = {"epochs": 2, "batch_size": 50, "progress": "quiet"} | settings
    return lenet.train(tiny, out=folder / "run", **settings)


@pytest.mark.chart
def test_a_network_learns_and_leaves_a_whole_run(tiny, tmp_path):
    run = train(tiny, tmp_path)
    names = {path.name for path in run.path.iterdir()}
    assert names == {
        "config.json",
        "environment.json",
        "metrics.jsonl",
        "curve.svg",
        "curve.png",
        "model.safetensors",
        "checkpoints",
        "summary.json",
    }
    assert run.test_accuracy > 0.9
    summary = run.summary
    assert {
        "test_accuracy",
        "train_accuracy",
        "test_loss",
        "images_per_second",
        "images_per_second_end_to_end",
        "seconds",
        "parameters",
        "engine",
        "data",
        "run",
    } <= set(summary.to_dict())
    assert summary.images_per_second_end_to_end == pytest.approx(2 * len(tiny.train) / summary.seconds)
    assert summary.images_per_second == pytest.approx(2 * len(tiny.train) / summary.steps_seconds)
    assert summary.steps_seconds < summary.seconds
    assert summary.parameters == 61_706
    assert run.environment.data_fingerprint == tiny.fingerprint
    assert run.environment.threads == num_threads(None)
    assert run.resolved.engine_reason.startswith("auto")


def test_the_reported_numbers_are_those_of_the_saved_network(tiny, tmp_path):
    run = train(tiny, tmp_path)
    images = torch.from_numpy(tiny.test.images).float()[:, None] / 255
    with torch.no_grad():
        logits = run.model((images - run.preprocessing.mean) / run.preprocessing.std)
    labels = torch.from_numpy(tiny.test.labels)
    assert run.test_accuracy == (logits.argmax(1) == labels).float().mean().item()
    assert run.summary.test_loss == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)
    assert run.summary.test_accuracy == run.epochs[-1].test_accuracy


def test_the_training_numbers_of_an_epoch_are_its_own(tiny, tmp_path):
    """With a rate of almost nothing every epoch has the same loss: nothing of one leaks into the next."""
    run = train(tiny, tmp_path, epochs=3, recipe="book-sgd", learning_rate=1e-12)
    losses = [point.train_loss for point in run.epochs]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-6)
    model = run.resolved.model
    initial = initialized(build(model.name, **model.arguments), run.config.init, run.config.seed)
    logits = ReferenceEngine(initial, None, run.config, run.preprocessing).logits(tiny.train.images)
    loss, accuracy = loss_and_accuracy(logits, tiny.train.labels)
    assert losses[0] == pytest.approx(loss, rel=1e-5)
    assert run.epochs[2].train_accuracy == accuracy


def test_an_epoch_is_the_mean_of_its_chunks_by_picture(tiny, tmp_path):
    run = train(tiny, tmp_path, epochs=1, batch_size=70)
    chunks = run.chunks
    steps = [0, *(point.step for point in chunks)]
    images = [min(stop * 70, len(tiny.train)) - start * 70 for start, stop in itertools.pairwise(steps)]
    assert sum(images) == len(tiny.train)
    mean = np.dot([point.train_loss for point in chunks], images) / sum(images)
    assert run.epochs[0].train_loss == pytest.approx(mean)


def test_evaluation_happens_once_an_epoch(tiny, tmp_path, monkeypatch):
    calls = []
    logits = ReferenceEngine.logits
    monkeypatch.setattr(
        ReferenceEngine, "logits", lambda self, images: calls.append(len(images)) or logits(self, images)
    )
    train(tiny, tmp_path, epochs=3, engine="reference")
    assert calls == [len(tiny.test)] * 3


def test_validation_pictures_are_measured_and_never_trained_on(tiny, tmp_path):
    run = train(tiny, tmp_path, validation=100, epochs=1)
    assert run.resolved.num_train == len(tiny.train) - 100
    assert run.epochs[0].validation_accuracy == run.summary.validation_accuracy
    assert run.metrics[-1].step == -(-(len(tiny.train) - 100) // 50)
    with pytest.raises(ConfigError, match=f"validation is {len(tiny.train):,}"):
        train(tiny, tmp_path, validation=len(tiny.train))


def test_the_test_set_chooses_nothing(tiny, tmp_path):
    """Other test pictures, the same weights."""
    upside_down = dataclasses.replace(tiny.test, images=tiny.test.images[:, ::-1].copy())
    one = train(tiny, tmp_path / "one")
    two = train(Splits(tiny.train, upside_down, "turned"), tmp_path / "two")
    assert one.test_accuracy != two.test_accuracy
    assert np.array_equal(one.network.network.weights, two.network.network.weights)


@pytest.mark.parametrize(
    "settings",
    [
        {"recipe": "book-sgd", "learning_rate": 0.1, "momentum": 0.9},
        {"recipe": "book-adam"},
        {"flip": True, "shift": 2, "validation": 60, "label_smoothing": 0.1},
    ],
)
@pytest.mark.parametrize("chunks", [1, 10, 14])
def test_ctrl_c_saves_and_the_resumed_run_is_the_uninterrupted_one(tiny, tmp_path, capsys, settings, chunks):
    whole = train(tiny, tmp_path / "whole", **settings)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(lenet.Interrupted, match="lenet train --resume") as caught:
        train(tiny, tmp_path / "cut", progress=StopAfter(chunks), **settings)
    assert signal.getsignal(signal.SIGINT) is before
    run = caught.value.run
    assert not run.is_finished
    with pytest.raises(RunError, match="incomplete"):
        lenet.load(run.path)
    resumed = lenet.resume(run.path, data=tiny, progress="quiet")
    assert same(resumed, whole)


def test_what_was_written_after_the_checkpoint_is_written_again(tiny, tmp_path):
    """A run killed between two checkpoints leaves points of the chart that its checkpoint does not know."""
    with pytest.raises(lenet.Interrupted) as caught:
        train(tiny, tmp_path, progress=StopAfter(3))
    run = caught.value.run
    step = newest_checkpoint(run).step
    Recorder.open(run).log(chunk(step + 1, train_loss=9.0))
    resumed = lenet.resume(run, data=tiny, progress="quiet")
    steps = [point.step for point in resumed.chunks]
    assert steps == sorted(set(steps))
    assert 9 not in [point.train_loss for point in resumed.chunks]


class Killed(BaseException):
    """What ends a training like SIGKILL: nothing is saved after it."""


@pytest.mark.parametrize(("engine", "every"), [("cpu", "3"), ("cpu", "0.000001s"), ("cpu", None), ("reference", "7")])
def test_a_run_killed_in_any_save_is_resumed_to_the_same_bits(tiny, tmp_path, monkeypatch, engine, every):
    """Checkpoints within chunks change no number, and wherever the training dies, the rest is what it would have been."""
    settings = {"engine": engine, "flip": True, "validation": 60}
    whole = train(tiny, tmp_path / "whole", **settings)
    real = Recorder.checkpoint
    for survived in (0, 1):
        saves = itertools.count()

        def dying(self, *arguments, saves=saves, survived=survived):
            if next(saves) == survived:
                raise Killed
            real(self, *arguments)

        folder = tmp_path / str(survived)
        with monkeypatch.context() as patched:
            patched.setattr(Recorder, "checkpoint", dying)
            with pytest.raises(Killed):
                train(tiny, folder, checkpoint_every=every, **settings)
        assert same(lenet.resume(folder / "run", data=tiny, progress="quiet"), whole)


def test_checkpoints_lie_where_they_are_asked_for(tiny, tmp_path, monkeypatch):
    steps, real = [], Recorder.checkpoint
    monkeypatch.setattr(Recorder, "checkpoint", lambda self, step, *rest: steps.append(step) or real(self, step, *rest))
    train(tiny, tmp_path, checkpoint_every="7")
    assert steps == [7, 14, 20, 21, 28, 35, 40]


@pytest.mark.parametrize(
    ("share", "every", "expected"),
    [(1e-9, None, [20, 80]), (1e-9, "1000", [20, 40, 60, 80]), (1e9, None, [20, 40, 60, 80])],
)
def test_an_epoch_is_saved_if_that_takes_little_of_the_time(tiny, tmp_path, monkeypatch, share, every, expected):
    """The first, whose cost is not known, and the last always, and all where that was asked for."""
    steps, real = [], Recorder.checkpoint
    monkeypatch.setattr(Recorder, "checkpoint", lambda self, step, *rest: steps.append(step) or real(self, step, *rest))
    monkeypatch.setattr(training, "SAVING_SHARE", share)
    train(tiny, tmp_path, epochs=4, checkpoint_every=every)
    assert steps == expected


def test_a_finished_run_goes_on_to_more_epochs(tiny, tmp_path, capsys):
    settings = {"recipe": "book-sgd", "learning_rate": 0.1}
    longer = train(tiny, tmp_path / "longer", epochs=3, **settings)
    run = train(tiny, tmp_path / "shorter", epochs=1, **settings)
    with pytest.raises(RunError, match="is finished, after 1 epoch") as caught:
        lenet.resume(run, data=tiny, progress="quiet")
    assert caught.value.hint.startswith("--epochs 2 goes on with it")
    again = lenet.resume(run, data=tiny, epochs=3, progress="quiet")
    assert (again.path / "model.safetensors").read_bytes() == (longer.path / "model.safetensors").read_bytes()
    assert [without_times(p) for p in again.epochs] == [without_times(p) for p in longer.epochs]
    assert again.config.epochs == 3
    with pytest.raises(ConfigError, match=r"epochs is 2, but .* has begun 3"):
        lenet.resume(run, data=tiny, epochs=2, progress="quiet")
    assert lenet.load(run.path).is_finished
    cycle = train(tiny, tmp_path / "cycle", epochs=1)
    capsys.readouterr()
    lenet.resume(cycle, data=tiny, epochs=2, progress="quiet")
    assert "so far the learning rates were those of one-cycle over 1 epochs" in " ".join(
        capsys.readouterr().err.split()
    )


def test_differences_are_printed_before_the_first_step(tiny, tmp_path, capsys):
    with pytest.raises(lenet.Interrupted) as caught:
        train(tiny, tmp_path, progress=StopAfter(3))
    run = caught.value.run
    path = run.path / "environment.json"
    path.write_text(path.read_text().replace(f'"numpy": "{np.__version__}"', '"numpy": "1.0"'))
    capsys.readouterr()
    run = lenet.resume(run, data=tiny, progress="quiet")
    assert f"numpy 1.0 → {np.__version__}. The rest may differ" in " ".join(capsys.readouterr().err.split())
    resumed = run.environment.resumed
    assert [(one.step, one.changes) for one in resumed] == [(6, (f"numpy 1.0 → {np.__version__}",))]


def test_a_damaged_checkpoint_is_told_and_the_one_before_is_taken(tiny, tmp_path, capsys):
    whole = train(tiny, tmp_path / "whole")
    with pytest.raises(lenet.Interrupted) as caught:
        train(tiny, tmp_path, progress=StopAfter(13))
    run = caught.value.run
    (run.path / "checkpoints/step-000026.safetensors").write_bytes(b"nonsense")
    capsys.readouterr()
    assert same(lenet.resume(run, data=tiny, progress="quiet"), whole)
    said = " ".join(capsys.readouterr().err.split())
    assert "step-000026 is damaged: the tensors are not those that were written; it is passed over" in said
    for path in (run.path / "checkpoints").iterdir():
        path.write_bytes(b"{}")
    (run.path / "summary.json").unlink()
    assert same(lenet.resume(run, data=tiny, progress="quiet"), whole)
    assert "has no whole checkpoint; starting from the first step again" in " ".join(capsys.readouterr().err.split())


def test_a_finished_run_without_checkpoints_is_not_touched(tiny, tmp_path):
    run = train(tiny, tmp_path)
    shutil.rmtree(run.path / "checkpoints")
    before = {path: path.read_bytes() for path in run.path.iterdir()}
    with pytest.raises(RunError, match="is finished and has no whole checkpoint"):
        lenet.resume(run, data=tiny, epochs=3, progress="quiet")
    assert {path: path.read_bytes() for path in run.path.iterdir()} == before


def test_a_run_that_lost_its_points_in_the_end_is_finished_all_the_same(tiny, tmp_path, capsys):
    whole = train(tiny, tmp_path / "whole")
    run = train(tiny, tmp_path / "cut")
    (run.path / "summary.json").unlink()
    (run.path / "metrics.jsonl").write_bytes(b"")
    resumed = lenet.resume(run, data=tiny, progress="quiet")
    assert without_times(resumed.summary) == without_times(whole.summary)
    assert "metrics.jsonl is damaged" in " ".join(capsys.readouterr().err.split())


def test_a_signal_during_the_simulation_saves_the_epoch(tiny, tmp_path, monkeypatch, capsys):
    """A network at chance level, of which the doctor rehearses thousands of epochs."""
    settings = {"recipe": "book-sgd", "learning_rate": 0.001, "epochs": 8_000, "batch_size": 50}
    real = plateau.escape_epoch

    def signalled(*arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        return real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(plateau, "escape_epoch", signalled)
        with pytest.raises(lenet.Interrupted) as caught:
            train(tiny, tmp_path / "cut", **settings)
    run = caught.value.run
    checkpoint = newest_checkpoint(run)
    assert (caught.value.exit_code, checkpoint.step, checkpoint.progress["is_judged"]) == (143, 20, False)
    monkeypatch.setattr(plateau, "escape_epoch", lambda *_: None)  # judged now, and soon
    asked = lenet.resume(run, data=tiny, epochs=2, progress="quiet")
    whole = train(tiny, tmp_path / "whole", **settings | {"epochs": 2})
    assert [finding.name for finding in asked.findings] == [finding.name for finding in whole.findings]
    assert [without_times(p) for p in asked.epochs] == [without_times(p) for p in whole.epochs]


def test_a_resume_that_cannot_write_changes_nothing(tiny, tmp_path, monkeypatch):
    whole = train(tiny, tmp_path / "whole")
    with pytest.raises(lenet.Interrupted) as caught:
        train(tiny, tmp_path / "cut", progress=StopAfter(3))
    run, real = caught.value.run, os.open
    monkeypatch.setattr(durable, "RETRY_SECONDS", 0)

    def fail(path, flags, *rest):
        if flags & (os.O_WRONLY | os.O_RDWR) and str(run.path) in str(path):
            raise OSError(errno.EROFS, "read-only")
        return real(path, flags, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", fail)
        with pytest.raises(SaveError, match="the file system is read-only") as failed:
            lenet.resume(run, data=tiny, progress="quiet")
        with pytest.raises(RunError, match="nothing is in memory"):
            failed.value.save_to(tmp_path / "elsewhere")
    assert same(lenet.resume(run, data=tiny, progress="quiet"), whole)


def test_two_cannot_resume_one_run(tiny, tmp_path):
    with pytest.raises(lenet.Interrupted) as caught:
        train(tiny, tmp_path, progress=StopAfter(3))
    run = caught.value.run
    with durable.lock(run.path), pytest.raises(RunError, match="another process is training in"):
        lenet.resume(run, data=tiny, progress="quiet")
    assert lenet.resume(run, data=tiny, progress="quiet").is_finished


def full_after(monkeypatch, count):
    """The disk is full after so many files were synced."""
    left, real = itertools.count(), os.fsync

    def fail(file):
        if next(left) >= count:
            raise OSError(28, "No space left on device")
        real(file)

    monkeypatch.setattr(durable, "RETRY_SECONDS", 0)
    monkeypatch.setattr(os, "fsync", fail)


@pytest.mark.parametrize("count", [7, 12, 17, 22, 25])
def test_a_full_disk_loses_nothing(tiny, tmp_path, monkeypatch, count):
    """What was in memory is saved elsewhere, and the last checkpoint too leads to the same end."""
    whole = train(tiny, tmp_path / "whole")
    with monkeypatch.context() as patched:
        full_after(patched, count)
        with pytest.raises(SaveError, match="the disk is full") as caught:
            train(tiny, tmp_path / "full")
    saved = caught.value.save_to(tmp_path / "elsewhere")
    assert saved.path == tmp_path / "elsewhere/run"
    assert same(lenet.resume(saved, data=tiny, progress="quiet"), whole)
    assert same(lenet.resume(tmp_path / "full/run", data=tiny, progress="quiet"), whole)


def test_only_an_unfinished_run_of_the_same_data_can_be_resumed(tiny, tmp_path):
    run = train(tiny, tmp_path / "done")
    with pytest.raises(RunError, match="is finished"):
        lenet.resume(run, data=tiny)
    with pytest.raises(lenet.Interrupted) as caught:
        train(tiny, tmp_path / "cut", progress=StopAfter(1))
    other = Splits(tiny.train, tiny.test.subset(np.arange(50)), "half")
    with pytest.raises(RunError, match=r"is not the data that .* was trained on"):
        lenet.resume(caught.value.run, data=other)


def test_a_second_ctrl_c_ends_at_once(tiny, tmp_path):
    class StopTwice(StopAfter):
        def chunk(self, point):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(ONE_ACT + 0.1)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as caught:
        train(tiny, tmp_path, progress=StopTwice(1))
    assert not isinstance(caught.value, lenet.Interrupted)


def test_a_loss_that_is_no_number_stops_with_its_step(tiny, tmp_path):
    with pytest.raises(TrainingError, match=r"the loss became (nan|inf) at step \d+, in epoch 1") as caught:
        train(tiny, tmp_path, recipe="book-sgd", model="mlp", learning_rate=1e30)
    assert "--learning-rate" in caught.value.hint


def test_a_network_that_diverges_in_its_last_step_is_no_success(tiny, tmp_path):
    """The loss of a step is taken before its update: only the evaluation sees what the last one did."""
    with pytest.raises(TrainingError, match=r"the loss on the test set is (nan|inf) after epoch 1"):
        train(tiny, tmp_path, recipe="book-sgd", model="mlp", epochs=1, batch_size=1000, learning_rate=1e25)
    assert not (tmp_path / "run/summary.json").exists()


@pytest.mark.parametrize(("every", "expected"), [("3", 3), ("6", 0)])
def test_a_resumed_run_with_nan_weights_goes_back(tiny, tmp_path, monkeypatch, every, expected):
    """A step's loss is that of the weights before it: those that were saved at the end had been seen by nobody."""
    settings = {"checkpoint_every": every, "engine": "reference"}
    whole, real = train(tiny, tmp_path / "whole", **settings), ReferenceEngine.train_steps

    def spoiling(self, plan, start, stop):
        stats = real(self, plan, start, stop)
        if stop == 6:
            self.optimizer.weights.fill_(torch.nan)
            os.kill(os.getpid(), signal.SIGINT)
        return stats

    with monkeypatch.context() as patched:
        patched.setattr(ReferenceEngine, "train_steps", spoiling)
        with pytest.raises(lenet.Interrupted) as caught:
            train(tiny, tmp_path / "cut", **settings)
    run = caught.value.run
    with pytest.raises(TrainingError, match=f"the last good weights, after step {expected}, are in"):
        lenet.resume(run, data=tiny, progress="quiet")
    found = newest_checkpoint(run)
    assert (found.step if found else 0) == expected
    assert same(lenet.resume(run, data=tiny, progress="quiet"), whole)


def test_an_engine_that_fails_while_the_disk_is_full_loses_nothing_either(tiny, tmp_path, monkeypatch):
    whole, real = train(tiny, tmp_path / "whole", engine="reference"), ReferenceEngine.train_steps

    def lost(self, plan, start, stop):
        if self.optimizer.num_steps == 30:
            full_after(monkeypatch, 0)
            raise EngineError("cuda:0 was lost", hint="plug it in")
        return real(self, plan, start, stop)

    monkeypatch.setattr(ReferenceEngine, "train_steps", lost)
    with pytest.raises(SaveError, match=r"cuda:0 was lost; and cannot write .*: the disk is full") as caught:
        train(tiny, tmp_path / "cut", engine="reference")
    monkeypatch.undo()
    saved = caught.value.save_to(tmp_path / "elsewhere")
    assert newest_checkpoint(saved).step == 30
    assert same(lenet.resume(saved, data=tiny, progress="quiet"), whole)


@pytest.mark.parametrize("count", [0, 3, 8, 14])
def test_a_second_folder_that_fails_too_is_left_empty(tiny, tmp_path, monkeypatch, count):
    whole = train(tiny, tmp_path / "whole")
    with monkeypatch.context() as patched:
        full_after(patched, 22)
        with pytest.raises(SaveError) as caught:
            train(tiny, tmp_path / "cut")
    with monkeypatch.context() as patched:
        full_after(patched, count)
        with pytest.raises(RunError, match="the disk is full") as again:
            caught.value.save_to(tmp_path / "small")
    assert "choose another folder" in again.value.hint
    assert not [path for path in (tmp_path / "small").rglob("*") if path.is_file()]
    saved = caught.value.save_to(tmp_path / "large")
    assert same(lenet.resume(saved, data=tiny, progress="quiet"), whole)
    assert same(lenet.resume(tmp_path / "cut/run", data=tiny, progress="quiet"), whole)


def test_no_memory_for_the_doctor_is_saved_and_explained_too(tiny, tmp_path, monkeypatch):
    whole = train(tiny, tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr(training.Findings, "after_epoch", lambda *_: np.empty(1 << 58, np.uint8))
        with pytest.raises(EngineError) as caught:
            train(tiny, tmp_path / "cut")
    assert f"lenet train --resume {tmp_path / 'cut/run'}" in caught.value.hint
    assert same(lenet.resume(tmp_path / "cut/run", data=tiny, progress="quiet"), whole)


def test_lines_that_somebody_removes_are_written_again(tiny, tmp_path):
    class Removing(Quiet):
        def epoch(self, point):
            (tmp_path / "removed/run/metrics.jsonl").unlink()

    whole = train(tiny, tmp_path / "whole")
    assert same(train(tiny, tmp_path / "removed", progress=Removing(sys.stderr)), whole)


def test_no_epochs_are_no_number_of_epochs(tiny, tmp_path):
    run = train(tiny, tmp_path)
    with pytest.raises(ConfigError, match="epochs is 0"):
        lenet.resume(run, data=tiny, epochs=0, progress="quiet")
    assert lenet.load(run.path).is_finished


def test_a_run_whose_weights_were_lost_is_finished_again(tiny, tmp_path):
    run = train(tiny, tmp_path)
    weights = (run.path / "model.safetensors").read_bytes()
    (run.path / "model.safetensors").unlink()
    lenet.resume(run, data=tiny, progress="quiet")
    assert (run.path / "model.safetensors").read_bytes() == weights


def test_a_gpu_without_room_is_explained_and_the_run_goes_on_where_it_was(tiny, tmp_path, monkeypatch):
    settings = {"epochs": 2, "batch_size": 50, "engine": "reference", "device": "cpu", "progress": "quiet"}
    real = ReferenceEngine.train_steps

    def full(self, plan, start, stop):
        if start == 10:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate")
        return real(self, plan, start, stop)

    with pytest.raises(lenet.Interrupted) as stopped:
        lenet.train(tiny, out=tmp_path / "run", **settings | {"progress": StopAfter(3)})
    monkeypatch.setattr(ReferenceEngine, "train_steps", full)
    with pytest.raises(EngineError, match="this program is out of memory") as raised:
        lenet.train(tiny, out=tmp_path / "other", **settings)
    assert "--batch-size" in raised.value.hint
    with pytest.raises(EngineError, match="this program is out of memory"):
        lenet.resume(stopped.value.run, data=tiny, progress="quiet")
    monkeypatch.undo()
    assert lenet.resume(stopped.value.run, data=tiny, progress="quiet").is_finished


def test_a_batch_computed_in_parts_is_told_and_a_resumed_run_keeps_to_them(tiny, tmp_path, monkeypatch, capsys):
    real = torch.nn.Conv2d.forward

    def short(self, images):
        if self.training and len(images) > 30:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate")
        return real(self, images)

    with monkeypatch.context() as patched:
        patched.setattr(torch.nn.Conv2d, "forward", short)
        whole = train(tiny, tmp_path / "whole", engine="reference")
        assert "from here on a batch is computed 25 pictures at a time" in " ".join(capsys.readouterr().err.split())
        with pytest.raises(lenet.Interrupted) as caught:
            train(tiny, tmp_path / "cut", engine="reference", progress=StopAfter(3))
    assert same(lenet.resume(caught.value.run, data=tiny, progress="quiet"), whole)
    assert whole.summary.micro_batch == 25


def test_a_shift_beyond_the_picture_is_refused(tiny, tmp_path):
    with pytest.raises(ConfigError, match="shift is 28, but the pictures of toy are 28×28"):
        train(tiny, tmp_path, shift=28)
    assert not (tmp_path / "run").exists()


def test_a_run_on_data_of_ones_own_says_that_it_must_be_given(tiny, tiny_run):
    with pytest.raises(DataError, match="was trained on data of your own, 'toy'"):
        lenet.evaluate(tiny_run)


def test_threads_are_set_for_the_training_alone(tiny, tmp_path):
    before = torch.get_num_threads()
    run = train(tiny, tmp_path, threads=1, epochs=1)
    assert run.environment.threads == 1
    assert torch.get_num_threads() == before


def test_training_works_outside_the_main_thread(tiny, tmp_path):
    runs = []
    thread = threading.Thread(target=lambda: runs.append(train(tiny, tmp_path, epochs=1)))
    thread.start()
    thread.join()
    assert runs[0].is_finished


def test_a_config_stands_for_all_settings(tiny, tmp_path):
    config = configure("book-sgd", epochs=1, batch_size=50, seed=3)
    run = lenet.train(tiny, config=config, out=tmp_path / "run", progress="quiet")
    assert run.config == dataclasses.replace(config, data="toy")
    for name, settings in ((tiny, {"epochs": 2}), ("mnist", {}), (tiny, {"recipe": "book-sgd"})):
        with pytest.raises(ConfigError, match="a config and settings"):
            lenet.train(name, config=config, **settings)


def test_the_global_generators_are_neither_used_nor_moved(tiny, tmp_path):
    torch.manual_seed(1)
    before = torch.random.get_rng_state(), np.random.get_state()[1].tolist()
    one = train(tiny, tmp_path / "one", epochs=1)
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]
    torch.manual_seed(2)
    two = train(tiny, tmp_path / "two", epochs=1)
    assert one.summary.test_loss == two.summary.test_loss


def test_the_book_learns_fashion_mnist_from_real_pictures(real_data, tmp_path):
    """The chapter's recipe leaves chance level within two epochs."""
    run = lenet.train(
        "fashion-mnist", recipe="book-sgd", epochs=2, data_dir=str(real_data), out=tmp_path / "run", progress="quiet"
    )
    assert run.test_accuracy > 0.4
    assert run.resolved.data == "fashion-mnist"
    summary = json.loads((run.path / "summary.json").read_text())
    assert summary["test_accuracy"] == run.test_accuracy


@pytest.mark.process
def test_the_same_command_gives_the_same_bits(tmp_path):
    """Two processes, one seed: weights and points of the chart are the same to the last bit."""
    for name in ("one", "two"):
        subprocess.run(
            [
                sys.executable,
                "-m",
                "lenet",
                "train",
                "--data",
                "digits",
                "--epochs",
                "1",
                "--quiet",
                "--validation",
                "55000",
                "--out",
                str(tmp_path / name),
            ],
            check=True,
        )
    one, two = (lenet.load(tmp_path / name) for name in ("one", "two"))
    assert (one.path / "model.safetensors").read_bytes() == (two.path / "model.safetensors").read_bytes()
    assert [without_times(p) for p in one.metrics] == [without_times(p) for p in two.metrics]
