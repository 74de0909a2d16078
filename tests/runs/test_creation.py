"""How a run begins: in a folder of its own, whole or not at all."""

import dataclasses
import datetime
import errno
import itertools
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from toys import ENVIRONMENT, toy_run

from lenet.configuration import configure
from lenet.errors import RunError
from lenet.files import durable
from lenet.runs.creation import new_default
from lenet.runs.run import Run, find_runs


def test_a_run_never_lands_on_something_else(recorder, tmp_path):
    with pytest.raises(RunError, match="already holds a run"):
        toy_run(recorder.path)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="is a file; expected a folder"):
        toy_run(tmp_path / "file")
    with pytest.raises(RunError, match="cannot make the run directory"):
        toy_run(tmp_path / "file" / "run")
    with pytest.raises(RunError, match="is not empty"):
        toy_run(tmp_path)
    assert (tmp_path / "file").read_text() == "mine"


def test_the_default_name_is_never_taken_twice(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {toy_run(None).path.name for _ in range(3)}
    assert len(names) == 3
    assert all("-toy-softmax" in name for name in names)
    assert len(find_runs(tmp_path / "runs")[0]) == 3


def test_the_default_name_says_when_and_what_and_counts_from_two(tmp_path, monkeypatch):
    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 3, 4, 5, 6, 7)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lenet.runs.creation.datetime.datetime", Clock)
    names = [new_default("toy", "softmax") for _ in range(3)]
    stem = "2026-03-04-050607-toy-softmax"
    assert names == [Path("runs") / name for name in (stem, f"{stem}-2", f"{stem}-3")]
    assert all(path.is_dir() for path in names)


@pytest.mark.parametrize("name", ["../../evil", "a/b", "a:b"])
def test_the_name_of_own_data_does_not_leave_the_folder(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = new_default(name, "softmax")
    assert path.parent == Path("runs")
    assert re.fullmatch(r"[\w-]+", path.name)
    assert [folder.name for folder in tmp_path.iterdir()] == ["runs"]


@pytest.mark.parametrize("is_finished", [False, True])
def test_where_a_run_is_the_hint_resumes_it_unless_it_is_finished(recorder, is_finished):
    if is_finished:
        (recorder.path / "summary.json").write_text("{}")
    with pytest.raises(RunError, match="already holds a run") as caught:
        toy_run(recorder.path)
    resume = f", or resume it: lenet train --resume {recorder.path}"
    assert caught.value.hint == "choose another with --out DIR" + ("" if is_finished else resume)


@pytest.mark.parametrize(
    ("name", "is_left"),
    [
        ("environment.json", True),
        ("metrics.jsonl", True),
        (".model.safetensors.0123abcd.tmp", True),
        ("model.safetensors", False),
        ("summary.json", False),
        ("mine.tmp", False),
    ],
)
def test_only_what_a_dead_process_may_have_left_is_replaced(tmp_path, name, is_left):
    (tmp_path / name).write_text("left")
    if is_left:
        assert toy_run(tmp_path).path == tmp_path
        assert not (tmp_path / name).is_file() or (tmp_path / name).read_text() != "left"
    else:
        with pytest.raises(RunError, match="is not empty"):
            toy_run(tmp_path)
        assert (tmp_path / name).read_text() == "left"


def test_a_folder_with_what_a_dead_process_left_is_taken(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "environment.json").write_text("{}")
    (folder / ".config.json.0123abcd.tmp").write_text("{")
    run = toy_run(folder)
    assert sorted(path.name for path in run.path.iterdir()) == ["config.json", "environment.json"]


def test_two_trainings_never_share_a_folder(tmp_path, monkeypatch):
    """Many threads at once, one second, one name: each gets a folder of its own."""
    monkeypatch.chdir(tmp_path)
    config = configure("fast", model="softmax")
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: toy_run(None), range(24)))
    assert len({run.path for run in runs}) == 24
    assert all(Run.load(run.path, finished=False).config == config for run in runs)


def test_of_many_who_want_one_new_folder_one_gets_it_whole(tmp_path):
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        folder.mkdir()

        def begin(seed, folder=folder):
            try:
                return toy_run(folder, dataclasses.replace(ENVIRONMENT, cores=seed), seed=seed)
            except RunError:
                return None

        with ThreadPoolExecutor(4) as pool:
            runs = [run for run in pool.map(begin, range(4)) if run]
        assert len(runs) == 1
        seed = runs[0].config.seed
        assert json.loads((folder / "config.json").read_text())["config"]["seed"] == seed
        assert json.loads((folder / "environment.json").read_text())["cores"] == seed


def fail_nth(monkeypatch, nth):
    """The nth sync fails, those before and after it do not."""
    calls, real = itertools.count(1), os.fsync

    def fail(file):
        if next(calls) == nth:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(file)

    monkeypatch.setattr(durable, "RETRY_SECONDS", 0)
    monkeypatch.setattr("os.fsync", fail)


def test_a_beginning_that_fails_once_is_begun_again(tmp_path, monkeypatch):
    for nth in range(1, 8):
        with monkeypatch.context() as patched:
            fail_nth(patched, nth)
            run = toy_run(tmp_path / str(nth))
        assert sorted(path.name for path in run.path.iterdir()) == ["config.json", "environment.json"]


def test_files_that_only_the_last_sync_missed_are_kept_and_synced(tmp_path, monkeypatch):
    """On a disk that will not remove them either."""
    synced, real = [], durable.sync_folder

    def sync(folder):
        synced.append(folder)
        if (folder / "config.json").exists() and synced.count(folder) == 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(folder)

    def fail(path):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(durable, "RETRY_SECONDS", 0)
    monkeypatch.setattr(durable, "sync_folder", sync)
    monkeypatch.setattr(durable, "remove", fail)
    run = toy_run(tmp_path / "run")
    assert sorted(path.name for path in run.path.iterdir()) == ["config.json", "environment.json"]
    assert synced[-1] == run.path
    assert synced.count(run.path) == 3
