"""Durable, atomic writes: after a crash or a failing disk, a file has the old content or the new one, never a part of it.

The one place where lenet writes files that must last. Every step is a call of the operating system through `os`, so that
the tests can make each of them fail.
"""

import contextlib
import errno
import json
import mmap
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lenet.errors import RunError

RETRY_SECONDS = 1.0  # before a failed write is retried, once
CHUNK = 1 << 20  # bytes read at a time
TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")  # the names that `write` gives to its temporary files
BINARY = getattr(os, "O_BINARY", 0)  # Windows would translate line ends
UNSUPPORTED = {errno.EINVAL, errno.ENOTSUP}  # what some network file systems answer to fsync of a folder

FREE_SPACE = "free some space"
CAUSES = {
    errno.ENOSPC: ("the disk is full", FREE_SPACE),
    errno.EDQUOT: ("the disk quota is used up", FREE_SPACE),
    errno.EROFS: ("the file system is read-only", "make it writable"),
    errno.EACCES: ("permission denied", "check who owns the folder"),
    errno.EPERM: ("permission denied", "check who owns the folder"),
    errno.ENOENT: ("its folder is gone", "put the folder back"),
    errno.ENOTDIR: ("what should be its folder is a file", "move that file away"),
    errno.ESTALE: ("its folder is gone", "put the folder back"),
    errno.EXDEV: ("its temporary file lies on another file system", "choose a folder on one file system"),
    errno.EFBIG: ("the largest size of a file is reached", "raise the limit (ulimit -f)"),
}


def explain(error: OSError) -> tuple[str, str]:
    """Say in words what is wrong with the disk, and what to do about it."""
    other = (error.strerror or str(error), "check that the disk works and is writable")
    return CAUSES.get(error.errno or 0, other)


@contextlib.contextmanager
def explained(doing: str, then: str) -> Iterator[None]:
    """Raise RunError, in words of the disk, instead of an OSError.

    Args:
        doing: what cannot be done, such as "write runs/a".
        then: what follows in the hint, once the disk is well.
    """
    try:
        yield
    except OSError as error:
        what, hint = explain(error)
        raise RunError(f"cannot {doing}: {what}", hint=f"{hint}; {then}") from error


def as_json(value: dict[str, Any]) -> bytes:
    """The content of a JSON file, as lenet writes all of them; ValueError for NaN and infinity."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def holds(path: Path, content: bytes) -> bool:
    """Tell whether a file has exactly that content; False if it cannot be read."""
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def write(path: Path, content: bytes | bytearray | mmap.mmap) -> None:
    """Write a file atomically and durably.

    The content is written to a temporary file in the same folder, synced, read back and compared; then the file is renamed
    and the folder synced.

    Args:
        path: The file; it may exist.
        content: What it is to hold.

    Raises:
        OSError: A step failed. `path` then holds what it held before, or, if only the last step failed, the content.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with _opened(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR) as file:
            write_all(file, content)
            os.fsync(file)
            _compare(file, content)
        os.replace(temporary, path)  # noqa: PTH105  # a call of the system: see above
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise
    sync_folder(path.parent)


def append(path: Path, content: bytes | bytearray, start: int) -> None:
    """Append to a file of which the first `start` bytes have been written.

    What a failed attempt left behind them is cut off; a file that somebody removed or truncated is written anew.

    Args:
        path: The file.
        content: The whole content of the file, with the part to append.
        start: Where that part begins, in bytes.

    Raises:
        OSError: It could not be written; part of it may be in the file.
    """
    with _opened(path, os.O_CREAT | os.O_WRONLY) as file:
        size = os.fstat(file).st_size
        if size > start:
            os.ftruncate(file, start)
        if size >= start:
            os.lseek(file, start, os.SEEK_SET)
            write_all(file, content[start:])
            if os.fstat(file).st_size != len(content):
                raise OSError(errno.EIO, "what was written is not there")
    if size < start:
        write(path, content)


def sync(path: Path, content: bytes) -> None:
    """Make sure that a file that was appended to is on the disk, with that content, and write it anew if it is not.

    Syncing it again would not do: a second fsync may succeed although the first lost data.
    """
    try:
        with _opened(path, os.O_CREAT | os.O_RDWR) as file:
            os.fsync(file)
            _compare(file, content)
    except OSError:
        write(path, content)


def make_folder(path: Path) -> None:
    """Make a folder, durably, in one that exists."""
    try:
        os.mkdir(path)  # noqa: PTH102
    except FileExistsError as error:
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from error
    sync_folder(path.parent)  # also if the folder exists: this may be the step that failed the last time


def make_folders(path: Path) -> None:
    """Make a folder and its parents, durably."""
    for folder in (*reversed(path.parents), path):
        if not folder.is_dir():
            make_folder(folder)


def remove(path: Path) -> None:
    """Remove a file, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108


def sync_file(path: Path) -> None:
    """Make the content of a file durable."""
    with _opened(path, os.O_RDWR) as file:
        os.fsync(file)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable, on systems that can: Windows and some network file systems cannot."""
    if os.name == "nt":
        return
    with _opened(path, os.O_RDONLY) as folder:
        try:
            os.fsync(folder)
        except OSError as error:
            if error.errno not in UNSUPPORTED:
                raise


def leftovers(folder: Path) -> list[Path]:
    """The temporary files of processes that died while they wrote to `folder`, and of those that are writing now."""
    return [path for path in folder.iterdir() if TEMPORARY.fullmatch(path.name)]


def write_all(file: int, content: bytes | bytearray | mmap.mmap) -> None:
    """Write all of `content` to a file descriptor, which a single call of the system need not do."""
    with memoryview(content) as view:
        written = 0
        while written < len(view):
            count = os.write(file, view[written:])
            if count <= 0:
                raise OSError(errno.EIO, "nothing could be written")
            written += count


@contextlib.contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    file = os.open(path, flags | BINARY, 0o666)
    try:
        yield file
    finally:
        os.close(file)


def _compare(file: int, content: bytes | bytearray | mmap.mmap) -> None:
    """Raise OSError unless the file holds `content`; read it from the disk itself where the system allows that."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.lseek(file, 0, os.SEEK_SET)
    start = 0
    while part := os.read(file, CHUNK):
        if part != content[start : start + len(part)]:  # not of a memoryview, whose bytes are compared one by one
            break
        start += len(part)
    if part or start != len(content):
        raise OSError(errno.EIO, "what is read back is not what was written")
