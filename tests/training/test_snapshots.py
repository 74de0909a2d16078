"""Snapshots of a training: when, of what, and the same after an interruption."""

import numpy as np
import pytest
from trainings import StopAfter, same, train_toy

import lenet
from lenet.errors import SaveError
from lenet.files import durable
from lenet.networks import build
from lenet.networks.initialization import initialized
from lenet.runs import snapshots
from lenet.training.checkpointing import snapshot_steps
from lenet.training.interrupts import Interrupted


def kept(run):
    """The content of each snapshot, by the name of its file."""
    folder = run.path / "snapshots"
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def test_steps_are_denser_at_the_start():
    assert snapshot_steps(9380, 10) == [0, 9, 75, 253, 600, 1172, 2026, 3217, 4803, 6838]
    assert snapshot_steps(40, 10) == [0, 1, 2, 3, 4, 5, 9, 14, 20, 29]
    assert snapshot_steps(3, 10) == [0, 1, 2]
    assert snapshot_steps(1000, 0) == []
    assert all(len(set(snapshot_steps(steps, 100))) == min(100, steps) for steps in range(1, 300))


def test_a_training_keeps_ten_with_the_initial_weights(tiny, tmp_path):
    run = train_toy(tiny, tmp_path)
    network = run.network.network
    found = snapshots.find(run.path / "snapshots", network.architecture)
    assert [each.step for each in found] == snapshot_steps(40, 10)
    start = initialized(build("lenet", **run.resolved.model.arguments), "default", seed=0)
    assert np.array_equal(found[0].network.weights, start.weights.astype(np.float16).astype(np.float32))


def test_the_weights_do_not_depend_on_them(tiny, tmp_path):
    (tmp_path / "more").mkdir()
    one = train_toy(tiny, tmp_path, snapshots=0)
    other = train_toy(tiny, tmp_path / "more", snapshots=40)
    assert same(one, other)
    assert not (one.path / "snapshots").exists()
    assert len(kept(other)) == 40


def test_averaged_weights_are_kept_where_they_are_evaluated(tiny, tmp_path):
    run = train_toy(tiny, tmp_path, ema=0.9, snapshots=1, epochs=1)
    assert len(kept(run)) == 1


def test_a_resumed_training_has_the_same(tiny, tmp_path):
    for name in ("whole", "resumed"):
        (tmp_path / name).mkdir()
    whole = train_toy(tiny, tmp_path / "whole", checkpoint_every="7")
    with pytest.raises(Interrupted):
        train_toy(tiny, tmp_path / "resumed", checkpoint_every="7", progress=StopAfter(4))
    run = lenet.Run.load(tmp_path / "resumed/run", finished=False)
    assert 4 <= len(kept(run)) < 10
    resumed = lenet.resume(run, data=tiny, progress="quiet")
    assert kept(resumed) == kept(whole)


def test_what_was_kept_after_the_checkpoint_is_kept_again(tiny, tmp_path):
    run = train_toy(tiny, tmp_path, checkpoint_every="7")
    before = kept(run)
    (run.path / "summary.json").unlink()
    for path in (run.path / "checkpoints").glob("step-000040.*"):
        path.unlink()
    (run.path / "snapshots/step-000029.safetensors").write_bytes(b"half")
    (run.path / "checkpoints/step-000035.json").unlink(missing_ok=True)
    resumed = lenet.resume(run.path, data=tiny, progress="quiet")
    names = set(before) - {"step-000029.safetensors"}
    assert {name: kept(resumed)[name] for name in names} == {name: before[name] for name in names}


def test_many_trainings_keep_none(tiny, tmp_path):
    (run,) = lenet.train_many(
        [lenet.configure(epochs=1, batch_size=50)], data=tiny, out=tmp_path / "many", progress="quiet"
    )
    assert not (run.path / "snapshots").exists()
    assert run.config.snapshots == 0


def test_a_snapshot_that_cannot_be_written_ends_the_training_with_a_way_to_resume(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(durable, "RETRY_SECONDS", 0)
    real, written = durable.write, []

    def write(path, content):
        if path.parent.name == "snapshots" and len(written) == 3:
            raise OSError(28, "No space left on device")
        written.extend([path] if path.parent.name == "snapshots" else [])
        real(path, content)

    (tmp_path / "whole").mkdir()
    whole = train_toy(tiny, tmp_path / "whole")
    monkeypatch.setattr(durable, "write", write)
    with pytest.raises(SaveError, match=r"snapshots/step-000003\.safetensors: the disk is full"):
        train_toy(tiny, tmp_path)
    monkeypatch.setattr(durable, "write", real)
    resumed = lenet.resume(tmp_path / "run", data=tiny, progress="quiet")
    assert same(resumed, whole)
    assert kept(resumed) == kept(whole)
