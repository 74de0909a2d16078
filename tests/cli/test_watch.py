"""`lenet watch` and `lenet explore --serve`: pages that are served until Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request

import pytest

from lenet.cli import explore
from lenet.explorer import export, live
from lenet.explorer.server import PageServer


@pytest.fixture
def seen(monkeypatch):
    """The pages that a browser was sent to; when it has one, Ctrl-C is pressed."""
    pages = []

    def look(address):
        with urllib.request.urlopen(address.replace("0.0.0.0", "127.0.0.1"), timeout=20) as answer:
            pages.append(answer.read())
        os.kill(os.getpid(), signal.SIGINT)

    def opened(address):
        threading.Thread(target=look, args=(address,)).start()
        return True

    monkeypatch.setattr(export, "open_in_browser", opened)
    monkeypatch.setattr(explore, "lower_priority", lambda: None)
    monkeypatch.setattr("lenet.explorer.watched.PATIENCE", 60)
    return pages


def test_watch_serves_the_page_until_ctrl_c(lenet_command, trained, seen):
    code, out, err = lenet_command("watch", trained.path)
    assert (code, out) == (0, "")
    assert err.startswith("serving http://127.0.0.1:")
    assert err.endswith("/; Ctrl-C ends it\n")
    assert b'"live":{' in seen[0]


def test_explore_serves_the_page_without_a_file(lenet_command, trained, tmp_path, monkeypatch, seen):
    monkeypatch.chdir(tmp_path)
    code, out, err = lenet_command("explore", trained.path, "--images", "5", "--serve", "--host", "0.0.0.0")
    assert (code, out) == (0, "")
    assert err.startswith("warning: everyone in this network who has this address can see the page")
    assert b'"live":{' not in seen[0]
    assert list(tmp_path.iterdir()) == []


def test_mistakes(lenet_command, trained, tmp_path):
    with PageServer("127.0.0.1", 0, {}) as other:
        port = str(other.server_port)
        for arguments, message in (
            (("watch", tmp_path / "gone"), "error: no run directory "),
            (("watch", tmp_path), "is not a run directory"),
            (("watch", trained.path, "--port", port), f"error: port {port} is in use\nhint: --port 0 takes any"),
            (("watch", trained.path, "--port", "70000"), "error: --port is 70000"),
            (("watch", trained.path, "--host", "192.0.2.7"), "error: cannot listen at 192.0.2.7: "),
            (
                ("explore", trained.path, "--port", "8000"),
                "error: --host and --port apply only to a page that is served",
            ),
            (("explore", trained.path, "--serve", "--out", "x.html"), "error: --serve writes no file"),
        ):
            code, out, err = lenet_command(*arguments)
            assert (code, out) == (2, "")
            assert message in err


@pytest.mark.parametrize("more", [(), ("--json",), ("--quiet",)])
def test_a_training_says_where_its_page_is(lenet_command, tmp_path, monkeypatch, more):
    quick = "from lenet.explorer import live; live.LINGER, live.LOOK = 0, 0.1; live.main()"
    started = []

    def start(*arguments, start=subprocess.Popen, **options):
        started.append(start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(live, "COMMAND", [sys.executable, "-c", quick])
    monkeypatch.setattr(live.subprocess, "Popen", start)
    settings = ("--data", "digits", "--epochs", "1", "--validation", "59000", "--out", tmp_path / "run")
    code, out, err = lenet_command("train", *settings, "--live", *more)
    assert code == 0
    assert started[0].wait(30) == 0
    place = re.compile(r"^page +(http://127\.0\.0\.1:\d+/\w{10}/)$", re.MULTILINE)
    assert len(place.findall(out + err)) == 1
    assert ("is served until nobody has looked at it for ten minutes" in err) == (more != ("--quiet",))
