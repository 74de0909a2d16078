"""Changes of a run directory: each is tried twice, and what failed is named with the way to resume."""

import errno
import os

import pytest

from lenet.errors import SaveError
from lenet.files import durable
from lenet.runs.folder import Folder


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    waits = []
    monkeypatch.setattr("lenet.runs.folder.time.sleep", waits.append)
    return waits


@pytest.mark.parametrize("num_failures", [0, 1, 2])
def test_a_change_is_tried_twice(tmp_path, hasty, num_failures):
    tries = []

    def action(path):
        tries.append(path)
        if len(tries) <= num_failures:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    folder = Folder(tmp_path)
    if num_failures < 2:
        folder.change("file", action)
    else:
        with pytest.raises(SaveError) as caught:
            folder.change("file", action)
        assert caught.value.message == f"cannot write {tmp_path / 'file'}: the disk is full"
    assert tries == [tmp_path / "file"] * min(2, num_failures + 1)
    assert hasty == [durable.RETRY_SECONDS] * (num_failures > 0)


@pytest.mark.parametrize("place", ["from the first step", "from the last checkpoint, which is whole"])
def test_the_hint_says_from_where_the_run_is_resumed(tmp_path, place):
    folder = Folder(tmp_path)
    if "checkpoint" in place:
        folder.checkpoints.mkdir()
        (folder.checkpoints / "step-000007.json").write_text("{}")

    def fail(path):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with pytest.raises(SaveError) as caught:
        folder.change("", fail)
    assert caught.value.hint == f"make it writable, then lenet train --resume {tmp_path} resumes {place}"


def test_files_are_written_and_json_as_all_of_lenets(tmp_path):
    folder = Folder(tmp_path)
    folder.write("a", b"content")
    folder.write_json("b.json", {"é": 1})
    assert (tmp_path / "a").read_bytes() == b"content"
    assert (tmp_path / "b.json").read_bytes() == durable.as_json({"é": 1})
    assert folder.checkpoints == tmp_path / "checkpoints"


def test_tidying_removes_later_checkpoints_and_leftovers(tmp_path):
    folder = Folder(tmp_path)
    folder.tidy(5)  # without checkpoints
    folder.checkpoints.mkdir()
    for step in (3, 5, 9):
        for suffix in ("json", "safetensors"):
            (folder.checkpoints / f"step-{step:06d}.{suffix}").touch()
    for path in (tmp_path / ".a.0123abcd.tmp", folder.checkpoints / ".b.0123abcd.tmp", tmp_path / "mine.tmp"):
        path.touch()
    folder.tidy(5)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "mine.tmp",
        "step-000003.json",
        "step-000003.safetensors",
        "step-000005.json",
        "step-000005.safetensors",
    ]
