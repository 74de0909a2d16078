"""Resuming: an interrupted run ends as it would have without, bit for bit."""

import errno
import itertools
import os
import shutil
import signal

import numpy as np
import pytest
import torch
from toys import chunk
from trainings import StopAfter, newest_checkpoint, same, train_toy, without_times

import lenet
from lenet.data.dataset import Splits
from lenet.doctor import plateau
from lenet.engines.threads import num_threads
from lenet.errors import ConfigError, RunError, RunWarning, SaveError
from lenet.files import durable, locks
from lenet.runs.recorder import Recorder
from lenet.training.setup import set_up


@pytest.mark.parametrize(
    "settings",
    [
        {"recipe": "book-sgd", "learning_rate": 0.1, "momentum": 0.9},
        {"recipe": "book-adam"},
        {"flip": True, "shift": 2, "validation": 60, "label_smoothing": 0.1},
        {"schedule": "cosine", "warm_up": 0.2, "clip_norm": 0.5},
        {"ema": 0.95, "validation": 60, "keep": "best"},
        {"class_weights": "balanced", "label_smoothing": 0.1, "engine": "reference"},
        {"flip": True, "augment": "strong"},
        {"recipe": "tiny", "dropout": 0.2, "ema": 0.95, "validation": 60, "keep": "best"},
    ],
)
@pytest.mark.parametrize("chunks", [1, 10, 14])
def test_ctrl_c_saves_and_the_resumed_run_is_the_uninterrupted_one(tiny, tmp_path, capsys, settings, chunks):
    whole = train_toy(tiny, tmp_path / "whole", **settings)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(lenet.Interrupted, match="lenet train --resume") as caught:
        train_toy(tiny, tmp_path / "cut", progress=StopAfter(chunks), **settings)
    assert signal.getsignal(signal.SIGINT) is before
    run = caught.value.run
    assert not run.is_finished
    with pytest.warns(RunWarning, match="has not finished"):
        assert lenet.load(run.path).network.network.weights.any()
    resumed = lenet.resume(run.path, data=tiny, progress="quiet")
    assert same(resumed, whole)


def test_what_was_written_after_the_checkpoint_is_written_again(tiny, tmp_path):
    """A run killed between two checkpoints leaves points of the chart that its checkpoint does not know."""
    with pytest.raises(lenet.Interrupted) as caught:
        train_toy(tiny, tmp_path, progress=StopAfter(3))
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
    """Checkpoints within chunks do not change results, and a training killed at any point continues with the same results."""
    settings = {"engine": engine, "flip": True, "validation": 60}
    whole = train_toy(tiny, tmp_path / "whole", **settings)
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
                train_toy(tiny, folder, checkpoint_every=every, **settings)
        assert same(lenet.resume(folder / "run", data=tiny, progress="quiet"), whole)


def test_a_finished_run_goes_on_to_more_epochs(tiny, tmp_path, capsys):
    settings = {"recipe": "book-sgd", "learning_rate": 0.1}
    longer = train_toy(tiny, tmp_path / "longer", epochs=3, **settings)
    run = train_toy(tiny, tmp_path / "shorter", epochs=1, **settings)
    with pytest.raises(RunError, match="is finished, after 1 epoch") as caught:
        lenet.resume(run, data=tiny, progress="quiet")
    assert caught.value.hint.startswith("--epochs 2 continues it")
    again = lenet.resume(run, data=tiny, epochs=3, progress="quiet")
    assert (again.path / "model.safetensors").read_bytes() == (longer.path / "model.safetensors").read_bytes()
    assert [without_times(p) for p in again.epochs] == [without_times(p) for p in longer.epochs]
    assert again.config.epochs == 3
    with pytest.raises(ConfigError, match=r"epochs is 2, but .* has begun 3"):
        lenet.resume(run, data=tiny, epochs=2, progress="quiet")
    assert lenet.load(run.path).is_finished
    cycle = train_toy(tiny, tmp_path / "cycle", epochs=1)
    capsys.readouterr()
    lenet.resume(cycle, data=tiny, epochs=2, progress="quiet")
    assert "so far the learning rates were those of one-cycle over 1 epochs" in " ".join(
        capsys.readouterr().err.split()
    )


