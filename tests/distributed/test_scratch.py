"""Where workers train, and what is left of those that were killed."""

import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from lenet.distributed import scratch
from lenet.files import locks


@pytest.fixture
def memory(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch, "MEMORY", tmp_path)
    return tmp_path


def free(monkeypatch, num_bytes):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(num_bytes, 0, num_bytes))


def test_it_is_in_memory_where_there_is_room(memory, monkeypatch):
    free(monkeypatch, 8 << 30)
    assert scratch.place() == memory
    free(monkeypatch, 64 << 20)  # what a container has
    assert scratch.place() == Path(tempfile.gettempdir())
    monkeypatch.setattr(scratch, "MEMORY", memory / "none")  # what other systems have
    assert scratch.place() == Path(tempfile.gettempdir())


def test_a_folder_goes_with_its_training(memory):
    with scratch.folder(memory) as folder:
        assert locks.is_locked(folder) in (True, None)
        (folder / "file").write_text("content")
    assert not [*memory.iterdir()]


@pytest.mark.skipif(locks.fcntl is None, reason="this system has no locks")
def test_what_killed_workers_left_is_removed(memory):
    old, young = memory / f"{scratch.PREFIX}old", memory / f"{scratch.PREFIX}young"
    with scratch.folder(memory) as locked:
        for folder in (old, young):
            folder.mkdir()
        (old / "file").write_text("content")
        for folder in (old, locked):
            os.utime(folder, (time.time() - 100, time.time() - 100))
        scratch.tidy(memory)
        assert {*memory.iterdir()} == {young, locked}
