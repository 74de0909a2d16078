"""Reading untrusted files: opening never blocks, sizes are bounded before reading, and JSON is strict.

    content = read(path, 8 << 20)
    value = parse_json(content)

A path may be a pipe that nobody writes to, a device without an end, or a file that grows while it is read.
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
MAX_PRINTED = 300  # characters of an untrusted text in a message


@contextlib.contextmanager
def open_file(path: str | Path, limit: int, kind: type[LenetError] = RunError) -> Iterator[tuple[BinaryIO, int]]:
    """Open a regular file for reading, if it is not too large.

    Size and kind are those of the file that was opened, so nobody can put another in its place in between.

    Args:
        path: The file.
        limit: The most bytes it may have.
        kind: The error to raise.

    Yields:
        The file, and its size in bytes.

    Raises:
        LenetError: Of the given kind: it is no regular file, larger than the limit, or cannot be opened.
    """
    descriptor = _opened(path, kind)
    try:
        size = _size(descriptor, path, limit, kind)
        with open(descriptor, "rb", closefd=False) as file:
            yield file, size
    finally:
        os.close(descriptor)


def read(path: str | Path, limit: int, kind: type[LenetError] = RunError) -> bytes:
    """Read a regular file, if it is not too large.

    Args:
        path: The file.
        limit: The most bytes it may have.
        kind: The error to raise.

    Raises:
        LenetError: Of the given kind: as `open_file`, or the file changed while it was read.
    """
    descriptor = _opened(path, kind)
    try:
        size = _size(descriptor, path, limit, kind)
        content = os.read(descriptor, size + 1)
        while len(content) < size and (more := os.read(descriptor, size + 1 - len(content))):
            content += more
    except OSError as error:
        raise kind(f"{printable(path)} cannot be read: {error.strerror or error}") from error
    finally:
        os.close(descriptor)
    if len(content) != size:
        raise kind(f"{printable(path)} changed while it was read", hint="retry when nothing writes to it")
    return content


def _opened(path: str | Path, kind: type[LenetError]) -> int:
    """The descriptor of a file, open for reading."""
    try:
        # Non-blocking: opening a pipe that nobody writes to would never return.
        return os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        if os.path.isdir(path):  # noqa: PTH112 (Windows does not open folders; Path.is_dir raises where this is False)
            raise kind(f"{printable(path)} is a folder; expected a file") from error
        raise kind(f"{printable(path)} cannot be read: {error.strerror or error}") from error


def _size(descriptor: int, path: str | Path, limit: int, kind: type[LenetError]) -> int:
    """The size in bytes of an open file, which must be regular and not too large."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        what = "a folder; expected a file" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise kind(f"{printable(path)} is {what}", hint="name a file on a disk")
    if status.st_size > limit:
        raise kind(
            f"{printable(path)} has {status.st_size:,} bytes; expected at most {limit:,}",
            hint="it is damaged, or holds something else; get it again, or make it smaller",
        )
    return status.st_size


def parse_json(content: bytes) -> Any:
    """Parse JSON in UTF-8, strictly.

    Raises:
        ValueError: It is no JSON, or has what lenet never writes: a name twice in an object, NaN, a number too large for a
            float, endless nesting.
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


def printable(text: object) -> str:
    """Make an untrusted text fit for a message: one line, at most 300 characters, no control characters."""
    words = reprlib.repr(text) if isinstance(text, list | dict) else str(text)
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in words[: MAX_PRINTED + 1])
    return plain if len(plain) <= MAX_PRINTED else f"{plain[:MAX_PRINTED]}…"


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        (twice, _), *_ = collections.Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"it has {printable(twice)!r} twice in an object")
    return values


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{printable(text)} is too large a number")
    return number


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")
