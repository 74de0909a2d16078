"""The laboratory itself: that it does the harm it says, and that it would see what is lost."""

import collections
import contextlib
import dataclasses
import errno
import json
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest
from faultlab import corruption, kills, resuming, saving, signals
from faultlab.trainings import (
    CHANGES,
    STEPS,
    Child,
    Ledger,
    begin,
    count,
    digest,
    do,
    intercepted,
    newest,
    restart,
    small_images,
    strays,
    traces,
)

from lenet.errors import RunError
from lenet.files import durable
from lenet.runs.recorder import Recorder

TINY = {**kills.STEPWISE, "epochs": 1, "model": "softmax", "activation": None}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("laboratory") / "whole"
    begin(folder, kills.STEPWISE)
    return folder


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(durable, "RETRY_SECONDS", 0)


def test_a_child_returns_raises_and_can_be_killed():
    assert do(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        do(divmod, 7, 0)
    child = Child(time.sleep, 100)
    child.signal(signal.SIGKILL)
    assert child.end() == -signal.SIGKILL
    child.signal(signal.SIGKILL)  # nobody is there
    with pytest.raises(RuntimeError, match="ended with -9"):
        child.result()


def test_small_images_are_the_same_each_time():
    first = small_images().fingerprint
    small_images.cache_clear()
    assert small_images().fingerprint == first


def test_calls_that_change_a_folder_are_met_and_no_others(tmp_path):
    inside, beside = tmp_path / "run", tmp_path / "run.log"
    met = []

    def meet(call):
        met.append((call.number, call.name, Path(call.path).name))
        return call.go()

    def act():
        inside.mkdir()
        for path in (inside / "file", beside):
            file = os.open(path, os.O_CREAT | os.O_WRONLY)
            os.write(file, b"content")
            os.close(file)
            os.close(os.open(path, os.O_RDONLY))

    real = os.write
    with intercepted(inside, CHANGES, meet):
        act()
    assert met == [(1, "mkdir", "run"), (2, "open", "file"), (3, "write", "file")]
    assert os.write is real
    shutil.rmtree(inside)
    assert count(inside, STEPS, act) == ["mkdir", "open", "write", "close", "close"]


def test_a_child_dies_at_the_call_it_should(tmp_path):
    calls, _, _ = do(kills.undisturbed, tmp_path / "whole", TINY)
    last = len(calls) - calls[::-1].index("replace")  # that of summary.json
    for number, exists in ((last, False), (last + 1, True)):
        run = tmp_path / str(number)
        assert Child(kills.dying, run, TINY, number, False).end() == -signal.SIGKILL
        assert (run / "summary.json").exists() is exists
        assert len(strays(run)) == (not exists)
        do(restart, run, TINY) if not exists else None
        assert strays(run) == []
        assert traces(run) == traces(tmp_path / "whole")


def test_traces_are_those_of_weights_and_numbers_not_of_times(whole, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(whole, run)

    def change(name, old, new):
        path = run / name
        assert old in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(old, new))

    change("summary.json", b'"seconds": ', b'"seconds": 1')
    change("metrics.jsonl", b'"images_per_second": ', b'"images_per_second": 1')
    assert traces(run) == traces(whole)
    change("metrics.jsonl", b'"train_loss": 2', b'"train_loss": 3')
    assert {key for key, value in traces(run).items() if value != traces(whole)[key]} == {"metrics"}
    change("summary.json", b'"seed": 0', b'"seed": 1')
    assert {key for key, value in traces(run).items() if value != traces(whole)[key]} == {"metrics", "summary"}
    (run / "model.safetensors").write_bytes(b"other")
    with pytest.raises(ValueError, match="other weights"):
        traces(run)


def test_what_does_not_belong_into_a_run_is_a_stray(whole, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    assert strays(run) == []
    (run / ".summary.json.0123abcd.tmp").touch()
    (run / "checkpoints/step-000001.safetensors").touch()
    assert strays(run) == [".summary.json.0123abcd.tmp", "checkpoints/step-000001.safetensors"]


def test_the_ledger_knows_what_began_and_what_returned(tmp_path, monkeypatch):
    ledger = Ledger(tmp_path / "ledger")
    assert ledger.read() == (0, 0)
    real = Recorder.checkpoint

    def fail(run, step, *arguments):
        if step > 6:
            raise RunError("the disk is gone")
        real(run, step, *arguments)

    monkeypatch.setattr(Recorder, "checkpoint", fail)
    with pytest.raises(RunError), ledger.kept() as digests:
        begin(tmp_path / "run", kills.STEPWISE)
    assert ledger.read() == (8, 6)
    found = newest(tmp_path / "run")
    assert digests[6] == digest(found.tensors)
    assert digest(dict(list(found.tensors.items())[1:])) != digests[6]


@pytest.mark.parametrize("way", saving.WAYS)
def test_the_laboratory_would_see_a_save_that_fails_in_silence(whole, tmp_path, monkeypatch, at_once, way):
    kind = dataclasses.replace(saving.KINDS["disk full"], calls=("replace",))
    assert saving.fate(tmp_path, kind, way, 5, traces(whole)) == ""
    real = durable.write

    def silent(path, content):
        with contextlib.suppress(OSError):
            real(path, content)

    monkeypatch.setattr(durable, "write", silent)
    assert saving.fate(tmp_path, kind, way, 10**9, traces(whole)) == saving.NO_TRIAL
    assert saving.fate(tmp_path, kind, way, 5, traces(whole)) != ""


def test_the_laboratory_would_see_an_error_that_does_not_say_it(tmp_path):
    error = durable.explain(OSError(errno.ENOSPC, ""))[0]
    run = tmp_path / "run"
    says = saving.says_all
    assert says(RunError(f"cannot write {run}: {error}", hint="make room"), run, (error,), begun=False)
    assert not says(RunError(f"cannot write {run}: {error}", hint="make room"), run, (error,), begun=True)
    assert not says(RunError(f"cannot write {run}: {error}"), run, (error,), begun=False)
    assert not says(RunError(f"cannot write {run}", hint="make room"), run, (error,), begun=False)
    assert not says(OSError(errno.ENOSPC, error), run, (error,), begun=False)


def test_the_laboratory_would_see_a_damaged_checkpoint_that_is_taken(whole, tmp_path):
    corruption.cut(tmp_path / "cut", before="model.safetensors")
    files = corruption.newest_files(tmp_path / "cut")
    unharmed = list(files.items())[:1]
    harmed = corruption.truncations(files, 4) + corruption.flips(files, 6, random.Random(0))
    assert all(content != files[name] for name, content in harmed)
    assert corruption.fates_of(tmp_path, harmed, traces(whole), corruption.refused) == collections.Counter(
        {"": len(harmed)}
    )
    fates = corruption.fates_of(tmp_path, unharmed, traces(whole), corruption.refused)
    assert fates == collections.Counter({"took step 8 of [6, 8]": 1})


def test_lines_are_torn_at_each_byte_in_letters_too(whole, tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"step": 1}\n{"step": 2}\n')
    contents = [content for _, content in corruption.torn(tmp_path)]
    assert contents[0] == b'{"step": 1}\n' + bytes(12)
    assert b'{"step": 1}\n{"ste' in contents
    assert b'{"step": 1}\n{"ste' + bytes(7) in contents
    torn = [content for content in contents if content.endswith("ö".encode()[:1])]
    assert torn
    with pytest.raises(UnicodeDecodeError):
        torn[0].decode()
    assert all(content.startswith(b'{"step": 1}\n') and not content.endswith(b"}\n") for content in contents)


def test_a_signal_that_ends_wrongly_is_seen(whole, tmp_path):
    expected = traces(whole)

    def judged(run=whole, code=143, latency=0.1, text=None):
        fate = signals.judge(run, code, signal.SIGTERM, latency, text, expected, lambda: None)
        return fate.place, fate.wrong

    assert judged() == judged(code=0) == judged(code=-15) == ("ended anyway", "")
    assert "exit code 1 " in judged(code=1)[1]
    assert "exit code 130 " in judged(code=130)[1]
    assert "only after 2.5 s" in judged(latency=2.5)[1]
    begun = tmp_path / "begun"
    shutil.copytree(whole, begun)
    (begun / "summary.json").unlink()
    assert judged(begun, code=-15) == (
        "stopped in training",
        "exit code -15 for signal 15 stopped in training",
    )
    assert "did not print how to resume" in judged(begun, text="stopped")[1]
    assert "has not finished" in judged(begun, text=f"lenet train --resume {begun}")[1]  # nobody resumed it
    assert judged(tmp_path / "none", code=-15)[0] == "before the run began"


def test_the_place_of_a_cut_is_known(whole, tmp_path):
    run = tmp_path / "run"
    assert resuming.place(run, 2) == "before the run began"
    shutil.copytree(whole, run)
    assert resuming.place(run, 2) == "after the end"
    (run / "summary.json").unlink()
    assert resuming.place(run, 2) == "in the final save"
    lines = (run / "metrics.jsonl").read_bytes().splitlines(keepends=True)
    kinds = [json.loads(line)["kind"] for line in lines]
    (run / "metrics.jsonl").write_bytes(b"".join(lines[: kinds.index("epoch") + 1]))
    assert resuming.place(run, 2) == "at the end of an epoch"
    (run / "metrics.jsonl").write_bytes(b"".join(lines[: -kinds[::-1].index("chunk")]))
    assert resuming.place(run, 2) == "in the middle of an epoch"
    shutil.rmtree(run / "checkpoints")
    assert resuming.place(run, 2) == "before the first checkpoint"
