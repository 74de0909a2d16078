"""Watching a run: what the page says of it while it is written, and how it stops."""

import json
import os
import shutil
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from trainings import train_toy

from lenet.display.plain import Lines, Quiet
from lenet.errors import RunError
from lenet.explorer import live
from lenet.explorer.watched import Watched
from lenet.files import locks
from lenet.runs import stop_request
from lenet.runs.run import Run
from lenet.training.interrupts import Interrupted

MAY_COMPUTE = Watched._may_compute
# The server's process with less patience, and with a priority of its own, so that a busy machine does not make it wait.
QUICK = (
    "from lenet.explorer import live; live.LINGER, live.LOOK = 3, 0.1; live.lower_priority = lambda: None; live.main()"
)


class StopAfter(Quiet):
    """Asks for the end after so many chunks."""

    def __init__(self, path, chunks):
        super().__init__(sys.stderr)
        self.path, self.left = path, chunks

    def chunk(self, point):
        self.left -= 1
        if self.left == 0:
            stop_request.request(self.path)


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    monkeypatch.setattr("lenet.explorer.watched.PATIENCE", 60)
    monkeypatch.setattr(Watched, "_may_compute", lambda watched: True)


@pytest.fixture(scope="module")
def unfinished(tiny, tmp_path_factory):
    """A run that was stopped in its second epoch."""
    folder = tmp_path_factory.mktemp("unfinished")
    with pytest.raises(Interrupted):
        train_toy(tiny, folder, progress=StopAfter(folder / "run", 14))
    return folder / "run"


@pytest.fixture
def stopped(unfinished, tmp_path):
    """A copy of it that may be changed."""
    return Path(shutil.copytree(unfinished, tmp_path / "stopped"))


def data_of(page: bytes):
    return json.loads(page.split(b'id="data">')[1].split(b"</script>")[0])


def test_what_a_training_does(stopped, tiny_run):
    watched = Watched(stopped)
    assert watched.state == "stopped"
    assert not watched.stop()
    with locks.lock(stopped):
        assert watched.state == "training"
        assert watched.stop()
        assert watched.state == "stopping"
    assert Watched(tiny_run.path).state == "finished"


def test_without_locks_a_run_that_was_just_written_is_a_training(stopped, monkeypatch):
    monkeypatch.setattr(locks, "fcntl", None)
    watched = Watched(stopped)
    assert watched.state == "training"
    monkeypatch.setattr("lenet.explorer.watched.FRESH", -1)
    assert watched.state == "stopped"


def test_new_points_come_once(stopped, monkeypatch):
    monkeypatch.setattr(Watched, "_make", lambda watched, state: None)
    watched, path = Watched(stopped), stopped / "metrics.jsonl"
    news = watched.news(0)
    assert len(news["chunks"]) == 14
    assert (len(news["epochs"]), news["epochsPlanned"]) == (1, 2)
    assert news["offset"] == path.stat().st_size
    assert watched.news(news["offset"])["chunks"] == []
    line = json.dumps(news["chunks"][-1] | {"step": 99})
    with path.open("a") as file:
        file.write(line[:50])
    assert watched.news(news["offset"])["offset"] == news["offset"]  # half a line
    with path.open("a") as file:
        file.write(line[50:] + "\n")
    assert [point["step"] for point in watched.news(news["offset"])["chunks"]] == [99]
    path.write_bytes(b"")
    assert watched.news(news["offset"])["isReset"]
    path.write_text('{"kind": "chunk"}\nno point\n')
    assert watched.news(0)["problem"].startswith(f"{path} cannot be used: ")


def test_the_page_is_that_of_the_newest_checkpoint(stopped):
    watched = Watched(stopped)
    page = watched.page()
    data = data_of(page)
    assert data["live"] == {
        "state": "state",
        "stop": "stop",
        "weights": "step 28",
        "offset": (stopped / "metrics.jsonl").stat().st_size,
    }
    assert any("has not finished" in notice for notice in data["notices"])
    assert len(data["runs"][0]["points"]["chunks"]) == 14
    assert watched.page() is page
    assert watched.news(0)["weights"] == "step 28"
    with locks.lock(stopped):
        assert not any("has not finished" in notice for notice in data_of(Watched(stopped).page())["notices"])


