import io
import os
import re
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

import lenet
from lenet.display.progress import DownloadBar, Lines, Quiet, Silent, Terminal, choose_progress, program
from lenet.doctor.finding import Finding
from lenet.errors import ConfigError

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def plain(text):
    return ANSI.sub("", text)


class Screen(io.StringIO):
    def isatty(self):
        return True


def shown(tiny, folder, show, **settings):
    lenet.train(tiny, epochs=2, batch_size=50, progress=show, out=folder / "run", **settings)


def test_lines_are_a_header_and_one_line_per_epoch(tiny, tmp_path):
    stream = io.StringIO()
    shown(tiny, tmp_path, Lines(stream))
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("data    toy: 1,000 train, 200 test, 28×28, 10 classes (made up)")
    assert lines[1].startswith("model   lenet: 61,706 parameters, activation relu, padding 2 (recipe fast: adamw")
    assert re.match(r"engine  cpu \(auto: .*\) on \S+ \(auto: .*\), \d+ thread", lines[2])
    run = lenet.load(tmp_path / "run")
    for number, (line, point) in enumerate(zip(lines[3:5], run.epochs, strict=True), start=1):
        assert line.startswith(f"epoch {number}/2  train loss {point.train_loss:.4f}")
        assert f"test acc {point.test_accuracy:.4f}" in line
    call = program()
    assert lines[-2:] == [f"next    {call} evaluate {run.path} --plot", f"        {call} predict {run.path} PICTURE"]
    assert "\x1b" not in stream.getvalue()


def test_the_next_commands_are_what_the_shell_understands(monkeypatch, tmp_path):
    (tmp_path / "bin").mkdir()
    for name in ("lenet", "python"):
        (tmp_path / "bin" / name).touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert program() == "lenet"
    monkeypatch.setenv("PATH", "/nowhere")
    assert program() == str(tmp_path / "bin/lenet")
    monkeypatch.chdir(tmp_path)
    assert program() == "bin/lenet"
    (tmp_path / "bin/lenet").unlink()
    assert program() == "lenet"


def test_a_terminal_gets_a_table_with_progress_and_remaining_time(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    stream = Screen()
    shown(tiny, tmp_path, Terminal(stream), validation=100)
    text = ANSI.sub("", stream.getvalue())
    assert re.search(r"epoch +train loss +train acc +validation acc +test loss +test acc +images/s", text)
    assert "remaining" in text
    assert re.search(r"[\r\n] +2 +\d\.\d{4} ", text)
    assert "saved" in text


def test_quiet_says_only_what_must_not_be_missed(tiny, tmp_path):
    import dataclasses

    stream = io.StringIO()
    shown(tiny, tmp_path / "one", Quiet(stream))
    assert stream.getvalue() == ""
    shown(dataclasses.replace(tiny, notice="these are not the pictures you hoped for"), tmp_path / "two", Quiet(stream))
    assert stream.getvalue() == "NOTICE  these are not the pictures you hoped for\n"


def test_the_stream_decides_what_is_shown():
    assert type(choose_progress("auto", Screen())) is Terminal
    assert type(choose_progress("auto", io.StringIO())) is Lines
    assert type(choose_progress("quiet", Screen())) is Quiet
    own = Quiet(io.StringIO())
    assert choose_progress(own) is own
    with pytest.raises(ConfigError, match="unknown progress 'loud'"):
        choose_progress("loud")


def test_no_color_is_obeyed(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Screen()
    shown(tiny, tmp_path, Terminal(stream))
    assert not re.search(r"\x1b\[(\d+;)*3[0-7]m", stream.getvalue())


def test_a_download_has_a_bar(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = Screen()
    bar = Terminal(stream).download("train-images", 1000)
    assert isinstance(bar, DownloadBar)
    for _ in range(4):
        bar.update(250)
    assert bar.bars.tasks[0].completed == bar.total == 1000
    bar.reset()
    assert bar.bars.tasks[0].completed == 0
    bar.close()
    lines = io.StringIO()
    assert Lines(lines).download("train-images", 26_421_880) is None
    assert lines.getvalue() == "downloading train-images (26.4 MB)\n"


@pytest.mark.notebook
def test_a_notebook_gets_one_chart_updated_in_place(tmp_path):
    """In a real kernel: one display, updated in place, at last with all points, and no table of lines."""
    cell = (
        "import lenet\n"
        f"run = lenet.train('digits', epochs=3, validation=58_000, batch_size=100, out={str(tmp_path / 'run')!r})"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    updates = []

    class Client(NotebookClient):
        def process_message(self, message, cell, index):
            if message["header"]["msg_type"] == "update_display_data":
                updates.append(message)
            return super().process_message(message, cell, index)

    Client(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    displays = [output for output in notebook.cells[0].outputs if output.output_type == "display_data"]
    assert len(displays) == 1
    assert displays[0].data["image/svg+xml"].startswith("<svg")
    assert len(updates) >= 3  # one for each epoch
    assert f"{lenet.load(tmp_path / 'run').test_accuracy:.1%} at the end" in str(updates[-1]["content"]["data"])
    assert lenet.load(tmp_path / "run").is_finished


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
        stream = Screen()
        kind(stream).finding(finding)
        shown[kind] = stream.getvalue()
    assert set(map(plain, shown.values())) == {
        "FINDING  chance-level: the network guesses\n"
        "         evidence  loss 2.303 (epoch 1)\n"
        "         remedy    change something\n"
    }
    assert "\x1b[1m" in shown[Terminal]  # bold
    Silent().finding(finding)


def test_a_finding_stands_above_the_bars_of_a_terminal(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")
    stream = Screen()
    shown(tiny, tmp_path, Terminal(stream), recipe="book-sgd", init="default", learning_rate=0.01)
    text = plain(stream.getvalue())
    lines = [line.strip() for line in re.split(r"[\r\n]+", text)]
    found = next(number for number, line in enumerate(lines) if line.startswith("FINDING  chance-level: accuracy is"))
    assert lines[found + 2].startswith("remedy")
    assert any(line.startswith("2  ") for line in lines[found:])  # the table goes on


def test_a_stream_that_goes_away_is_no_error(tmp_path):
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        show = choose_progress("auto", stream)
        show.start([("data", "some")], None, 1)
        os.close(reading)
        for _ in range(3):
            show.notice("more")
        stream.write("what is left in its memory")


def test_a_notice_is_shown_by_all_that_speak():
    for show in (Quiet(stream := io.StringIO()), Lines(stream)):
        show.notice("the disk is full")
    assert stream.getvalue() == "NOTICE  the disk is full\n" * 2
