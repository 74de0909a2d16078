"""Plain lines: what each of these displays prints."""

import dataclasses
import io
import re
import subprocess
import sys

import pytest
from terminal import FakeTerminal, without_styles

import lenet
from lenet.display.messages import program
from lenet.display.plain import Lines, Quiet, Silent
from lenet.display.terminal import Terminal
from lenet.doctor.finding import Finding


def trained(tiny, folder, display, **settings):
    lenet.train(tiny, recipe="fast", epochs=2, batch_size=50, progress=display, out=folder / "run", **settings)


def test_lines_are_a_header_and_one_line_per_epoch(tiny, tmp_path):
    stream = io.StringIO()
    trained(tiny, tmp_path, Lines(stream))
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("data    toy: 1,000 train, 200 test, 28×28, 10 classes (made up)")
    assert lines[1].startswith("model   lenet: 61,706 parameters, activation relu, padding 2 (recipe fast: adamw")
    assert re.match(r"engine  cpu \(auto: .*\) on \S+ \(auto: .*\), \d+ thread", lines[2])
    run = lenet.load(tmp_path / "run")
    for number, (line, point) in enumerate(zip(lines[3:5], run.epochs, strict=True), start=1):
        assert line.startswith(f"epoch {number}/2  train loss {point.train_loss:.4f}")
        assert f"test acc {point.test_accuracy:.4f}" in line
    call = program()
    assert lines[-2:] == [f"next    {call} evaluate {run.path} --plot", f"        {call} predict {run.path} IMAGE"]
    assert "\x1b" not in stream.getvalue()


def test_quiet_says_only_what_must_not_be_missed(tiny, tmp_path):
    stream = io.StringIO()
    trained(tiny, tmp_path / "one", Quiet(stream))
    assert stream.getvalue() == ""
    trained(dataclasses.replace(tiny, notice="these images were made up"), tmp_path / "two", Quiet(stream))
    assert stream.getvalue() == "NOTICE  these images were made up\n"


def test_a_notice_is_shown_by_all_that_speak():
    for display in (Quiet(stream := io.StringIO()), Lines(stream)):
        display.notice("the disk is full")
    assert stream.getvalue() == "NOTICE  the disk is full\n" * 2


@pytest.mark.process
def test_a_script_shows_plain_lines_on_stderr(tmp_path):
    code = f"import lenet; lenet.train('digits', epochs=1, validation=59_000, out={str(tmp_path / 'run')!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "epoch 1/1  train loss" in done.stderr


def test_findings_are_shown_by_all_but_the_silent(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    finding = Finding("chance-level", "the network guesses", {"loss": 2.3026}, "change something", epoch=1, step=235)
    shown = {}
    for kind in (Quiet, Lines, Terminal):
        stream = FakeTerminal()
        kind(stream).finding(finding)
        shown[kind] = stream.getvalue()
    assert set(map(without_styles, shown.values())) == {
        "FINDING  chance-level: the network guesses\n"
        "         evidence  loss 2.303 (epoch 1)\n"
        "         remedy    change something\n"
    }
    assert "\x1b[1m" in shown[Terminal]  # bold
    Silent().finding(finding)