@pytest.mark.parametrize(("settings", "threads"), [({}, 7), ({"engine": "reference"}, 1), ({"threads": 2}, 2)])
def test_a_resumed_training_keeps_what_was_decided_when_it_began(tiny, tmp_path, monkeypatch, settings, threads):
    """Whatever `auto` would choose by then. The kernels have the same bits on any number of threads, PyTorch has not."""
    with pytest.raises(lenet.Interrupted) as caught:
        train_toy(tiny, tmp_path, progress=StopAfter(3), **settings)
    run = caught.value.run
    assert run.config.device == "auto"
    decided = []

    def spied(config, splits, reason=None, **others):
        decided.append((config.engine, config.device, num_threads(config.threads)))
        return set_up(config, splits, reason, **others)

    monkeypatch.setattr("lenet.training.resume.set_up", spied)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    resumed = lenet.resume(run, data=tiny, progress="quiet")
    assert decided == [(run.resolved.engine, run.resolved.device, threads)]
    assert resumed.environment.resumed[0].environment.threads == threads
    assert (resumed.summary.engine, resumed.summary.device) == (run.resolved.engine, run.resolved.device)


def test_differences_are_printed_before_the_first_step(tiny, tmp_path, capsys):
    with pytest.raises(lenet.Interrupted) as caught:
        train_toy(tiny, tmp_path, progress=StopAfter(3))
    run = caught.value.run
    path = run.path / "environment.json"
    path.write_text(path.read_text().replace(f'"numpy": "{np.__version__}"', '"numpy": "1.0"'))
    capsys.readouterr()
    run = lenet.resume(run, data=tiny, progress="quiet")
    assert f"numpy 1.0 → {np.__version__}. The rest may differ" in " ".join(capsys.readouterr().err.split())
    resumed = run.environment.resumed
    assert [(one.step, one.changes) for one in resumed] == [(6, (f"numpy 1.0 → {np.__version__}",))]


def test_a_damaged_checkpoint_is_told_and_the_one_before_is_taken(tiny, tmp_path, capsys):
    whole = train_toy(tiny, tmp_path / "whole")
    with pytest.raises(lenet.Interrupted) as caught:
        train_toy(tiny, tmp_path, progress=StopAfter(13))
    run = caught.value.run
    (run.path / "checkpoints/step-000026.safetensors").write_bytes(b"nonsense")
    capsys.readouterr()
    assert same(lenet.resume(run, data=tiny, progress="quiet"), whole)
    said = " ".join(capsys.readouterr().err.split())
    assert "step-000026 is damaged: the tensors are not those that were written; it is skipped" in said
    for path in (run.path / "checkpoints").iterdir():
        path.write_bytes(b"{}")
    (run.path / "summary.json").unlink()
    assert same(lenet.resume(run, data=tiny, progress="quiet"), whole)
    assert "has no whole checkpoint; starting from the first step" in " ".join(capsys.readouterr().err.split())


def test_a_finished_run_without_checkpoints_is_not_touched(tiny, tmp_path):
    run = train_toy(tiny, tmp_path)
    shutil.rmtree(run.path / "checkpoints")
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with pytest.raises(RunError, match="is finished and has no whole checkpoint"):
        lenet.resume(run, data=tiny, epochs=3, progress="quiet")
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


def test_a_run_that_lost_its_points_in_the_end_is_finished_all_the_same(tiny, tmp_path, capsys):
    whole = train_toy(tiny, tmp_path / "whole")
    run = train_toy(tiny, tmp_path / "cut")
    (run.path / "summary.json").unlink()
    (run.path / "metrics.jsonl").write_bytes(b"")
    resumed = lenet.resume(run, data=tiny, progress="quiet")
    assert without_times(resumed.summary) == without_times(whole.summary)
    assert "metrics.jsonl is damaged" in " ".join(capsys.readouterr().err.split())


