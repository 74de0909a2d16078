"""The texts that displays display."""

import sys

from lenet.display.messages import program


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
