"""The names of classes beside IDX files, which hold numbers only: class-names.txt, one name a line."""

from pathlib import PurePosixPath

from lenet.data.own.listing import Files
from lenet.errors import DataError

CLASS_LIST = "class-names.txt"
MAX_BYTES = 1 << 20


def read_class_list(files: Files, name: str) -> dict[int, str] | None:
    """Read the names of classes.

    Args:
        files: Where the IDX files are.
        name: One of them.

    Returns:
        The names by number; None if there is no list beside the file, or it makes no sense.
    """
    path = str(PurePosixPath(name).with_name(CLASS_LIST))
    if not files.has(path):
        return None
    try:
        names = files.read(path, MAX_BYTES).decode("utf-8").splitlines()
    except (DataError, UnicodeDecodeError):
        return None
    return dict(enumerate(names)) if names and all(names) and len(set(names)) == len(names) else None
