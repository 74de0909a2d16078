"""Printing: tables, and terminals and files that cannot hold every character."""

import io
import re
import sys

import pytest

from lenet.cli import output

TITLES, ROWS = ["name", "images", "where"], [["digits", "60,000", "cache"], ["x" * 60, "7", "a long way " * 5]]


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252", "utf-8"])
def test_unprintable_characters_are_replaced(monkeypatch, encoding):
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    output.replace_unprintable()
    output.say("28×28 … ± 你")
    output.note("× \udce9")
    shown = sys.stdout.buffer.getvalue().decode(encoding)
    assert shown == "28×28 … ± 你\n".encode(encoding, "replace").decode(encoding)
    assert sys.stderr.buffer.getvalue().endswith(b" ?\n")


def test_error_handler_of_a_stream_is_kept(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="backslashreplace"))
    output.replace_unprintable()
    output.note("×")
    assert sys.stderr.buffer.getvalue() == b"\\xd7\n"


def test_closed_stream(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    output.replace_unprintable()
    output.say("nobody")
    output.print_table(["a"], [["b"]])


def test_table_in_a_file(capsys):
    output.print_table(TITLES, ROWS, has_total=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[0] == f"{'name':<60}  images  where"
    assert lines[2] == f"{'digits':<60}  60,000  cache"
    assert lines[1] == lines[3] == "-" * (60 + 2 + 6 + 2 + 55)


def test_table_without_rows(capsys):
    output.print_table(["a", "b"], [])
    assert capsys.readouterr().out == "a  b\n----\n"


def test_table_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    output.print_table(TITLES, ROWS, has_total=True)
    lines = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out).splitlines()
    assert len(lines) > 5
    assert max(map(len, lines)) <= 60
