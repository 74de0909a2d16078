"""Saving: checkpoints when they are due, and nothing is lost when the disk, the engine or the weights fail."""

import itertools
import os
import signal
import sys

import numpy as np
import pytest
import torch
from trainings import StopAfter, newest_checkpoint, same, train_toy

import lenet
from lenet.display.plain import Quiet
from lenet.errors import EngineError, RunError, SaveError, TrainingError
from lenet.files import durable
from lenet.pytorch.reference import ReferenceEngine
from lenet.runs.recorder import Recorder
from lenet.training import checkpointing
from lenet.training.diagnosis import Findings


def test_checkpoints_lie_where_they_are_asked_for(tiny, tmp_path, monkeypatch):
    steps, real = [], Recorder.checkpoint
    monkeypatch.setattr(Recorder, "checkpoint", lambda self, step, *rest: steps.append(step) or real(self, step, *rest))
    train_toy(tiny, tmp_path, checkpoint_every="7")
    assert steps == [7, 14, 20, 21, 28, 35, 40]


@pytest.mark.parametrize(
    ("share", "every", "expected"),
    [(1e-9, None, [20, 80]), (1e-9, "1000", [20, 40, 60, 80]), (1e9, None, [20, 40, 60, 80])],
)
def test_an_epoch_is_saved_if_that_takes_little_of_the_time(tiny, tmp_path, monkeypatch, share, every, expected):
    """The first, whose cost is not known, and the last always, and all where that was asked for."""
    steps, real = [], Recorder.checkpoint
    monkeypatch.setattr(Recorder, "checkpoint", lambda self, step, *rest: steps.append(step) or real(self, step, *rest))
    monkeypatch.setattr(checkpointing, "SHARE", share)
    train_toy(tiny, tmp_path, epochs=4, checkpoint_every=every)
    assert steps == expected


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
    whole = train_toy(tiny, tmp_path / "whole")
    with monkeypatch.context() as patched:
        full_after(patched, count)
        with pytest.raises(SaveError, match="the disk is full") as caught:
            train_toy(tiny, tmp_path / "full")
    saved = caught.value.save_to(tmp_path / "elsewhere")
    assert saved.path == tmp_path / "elsewhere/run"
    assert same(lenet.resume(saved, data=tiny, progress="quiet"), whole)
    assert same(lenet.resume(tmp_path / "full/run", data=tiny, progress="quiet"), whole)


@pytest.mark.parametrize(("every", "expected"), [("3", 3), ("6", 0)])
def test_a_resumed_run_with_nan_weights_goes_back(tiny, tmp_path, monkeypatch, every, expected):
    """A step's loss is that of the weights before it: those that were saved at the end had been seen by nobody."""
    settings = {"checkpoint_every": every, "engine": "reference"}
    whole, real = train_toy(tiny, tmp_path / "whole", **settings), ReferenceEngine.train_steps

    def spoiling(self, plan, start, stop):
        stats = real(self, plan, start, stop)
        if stop == 6:
            self.optimizer.weights.fill_(torch.nan)
            os.kill(os.getpid(), signal.SIGINT)
        return stats

    with monkeypatch.context() as patched:
        patched.setattr(ReferenceEngine, "train_steps", spoiling)
        with pytest.raises(lenet.Interrupted) as caught:
            train_toy(tiny, tmp_path / "cut", **settings)
    run = caught.value.run
    with pytest.raises(TrainingError, match=f"the last good weights, after step {expected}, are in"):
        lenet.resume(run, data=tiny, progress="quiet")
    found = newest_checkpoint(run)
    assert (found.step if found else 0) == expected
    assert same(lenet.resume(run, data=tiny, progress="quiet"), whole)


def test_an_engine_that_fails_while_the_disk_is_full_loses_nothing_either(tiny, tmp_path, monkeypatch):
    whole, real = train_toy(tiny, tmp_path / "whole", engine="reference"), ReferenceEngine.train_steps

    def lost(self, plan, start, stop):
        if self.optimizer.num_steps == 30:
            full_after(monkeypatch, 0)
            raise EngineError("cuda:0 was lost", hint="plug it in")
        return real(self, plan, start, stop)

    monkeypatch.setattr(ReferenceEngine, "train_steps", lost)
    with pytest.raises(SaveError, match=r"cuda:0 was lost; and cannot write .*: the disk is full") as caught:
        train_toy(tiny, tmp_path / "cut", engine="reference")
    monkeypatch.undo()
    saved = caught.value.save_to(tmp_path / "elsewhere")
    assert newest_checkpoint(saved).step == 30
    assert same(lenet.resume(saved, data=tiny, progress="quiet"), whole)


@pytest.mark.parametrize("count", [0, 3, 8, 14])
def test_a_second_folder_that_fails_too_is_left_empty(tiny, tmp_path, monkeypatch, count):
    whole = train_toy(tiny, tmp_path / "whole")
    with monkeypatch.context() as patched:
        full_after(patched, 22)
        with pytest.raises(SaveError) as caught:
            train_toy(tiny, tmp_path / "cut")
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
    whole = train_toy(tiny, tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr(Findings, "after_epoch", lambda *_: np.empty(1 << 58, np.uint8))
        with pytest.raises(EngineError) as caught:
            train_toy(tiny, tmp_path / "cut")
    assert f"lenet train --resume {tmp_path / 'cut/run'}" in caught.value.hint
    assert same(lenet.resume(tmp_path / "cut/run", data=tiny, progress="quiet"), whole)


def test_lines_that_somebody_removes_are_written_again(tiny, tmp_path):
    class Removing(Quiet):
        def epoch(self, point):
            (tmp_path / "removed/run/metrics.jsonl").unlink()

    whole = train_toy(tiny, tmp_path / "whole")
    assert same(train_toy(tiny, tmp_path / "removed", progress=Removing(sys.stderr)), whole)


def test_a_gpu_without_room_is_explained_and_the_run_goes_on_where_it_was(tiny, tmp_path, monkeypatch):
    settings = {
        "recipe": "fast",
        "epochs": 2,
        "batch_size": 50,
        "engine": "reference",
        "device": "cpu",
        "progress": "quiet",
    }
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
