"""Printing: results go to stdout, everything else to stderr; tables are columns of text."""

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from lenet.analysis.report import Report

Rows = Sequence[Sequence[str]]


def replace_unprintable() -> None:
    """Let stdout and stderr replace characters that their encoding lacks, such as × in ASCII, instead of raising."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def say(text: str) -> None:
    """Print a line of the result on stdout."""
    _write(sys.stdout, text)


def note(text: str) -> None:
    """Print a line on stderr, such as an error or the path of a file that was written."""
    _write(sys.stderr, text)


def _write(stream: TextIO | None, text: str) -> None:
    if stream is not None:  # None where the shell closed it
        stream.write(text + "\n")
        stream.flush()


def print_table(titles: Sequence[str], rows: Rows, *, has_total: bool = False) -> None:
    """Print a table on stdout, folded to the width of a terminal, but in a file or pipe as wide as needed.

    has_total: whether the last row is a total, below a line of its own.
    """
    is_text = [
        number == 0 or all(not row[number][:1].isdigit() for row in rows if row[number])
        for number in range(len(titles))
    ]
    if sys.stdout is not None and sys.stdout.isatty():
        say(_folded(titles, rows, is_text, has_total))
        return
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    rule = "-" * (sum(widths) + 2 * len(widths) - 2)
    lines = ["  ".join(_padded(cells, widths, is_text)).rstrip() for cells in (titles, *rows)]
    lines.insert(1, rule)
    if has_total:
        lines.insert(-1, rule)
    say("\n".join(lines))


def _padded(cells: Sequence[str], widths: Sequence[int], is_text: Sequence[bool]) -> list[str]:
    return [
        cell.ljust(width) if left else cell.rjust(width)
        for cell, width, left in zip(cells, widths, is_text, strict=True)
    ]


def _folded(titles: Sequence[str], rows: Rows, is_text: Sequence[bool], has_total: bool) -> str:
    """The table in the width of the terminal: long cells take several lines."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    columns = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title, left in zip(titles, is_text, strict=True):
        columns.add_column(title, justify="left" if left else "right", overflow="fold")
    for number, row in enumerate(rows):
        if has_total and number == len(rows) - 1:
            columns.add_section()
        columns.add_row(*row)
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(columns)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def print_report(result: "Report", paths: Sequence[Path], as_json: bool) -> None:
    """Print a report, and the paths of its files on stderr."""
    for path in paths:
        note(f"wrote {path}")
    if as_json:
        say(json.dumps(result.numbers))
        return
    say(f"{result.title}\n{result.setting}\n")
    print_table(result.table.columns, result.table.rows)
    for conclusion in result.table.conclusions:
        say(f"- {conclusion}")
