"""Files from elsewhere: opened without waiting, bounded before they are read, and as JSON without its traps.

    content = read(path, 8 << 20)
    value = parse_json(content)

Nothing here trusts a file: a path may be a pipe that nobody writes to, a device without an end, or grow while it is read.
"""

import collections
import contextlib
import json
import math
import os
import reprlib
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from lenet.errors import LenetError, RunError

MAX_JSON = 4 << 20  # bytes; the JSON files that lenet writes have some kilobytes
MAX_SHOWN = 300  # characters of a foreign text in a message


@contextlib.contextmanager
def opened(path: Path, limit: int, kind: type[LenetError] = RunError) -> Iterator[tuple[BinaryIO, int]]:
    """An ordinary file of at most `limit` bytes, open for reading, and its size in bytes; for any other, raises `kind`.

    What is looked at is what was opened, so that nobody can put another file in its place in between.
    """
    try:
        # Without waiting: opening a pipe that nobody writes to would take for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        if os.path.isdir(path):  # noqa: PTH112 (Windows does not open folders; Path.is_dir raises where this is False)
            raise kind(f"{shown(path)} is a folder; expected a file") from error
        raise kind(f"{shown(path)} cannot be read: {error.strerror or error}") from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            what = "a folder; expected a file" if stat.S_ISDIR(found.st_mode) else "not an ordinary file"
            raise kind(f"{shown(path)} is {what}", hint="name a file on a disk")
        if found.st_size > limit:
            raise kind(
                f"{shown(path)} has {found.st_size:,} bytes; expected at most {limit:,}",
                hint="it is damaged, or holds something else; get it again, or make it smaller",
            )
        with open(descriptor, "rb", closefd=False) as file:
            yield file, found.st_size
    finally:
        os.close(descriptor)


def read(path: Path, limit: int, kind: type[LenetError] = RunError) -> bytes:
    """The content of an ordinary file of at most `limit` bytes; for any other, or one that changes, raises `kind`."""
    with opened(path, limit, kind) as (file, size):
        try:
            content = file.read(size + 1)
        except OSError as error:
            raise kind(f"{shown(path)} cannot be read: {error.strerror or error}") from error
    if len(content) != size:
        raise kind(f"{shown(path)} changed while it was read", hint="try again when nothing writes to it")
    return content


def parse_json(content: bytes) -> Any:
    """The value of a JSON text in UTF-8.

    Raises ValueError for what is none, and for what JSON has but lenet never writes: a name twice in an object, a
    number that is none or too large for a float, nesting without end.
    """
    try:
        return json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_distinct,
            parse_float=_finite,
            parse_constant=_refuse,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def shown(text: object) -> str:
    """A foreign text for a message: on one line, without what a terminal would obey, and not for pages."""
    words = reprlib.repr(text) if isinstance(text, list | dict) else str(text)
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in words[: MAX_SHOWN + 1])
    return plain if len(plain) <= MAX_SHOWN else f"{plain[:MAX_SHOWN]}…"


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        (twice, _), *_ = collections.Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"it has {shown(twice)!r} twice in an object")
    return values


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{shown(text)} is too large a number")
    return number


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")
