"""What the tests of the command line share."""

import sys

import pytest

from lenet.cli import main


@pytest.fixture
def lenet_command(monkeypatch, capsys):
    """Runs a command in this process: (exit code, stdout, stderr)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["lenet", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main.main()
        captured = capsys.readouterr()
        return caught.value.code or 0, captured.out, captured.err

    return run
