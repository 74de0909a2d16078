"""Prints docs/cli.md: the help of every command. Run by `make docs`; a test compares."""

import contextlib
import io
import os
import sys
from unittest import mock

from lenet.cli.main import COMMANDS, GROUPS, command

HEAD = """# Command reference

Written from `--help` by `make docs`; do not edit.

Exit codes: 0 success; 1 a bug in lenet; 2 an error that you can fix, with a hint; 130, 143 or 129 stopped by Ctrl-C,
SIGTERM or SIGHUP. A training that is stopped saves first and prints how to resume it. Before its first step there is nothing
to save; a second signal ends it without saving, and the last checkpoint remains.

Environment variables: `LENET_DATA`, a folder in which to look for data sets; `LENET_CACHE`, the folder for downloaded data
sets, instead of the user's cache folder; `LENET_KERNELS`, a variant of the CPU kernels instead of the fastest (docs/scale.md
says what for); `RAY_ADDRESS`, the cluster that `--ray auto` joins; `NO_COLOR`; and the proxy variables of Python's requests
(`HTTPS_PROXY` and so on).
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