def test_newer_weights_are_offered_only_after_a_while(stopped, monkeypatch):
    watched = Watched(stopped)
    first, second = (f"step-{step:06d}" for step in (28, 20))
    for path in list((stopped / "checkpoints").iterdir()):
        if path.stem == first:
            path.rename(path.with_name("kept" + path.suffix))
    assert data_of(watched.page())["live"]["weights"] == "step 20", second
    for path in (stopped / "checkpoints").glob("kept.*"):
        path.rename(path.with_name(first + path.suffix))
    with locks.lock(stopped):
        monkeypatch.setattr(Watched, "_may_compute", lambda watched: False)
        assert watched.news(0)["weights"] == "step 20"
        assert b"opens here" in Watched(stopped).page()
        monkeypatch.setattr(Watched, "_may_compute", lambda watched: True)
        watched.news(0)
        watched._making.join()
        assert watched.news(0)["weights"] == "step 28"
    assert data_of(watched.page())["live"]["weights"] == "step 28"


def test_a_run_without_a_checkpoint_waits(stopped):
    shutil.rmtree(stopped / "checkpoints")
    watched = Watched(stopped)
    assert b"opens here" in watched.page()
    assert watched.news(0)["weights"] == ""


def test_a_damaged_checkpoint_is_a_sentence(stopped, monkeypatch):
    monkeypatch.setattr("lenet.explorer.watched.TRIES", 1)
    for path in (stopped / "checkpoints").glob("*.safetensors"):
        path.write_bytes(b"x")
    watched = Watched(stopped)
    page = watched.page()
    assert b"no whole checkpoint" in page
    assert b"opens here" in page
    assert "no whole checkpoint" in watched.news(0)["problem"]


def test_a_run_that_is_not_there(tmp_path):
    with pytest.raises(RunError, match="no run directory"):
        live.served(tmp_path / "gone")


def test_a_training_is_watched_and_stopped_by_its_page(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(live, "COMMAND", [sys.executable, "-c", QUICK])
    display = live.Live(Lines(sys.stdout))
    answers = {}

    def ask(address, method="GET"):
        with urllib.request.urlopen(urllib.request.Request(display.url + address, method=method), timeout=20) as answer:
            return answer.read()

    def look():
        until = time.monotonic() + 120  # a machine may be very busy
        while not display.url and time.monotonic() < until:
            time.sleep(0.01)
        answers["page"] = ask("")
        while not json.loads(ask("state"))["chunks"] and time.monotonic() < until:
            time.sleep(0.01)
        answers["state"] = json.loads(ask("state"))["state"]
        answers["stop"] = json.loads(ask("stop", "POST"))
        while json.loads(ask("state"))["state"] != "stopped" and time.monotonic() < until:
            time.sleep(0.01)
        answers["end"] = data_of(ask(""))

    person = threading.Thread(target=look)
    person.start()
    with pytest.raises(Interrupted):
        train_toy(tiny, tmp_path, epochs=5000, progress=display)
    person.join()
    assert b"opens here" in answers["page"] or b'id="page"' in answers["page"]
    assert (answers["state"], answers["stop"]) == ("training", {"isStopping": True})
    assert answers["end"]["runs"][0]["name"] == "run"
    assert answers["end"]["live"]["weights"].startswith("step ")
    assert f"page    {display.url}\n" in capsys.readouterr().out
    assert not Run(tmp_path / "run").is_finished
    assert display.server.wait(30) == 0  # nobody asks any more


def test_without_a_training_the_server_ends(monkeypatch):
    display = live.Live(Quiet(sys.stderr))
    display.close()
    assert display.server.wait(30) == 0


def test_a_page_may_take_a_small_share_of_the_training(stopped, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    watched, environment = Watched(stopped), json.loads((stopped / "environment.json").read_text())
    used = time.process_time() + 1.0
    for threads, share in ((8, 0.015), (4, 0.2)):
        (stopped / "environment.json").write_text(json.dumps(environment | {"threads": threads}))
        for seconds, expected in ((0.9 * used / share, False), (1.2 * used / share, True)):
            for name in ("config.json", "environment.json"):
                os.utime(stopped / name, (time.time() - seconds,) * 2)
            assert MAY_COMPUTE(watched) is expected
