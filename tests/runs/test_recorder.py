"""Writing a run directory: each file complete or not at all, and a write that fails loses nothing."""

import errno
import itertools
import json
import os

import numpy as np
import pytest
from toys import ENVIRONMENT, RESOLVED, chunk, finished, summary

from lenet.errors import RunError, SaveError
from lenet.files import durable
from lenet.runs.recorder import Recorder
from lenet.runs.records import Resumption
from lenet.runs.run import Run


def test_the_weights_carry_all_that_is_needed_to_use_them(recorder):
    import safetensors

    finished(recorder)
    with safetensors.safe_open(recorder.path / "model.safetensors", "np") as file:
        metadata = file.metadata()
    assert list(metadata) == ["lenet"]
    model = {key: RESOLVED["model"][key] for key in ("name", "arguments")}
    expected = {key: RESOLVED[key] for key in ("classes", "preprocessing")} | {"model": model}
    assert json.loads(metadata["lenet"]) == expected


def test_a_recorder_has_what_its_run_has_also_after_a_resumption(recorder):
    for number in (1, 2):
        each = recorder if number == 1 else Recorder.open(recorder.run)
        run = each.run
        assert (each.config, each.resolved, each.environment) == (run.config, run.resolved, run.environment)
        resumption = Resumption(step=3, epochs=2, changes=("numpy 1 → 2",), environment=ENVIRONMENT)
        each.note_resumption(resumption)
        assert each.environment == each.run.environment
        assert each.environment.resumed[-1] == resumption
        assert len(each.environment.resumed) == number


def test_no_file_holds_a_pickle_and_no_temporary_is_left(recorder):
    finished(recorder).checkpoint(3, {"model.x": np.zeros(2)}, {"epoch": 1})
    kinds = {path.suffix for path in recorder.path.rglob("*") if path.is_file()}
    assert kinds == {".json", ".jsonl", ".safetensors"}


def failing(monkeypatch, number, times=10**9):
    """Every sync fails from now on, or so many of them."""
    left = iter(range(times))
    real = os.fsync

    def fail(file):
        if next(left, None) is not None:
            raise OSError(number, os.strerror(number))
        real(file)

    monkeypatch.setattr(durable, "RETRY_SECONDS", 0)
    monkeypatch.setattr("os.fsync", fail)


CAUSES = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.ENOENT: "its folder is gone",
    errno.EXDEV: "its temporary file lies on another file system",
    errno.EFBIG: "the largest size of a file is reached",
    errno.EIO: os.strerror(errno.EIO),
}


@pytest.mark.parametrize("number", CAUSES)
@pytest.mark.parametrize("name", ["finish", "checkpoint"])
def test_a_write_that_fails_twice_is_named_with_its_cause_and_the_way_out(recorder, name, number, monkeypatch):
    recorder.log(chunk(1))
    recorder.checkpoint(1, {"model.x": np.zeros(1)}, {})
    failing(monkeypatch, number)
    arguments = {"finish": (summary(),), "checkpoint": (2, {"model.x": np.ones(1)}, {})}
    with pytest.raises(SaveError, match=f"^cannot write {recorder.path}.*: {CAUSES[number]}") as caught:
        getattr(recorder, name)(*arguments[name])
    assert f"lenet train --resume {recorder.path}" in caught.value.hint
    monkeypatch.undo()
    assert recorder.find_checkpoint()[0].step == 1
    assert not (recorder.path / "summary.json").exists()
    assert not durable.leftovers(recorder.path)


def test_a_line_that_cannot_be_written_is_named_and_none_is_torn(recorder, monkeypatch):
    recorder.log(chunk(1))
    before, real = (recorder.path / "metrics.jsonl").read_bytes(), os.write
    monkeypatch.setattr(durable, "RETRY_SECONDS", 0)
    with monkeypatch.context() as patched:
        calls = itertools.count()

        def write_half(file, content):
            if next(calls) % 2:
                raise OSError(errno.ENOSPC, "full")
            return real(file, content[: len(content) // 2])

        patched.setattr("os.write", write_half)
        with pytest.raises(SaveError, match=r"metrics\.jsonl: the disk is full"):
            recorder.log(chunk(2))
    assert [point.step for point in recorder.run.metrics] == [1]  # a torn line is left out
    again = Recorder.open(Run.load(recorder.path, finished=False))
    again.checkpoint(1, {"model.x": np.zeros(1)}, {}, len(before))
    assert again.go_back_to(again.find_checkpoint()[0]) is None
    again.log(chunk(2))
    assert (recorder.path / "metrics.jsonl").read_bytes() == before + json.dumps(chunk(2).to_dict()).encode() + b"\n"


def test_what_fails_once_is_done_again(recorder, monkeypatch):
    failing(monkeypatch, errno.EIO, times=1)
    recorder.checkpoint(1, {"model.x": np.zeros(1)}, {})
    assert recorder.find_checkpoint()[0].step == 1


def test_going_back_leaves_nothing_of_what_came_after(recorder):
    recorder.log(chunk(1))
    recorder.checkpoint(1, {"model.x": np.zeros(1)}, {})
    before = {path: path.read_bytes() for path in recorder.path.rglob("*") if path.is_file()}
    recorder.log(chunk(2))
    recorder.checkpoint(2, {"model.x": np.zeros(1)}, {})
    (recorder.path / "checkpoints/step-000002.json").write_bytes(b"{")
    (recorder.path / "checkpoints/step-000003.safetensors").touch()
    for folder in (recorder.path, recorder.path / "checkpoints"):
        (folder / ".model.safetensors.0123abcd.tmp").write_bytes(b"half")
    recorder.finish(summary())
    again = Recorder.open(recorder.run)
    assert again.go_back_to(again.find_checkpoint()[0]) is None
    assert {path: path.read_bytes() for path in recorder.path.rglob("*") if path.is_file()} == before


def test_damaged_points_are_told_and_the_others_kept(recorder):
    for step in (1, 2, 3):
        recorder.log(chunk(step))
    recorder.checkpoint(3, {"model.x": np.zeros(1)}, {})
    path = recorder.path / "metrics.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"step": 2', b'"step\xff 2'))
    again = Recorder.open(recorder.run)
    assert "metrics.jsonl is damaged" in again.go_back_to(again.find_checkpoint()[0])
    assert [point.step for point in again.run.metrics] == [1, 3]


def test_numbers_that_json_does_not_have_are_never_written(recorder):
    with pytest.raises(ValueError, match="JSON"):
        recorder.finish(summary(test_loss=float("nan")))


def test_what_is_saved_is_not_saved_again():
    with pytest.raises(RunError, match="nothing is in memory that was not saved before"):
        SaveError("x").save_to("anywhere")
