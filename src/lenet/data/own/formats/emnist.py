"""EMNIST in its own files: images stored transposed, and the characters that its classes are."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from lenet.data.own.listing import Files
from lenet.errors import DataError

NAME = re.compile(r"emnist-(balanced|byclass|bymerge|digits|letters|mnist)\b")
MAX_MAPPING = 1 << 16  # bytes


def is_emnist(name: str) -> bool:
    """Return whether a file has a name of EMNIST's."""
    return NAME.match(PurePosixPath(name).name.lower()) is not None


def notes(names: Iterable[str]) -> tuple[str, ...]:
    """What is done with EMNIST's files, for the user."""
    return ("EMNIST stores its images transposed; they are turned",) if any(map(is_emnist, names)) else ()


def class_names(files: Files, name: str) -> dict[int, str] | None:
    """Read the characters of EMNIST's classes from the mapping beside a file, emnist-balanced-mapping.txt.

    Args:
        files: Where the file is.
        name: A file of EMNIST's, or another.

    Returns:
        The class names by number; None if there is no mapping.
    """
    match = NAME.match(PurePosixPath(name).name.lower())
    if match is None:
        return None
    mapping = str(PurePosixPath(name).with_name(f"{match[0]}-mapping.txt"))
    if not files.has(mapping):
        return None
    try:
        rows = [list(map(int, line.split())) for line in files.read(mapping, MAX_MAPPING).decode("ascii").splitlines()]
    except (DataError, ValueError):
        return None
    return characters(rows)


def characters(rows: Iterable[Iterable[int]]) -> dict[int, str] | None:
    """The class names of rows of a class and one or more characters, of which the first names it."""
    names = {}
    for row in rows:
        number, *codes = row
        if not codes or not 32 < codes[0] < 127:
            return None
        names[number] = chr(codes[0])
    return names if names and len(set(names.values())) == len(names) else None
