"""The line that shows how far many images have come: where it is shown, and that it leaves nothing behind."""

import io

import pytest

from lenet.cli import progress
from lenet.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by a quarter of a second whenever it is read."""
    now = iter(range(10_000))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now) / 4)


def shown(monkeypatch, stdout, stderr, total=40, prints=True):
    monkeypatch.setattr("sys.stdout", stdout)
    monkeypatch.setattr("sys.stderr", stderr)
    with Progress(total, prints) as line:
        for _ in range(total):
            line.advance()
    return stderr.getvalue()


@pytest.mark.parametrize("prints", [True, False])
def test_it_shows_what_is_done_and_what_is_left(clock, monkeypatch, prints):
    stdout = io.StringIO() if prints else Terminal()
    text = shown(monkeypatch, stdout, Terminal(), prints=prints)
    lines = text.split("\r")[1:]
    assert lines[19].rstrip() == "20 of 40 images, 4 a second, 5 s left"
    assert lines[39].rstrip() == "40 of 40 images, 4 a second, 0 s left"
    assert lines[40:] == [" " * len(lines[39].rstrip()), ""]
    assert stdout.getvalue() == ""


@pytest.mark.parametrize(
    ("stdout", "stderr", "total"),
    [(Terminal, Terminal, 40), (io.StringIO, io.StringIO, 40), (io.StringIO, Terminal, 3)],
)
def test_it_is_silent_where_answers_move_or_nobody_watches(clock, monkeypatch, stdout, stderr, total):
    assert shown(monkeypatch, stdout(), stderr(), total) == ""


def test_another_line_can_be_printed_between(clock, monkeypatch):
    stderr = Terminal()
    monkeypatch.setattr("sys.stderr", stderr)
    monkeypatch.setattr("sys.stdout", io.StringIO())
    with Progress(100, prints=True) as line:
        line.advance()
        line.clear()
        stderr.write("error: one is bad\n")
        line.advance()
    blank = " " * len("1 of 100 images, 4 a second, 25 s left")
    assert f"\r{blank}\rerror: one is bad\n\r2 of 100" in stderr.getvalue()


def test_closed_streams_are_no_terminals(clock, monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    monkeypatch.setattr("sys.stdout", None)
    with Progress(100, prints=True) as line:
        line.advance()
