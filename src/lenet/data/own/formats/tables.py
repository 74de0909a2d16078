"""Tables of text: CSV, TSV, JSON lines, JSON lists, as rows of cells that remember their lines."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lenet.data.own.listing import Files
from lenet.data.own.streams import read_unpacked
from lenet.errors import DataError
from lenet.files.untrusted import printable

MAX_BYTES, MAX_JSON = 128 << 20, 64 << 20
MAX_COLUMNS = 2000
DELIMITERS = ",;\t|"


@dataclass(frozen=True, eq=False)
class Table:
    """A table.

    Args:
        name: Its file.
        titles: The names of the columns; empty where the first line names none.
        rows: The cells of each row, as many as columns.
        lines: The number of each row's line, or of each entry of a JSON list.
        unit: "line" or "entry".
    """

    name: str
    titles: list[str]
    rows: list[list[str]]
    lines: list[int]
    unit: str = "line"

    def place(self, row: int) -> str:
        """What messages call a row."""
        return f"{self.name}, {self.unit} {self.lines[row]}"


def read_text(files: Files, name: str, limit: int = MAX_BYTES) -> str:
    """Read a file of text in UTF-8, UTF-16 or Windows' Latin 1; raises DataError if it is too large."""
    with files.open(name, limit) as file:
        content = read_unpacked(file, name, limit)
    try:
        return content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def read_csv(files: Files, name: str) -> Table:
    """Read a CSV, with commas, semicolons, tabs or bars between its columns.

    The first row is taken for the header; `manifests` decides whether it is one.
    """
    text = read_text(files, name)
    first = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count) if any(map(first.count, DELIMITERS)) else " "
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    rows, lines, before = [], [], 0
    try:
        for row in reader:
            if row:
                rows.append(row)
                lines.append(before + 1)
            before = reader.line_num
    except csv.Error as error:
        raise DataError(f"{name}, line {reader.line_num} is no CSV: {error}", hint="save it as CSV again") from error
    return Table(name, [], rows, lines)


def read_json(files: Files, name: str, is_lines: bool) -> Table:
    """Read JSON lines, a JSON list of objects, or an object of files and labels.

    Args:
        files: Where it is.
        name: The file.
        is_lines: Whether every line is an object.

    Raises:
        DataError: It is no JSON, or of another form.
    """
    text = read_text(files, name, MAX_BYTES if is_lines else MAX_JSON)
    if is_lines:
        pairs = ((n, line) for n, line in enumerate(io.StringIO(text), 1) if line.strip())
        return _from_entries(name, ((n, parse_json(line, f"{name}, line {n}")) for n, line in pairs), "line")
    value = parse_json(text, name)
    if isinstance(value, dict):
        lists = [entry for entry in value.values() if isinstance(entry, list)]
        if value and all(isinstance(entry, str | int) for entry in value.values()):
            value = [{"file_name": key, "label": label} for key, label in value.items()]
        elif len(lists) == len(value) and all(isinstance(entry, str) for entries in lists for entry in entries):
            value = [{"file_name": entry, "label": key} for key, entries in value.items() for entry in entries]
        elif len(lists) == 1:
            value = lists[0]
    if not isinstance(value, list):
        raise DataError(
            f"{name} is no list of images with labels", hint='expected [{"file_name": "1.png", "label": "cat"}]'
        )
    return _from_entries(name, enumerate(value, 1), "entry")


def parse_json(text: str, place: str) -> Any:
    """Parse JSON; raises DataError that begins with `place`."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place} is no JSON: {printable(error)}", hint="save it again") from error


def _from_entries(name: str, entries: Iterable[tuple[int, Any]], unit: str) -> Table:
    """A table with a column for each name that occurs in objects."""
    numbers: dict[str, int] = {}  # of columns
    rows, lines = [], []
    for number, entry in entries:
        if not isinstance(entry, dict):
            raise DataError(
                f"{name}, {unit} {number} is {printable(json.dumps(entry))}; expected an object with a file and its label"
            )
        values = flat(entry)
        for key in values:
            numbers.setdefault(key, len(numbers))
        if len(numbers) > MAX_COLUMNS:
            raise DataError(f"{name} has over {MAX_COLUMNS:,} different names; expected those of a file and its label")
        rows.append([values.get(key, "") for key in numbers])
        lines.append(number)
    rows = [row + [""] * (len(numbers) - len(row)) if len(row) < len(numbers) else row for row in rows]
    return Table(name, list(numbers), rows, lines, unit)


def flat(entry: dict[str, Any]) -> dict[str, str]:
    """The text of each value of an object; a task of Label Studio's becomes an image and its choice."""
    if isinstance(entry.get("data"), dict) and ("annotations" in entry or "completions" in entry):
        choices = task_choices(entry)
        return {
            **flat(entry["data"]),
            "label": choices[0] if len(choices) == 1 else json.dumps(choices) if choices else "",
        }
    return {str(key): cell(value) for key, value in entry.items()}


def cell(value: Any) -> str:
    """A value of JSON as a cell; {"choices": ["cat"]} is cat."""
    if isinstance(value, dict) and isinstance(value.get("choices"), list):
        value = value["choices"]
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str | int):
        value = value[0]
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def task_choices(task: dict[str, Any]) -> list[str]:
    """The choices of a task of Label Studio's that were not cancelled, each once."""
    found: dict[str, None] = {}
    for annotation in task.get("annotations") or task.get("completions") or ():
        if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
            continue
        for result in annotation.get("result") or ():
            value = result.get("value") if isinstance(result, dict) else None
            choices = value.get("choices") if isinstance(value, dict) else None
            found.update(dict.fromkeys(map(str, choices if isinstance(choices, list) else ())))
    return list(found)
