"""Whether what the user names is a data set of the catalogue or data of one's own."""

import os
from pathlib import Path

from lenet.data.catalogue import find_entry
from lenet.errors import DataError

SEPARATORS = tuple(filter(None, ("/", os.sep, os.altsep)))


def own_path(name: str | os.PathLike[str]) -> Path | None:
    """Return the path of the user's own data, or None for the name of a data set, known or not.

    A path with a separator that exists is the user's, also if it ends like the name of a data set: photos/digits, ./mnist. So
    is any other file or folder that exists and is not called like a data set, and a path that should exist.
    """
    text = os.fspath(name)
    path = Path(text).expanduser()
    is_there = os.path.lexists(path)
    has_separator = any(separator in text for separator in SEPARATORS)
    if isinstance(name, os.PathLike) or (is_there and has_separator):
        return path
    if text.lower() == "auto":
        return None
    try:
        find_entry(text)
    except DataError:
        return path if is_there or has_separator or path.suffix else None
    return None


def must_exist(path: Path) -> None:
    """Raise DataError for a path at which nothing is."""
    if not os.path.exists(path):  # noqa: PTH110 (Path.exists raises for names that no file can have)
        raise DataError(f"there is no file or folder {path}", hint="check its name and the folder you are in")
