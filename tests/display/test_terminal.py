"""The live table of a terminal, and its download bar."""

import io
import re

from terminal import FakeTerminal, without_styles

import lenet
from lenet.display.plain import Lines
from lenet.display.terminal import DownloadBar, Terminal


def trained(tiny, folder, display, **settings):
    settings = {"recipe": "fast", **settings}
    lenet.train(tiny, epochs=2, batch_size=50, progress=display, out=folder / "run", **settings)


def test_a_terminal_gets_a_table_with_progress_and_remaining_time(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    stream = FakeTerminal()
    trained(tiny, tmp_path, Terminal(stream), validation=100)
    text = without_styles(stream.getvalue())
    assert re.search(r"epoch +train loss +train acc +validation acc +test loss +test acc +images/s", text)
    assert "remaining" in text
    assert re.search(r"[\r\n] +2 +\d\.\d{4} ", text)
    assert "saved" in text


def test_no_color_is_obeyed(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    stream = FakeTerminal()
    trained(tiny, tmp_path, Terminal(stream))
    assert not re.search(r"\x1b\[(\d+;)*3[0-7]m", stream.getvalue())


def test_a_download_has_a_bar(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = FakeTerminal()
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


def test_a_finding_stands_above_the_bars_of_a_terminal(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")
    stream = FakeTerminal()
    trained(tiny, tmp_path, Terminal(stream), recipe="book-sgd", init="default", learning_rate=0.01)
    text = without_styles(stream.getvalue())
    lines = [line.strip() for line in re.split(r"[\r\n]+", text)]
    found = next(number for number, line in enumerate(lines) if line.startswith("FINDING  chance-level: accuracy is"))
    assert lines[found + 2].startswith("remedy")
    assert any(line.startswith("2  ") for line in lines[found:])  # the table goes on
