"""Checkpoints: the last two, whole or not at all."""

import errno
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toys import summary

from lenet.errors import RunError


def test_the_last_two_checkpoints_are_kept_and_the_newest_is_taken_by_step(recorder):
    for step in (5, 900, 1_000_000):
        recorder.checkpoint(step, {"model.x": np.full(2, float(step))}, {"epoch": step})
    names = sorted(path.name for path in (recorder.path / "checkpoints").iterdir())
    assert names == ["step-000900.json", "step-000900.safetensors", "step-1000000.json", "step-1000000.safetensors"]
    newest = recorder.find_checkpoint()[0]
    assert (newest.step, newest.progress) == (1_000_000, {"epoch": 1_000_000})
    assert newest.tensors["model.x"].tolist() == [1e6, 1e6]


def test_a_damaged_checkpoint_gives_way_to_the_one_before(recorder):
    for step in (1, 2):
        recorder.checkpoint(step, {"model.x": np.zeros(2)}, {})
    path = recorder.path / "checkpoints/step-000002.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert recorder.find_checkpoint()[0].step == 1
    path.unlink()
    assert recorder.find_checkpoint()[0].step == 1
    for path in (recorder.path / "checkpoints").iterdir():
        path.unlink()
    assert recorder.find_checkpoint()[0] is None


@given(at=st.integers(0, 10**6), bit=st.integers(0, 7), in_tensors=st.booleans(), cut=st.booleans())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_change_of_a_checkpoint_goes_unseen(recorder, at, bit, in_tensors, cut):
    for step in (1, 2):
        recorder.checkpoint(step, {"model.x": np.arange(5.0)}, {"epoch": step, "step": 0.5})
    path = recorder.path / f"checkpoints/step-000002.{'safetensors' if in_tensors else 'json'}"
    content = bytearray(path.read_bytes())
    at %= len(content)
    content[at] ^= 1 << bit
    path.write_bytes(content[:at] if cut else content)
    checkpoint, faults = recorder.find_checkpoint()
    assert checkpoint.step == 1
    assert [
        fault.message.startswith(f"the checkpoint {recorder.path}/checkpoints/step-000002 is damaged")
        for fault in faults
    ] == [True]


@pytest.mark.parametrize("suffix", ["json", "safetensors"])
@pytest.mark.parametrize("last", [3, 4])
def test_what_could_not_be_removed_is_removed_the_next_time(recorder, monkeypatch, suffix, last):
    real = os.unlink
    stubborn = [f"step-{last - 2:06d}.{suffix}"]

    def unlink(path):
        if path.name in stubborn:
            stubborn.remove(path.name)
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        real(path)

    monkeypatch.setattr(os, "unlink", unlink)
    for step in (1, 2, 3, 4):
        recorder.checkpoint(step, {"model.x": np.zeros(1)}, {})
    assert stubborn == []
    recorder.finish(summary())
    names = {path.name for path in (recorder.path / "checkpoints").iterdir()}
    assert names == {f"step-{step:06d}.{kind}" for step in (3, 4) for kind in ("json", "safetensors")}


def test_a_checkpoint_that_cannot_be_read_now_is_kept(recorder, monkeypatch):
    """The disk may be well again in a moment: nothing is removed, and no older one is taken."""
    for step in (1, 2):
        recorder.checkpoint(step, {"model.x": np.zeros(1)}, {})
    real = os.open

    def fail(path, *rest):
        if str(path).endswith("step-000002.json"):
            raise OSError(errno.EIO, "Input/output error")
        return real(path, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", fail)
        with pytest.raises(RunError, match="cannot be read now") as caught:
            recorder.find_checkpoint()
    assert "nothing was changed" in caught.value.hint
    assert recorder.find_checkpoint()[0].step == 2


def test_a_step_gone_back_to_is_the_newest(recorder):
    """After a loss that is NaN or infinite, later checkpoints are useless."""
    for step in (1, 2, 3):
        recorder.checkpoint(step, {"model.x": np.full(1, float(step))}, {})
    recorder.checkpoint(1, {"model.x": np.ones(1)}, {})
    assert recorder.find_checkpoint()[0].step == 1
    assert len(list((recorder.path / "checkpoints").iterdir())) == 2
