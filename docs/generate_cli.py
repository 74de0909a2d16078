"""Prints docs/cli.md: the help of every command, as `lenet … --help` prints it. Run by `make docs`; a test compares."""

import contextlib
import io
import os
import sys
from unittest import mock

from lenet.cli.main import COMMANDS, GROUPS, command

HEAD = """# Command reference

Written from `--help` by `make docs`; do not edit.

Exit codes: 0 done; 1 a fault of lenet; 2 something that you can mend (the message says how); 130, 143 or 129 stopped with
Ctrl-C, SIGTERM or SIGHUP. A training that is stopped saves first and prints how to resume it. Before its first step there is
nothing to save; a second signal ends it without saving, and the last checkpoint remains.

Environment: `LENET_DATA`, a folder to look for data sets in; `LENET_CACHE`, where downloaded ones are kept, instead of the
user's cache folder; `NO_COLOR`; and the proxies that Python's requests knows (`HTTPS_PROXY` and so on).
"""


def help_of(name: str) -> str:
    """What a command prints for --help."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), mock.patch.dict(os.environ, COLUMNS="80"):
        command().main([*name.split(), "--help"], prog_name="lenet", standalone_mode=False)
    return "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines())


def generate() -> str:
    """The content of docs/cli.md."""
    names = list(COMMANDS)
    for group in GROUPS:  # each before its first command
        names.insert(next(number for number, name in enumerate(names) if name.startswith(group)), group)
    parts = [f"## {f'lenet {name}'.strip()}\n\n```text\n{help_of(name)}\n```\n" for name in names]
    return "\n".join([HEAD, *parts])


if __name__ == "__main__":
    sys.stdout.write(generate())
