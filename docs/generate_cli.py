"""Prints docs/cli.md: the help of every command, as `lenet … --help` prints it. Run by `make docs`; a test compares."""

import subprocess
import sys

COMMANDS = [
    [],
    ["train"],
    ["evaluate"],
    ["predict"],
    ["import-weights"],
    ["runs"],
    ["compare"],
    ["show"],
    ["lab"],
    ["reproduce"],
    ["data"],
    ["data", "list"],
    ["data", "show"],
    ["data", "fetch"],
    ["data", "verify"],
    ["data", "import"],
]

HEAD = """# Command reference

Written from `--help` by `make docs`; do not edit.

Exit codes: 0 done; 1 a fault of lenet; 2 something that you can mend (the message says how); 130, 143 or 129 stopped with
Ctrl-C, SIGTERM or SIGHUP. A training that is stopped saves first and says how to go on; before its first step there is
nothing to save, and a second signal ends it at once, with the last checkpoint left.

Environment: `LENET_DATA`, a folder to look for data sets in; `LENET_CACHE`, where downloaded ones are kept, instead of the
user's cache folder; `NO_COLOR`; and the proxies that Python's requests knows (`HTTPS_PROXY` and so on).
"""


def generate() -> str:
    """The content of docs/cli.md."""
    parts = [HEAD]
    for command in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "lenet", *command, "--help"],
            capture_output=True,
            text=True,
            check=True,
            env={"COLUMNS": "100", "LC_ALL": "C.UTF-8"},
        )
        lines = "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())
        parts.append(f"## {' '.join(['lenet', *command])}\n\n```text\n{lines}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(generate())