def test_a_signal_during_the_simulation_saves_the_epoch(tiny, tmp_path, monkeypatch, capsys):
    """A network at chance level, of which the doctor simulates thousands of epochs."""
    settings = {"recipe": "book-sgd", "learning_rate": 0.001, "epochs": 8_000, "batch_size": 10}
    real = plateau.escape_epoch

    def signalled(*arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        return real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(plateau, "escape_epoch", signalled)
        with pytest.raises(lenet.Interrupted) as caught:
            train_toy(tiny, tmp_path / "cut", **settings)
    run = caught.value.run
    checkpoint = newest_checkpoint(run)
    assert (caught.value.exit_code, checkpoint.step, checkpoint.progress["is_judged"]) == (143, 100, False)
    monkeypatch.setattr(plateau, "escape_epoch", lambda *_: None)  # judged now, and soon
    asked = lenet.resume(run, data=tiny, epochs=2, progress="quiet")
    whole = train_toy(tiny, tmp_path / "whole", **settings | {"epochs": 2})
    assert [finding.name for finding in asked.findings] == [finding.name for finding in whole.findings]
    assert [without_times(p) for p in asked.epochs] == [without_times(p) for p in whole.epochs]


def test_a_resume_that_cannot_write_changes_nothing(tiny, tmp_path, monkeypatch):
    whole = train_toy(tiny, tmp_path / "whole")
    with pytest.raises(lenet.Interrupted) as caught:
        train_toy(tiny, tmp_path / "cut", progress=StopAfter(3))
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
        train_toy(tiny, tmp_path, progress=StopAfter(3))
    run = caught.value.run
    with locks.lock(run.path), pytest.raises(RunError, match="another process is training in"):
        lenet.resume(run, data=tiny, progress="quiet")
    assert lenet.resume(run, data=tiny, progress="quiet").is_finished


def test_only_an_unfinished_run_of_the_same_data_can_be_resumed(tiny, tmp_path):
    run = train_toy(tiny, tmp_path / "done")
    with pytest.raises(RunError, match="is finished"):
        lenet.resume(run, data=tiny)
    with pytest.raises(lenet.Interrupted) as caught:
        train_toy(tiny, tmp_path / "cut", progress=StopAfter(1))
    other = Splits(tiny.train, tiny.test.subset(np.arange(50)), "half")
    with pytest.raises(RunError, match=r"is not the data that .* was trained on"):
        lenet.resume(caught.value.run, data=other)


def test_no_epochs_are_no_number_of_epochs(tiny, tmp_path):
    run = train_toy(tiny, tmp_path)
    with pytest.raises(ConfigError, match="epochs is 0"):
        lenet.resume(run, data=tiny, epochs=0, progress="quiet")
    assert lenet.load(run.path).is_finished


def test_a_run_whose_weights_were_lost_is_finished_again(tiny, tmp_path):
    run = train_toy(tiny, tmp_path)
    weights = (run.path / "model.safetensors").read_bytes()
    (run.path / "model.safetensors").unlink()
    lenet.resume(run, data=tiny, progress="quiet")
    assert (run.path / "model.safetensors").read_bytes() == weights


def test_a_batch_computed_in_parts_is_told_and_a_resumed_run_keeps_to_them(tiny, tmp_path, monkeypatch, capsys):
    real = torch.nn.Conv2d.forward

    def short(self, images):
        if self.training and len(images) > 30:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate")
        return real(self, images)

    with monkeypatch.context() as patched:
        patched.setattr(torch.nn.Conv2d, "forward", short)
        whole = train_toy(tiny, tmp_path / "whole", engine="reference")
        assert "from here on a batch is computed 25 images at a time" in " ".join(capsys.readouterr().err.split())
        with pytest.raises(lenet.Interrupted) as caught:
            train_toy(tiny, tmp_path / "cut", engine="reference", progress=StopAfter(3))
    assert same(lenet.resume(caught.value.run, data=tiny, progress="quiet"), whole)
    assert whole.summary.micro_batch == 25
