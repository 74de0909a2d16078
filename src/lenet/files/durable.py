"""Writing that lasts: a file is whole in its place or what it was before, whenever the process is killed or the disk fails.

Every step is a call of the operating system, so that each of them can be made to fail in a test.
"""

import contextlib
import errno
import json
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lenet.errors import RunError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

RETRY_SECONDS = 1.0  # before what failed is tried again, once
AT_ONCE = 1 << 20  # bytes
TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")
BINARY = getattr(os, "O_BINARY", 0)  # Windows would turn line ends

ROOM = "make room"
CAUSES = {
    errno.ENOSPC: ("the disk is full", ROOM),
    errno.EDQUOT: ("the disk quota is used up", ROOM),
    errno.EROFS: ("the file system is read-only", "make it writable"),
    errno.EACCES: ("it may not be written to", "see who owns the folder"),
    errno.EPERM: ("it may not be written to", "see who owns the folder"),
    errno.ENOENT: ("its folder is gone", "put the folder back"),
    errno.ENOTDIR: ("what should be its folder is a file", "move that file away"),
    errno.ESTALE: ("its folder is gone", "put the folder back"),
    errno.EXDEV: ("its temporary file lies on another file system", "choose a folder on one file system"),
    errno.EFBIG: ("the largest size of a file is reached", "raise the limit (ulimit -f)"),
}


def explain(error: OSError) -> tuple[str, str]:
    """What is wrong with the disk, in words, and what to do about it."""
    other = (error.strerror or str(error), "see that the disk is whole and may be written to")
    return CAUSES.get(error.errno or 0, other)


def as_json(value: dict[str, Any]) -> bytes:
    """As every JSON file of a run is written."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def holds(path: Path, content: bytes) -> bool:
    """Whether a file has that content; one that cannot be read has not."""
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def write(path: Path, content: bytes) -> None:
    """Puts a file in its place, whole: afterwards `path` holds `content`, or what it held before and an OSError is raised.

    Written beside its place under a name of its own, synced, read back and compared, renamed, and the folder synced.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with _opened(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR) as file:
            _write(file, content)
            os.fsync(file)
            _compare(file, content)
        os.replace(temporary, path)  # noqa: PTH105  # as a call of the system: see above
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise
    sync_folder(path.parent)


def append(path: Path, content: bytes | bytearray, at: int) -> None:
    """Adds `content[at:]` to a file of `at` bytes; what an attempt that failed has left behind them is cut off first.

    A file that somebody has removed or cut off is written anew.
    """
    with _opened(path, os.O_CREAT | os.O_WRONLY) as file:
        size = os.fstat(file).st_size
        if size > at:
            os.ftruncate(file, at)
        if size >= at:
            os.lseek(file, at, os.SEEK_SET)
            _write(file, bytes(content[at:]))
            if os.fstat(file).st_size != len(content):
                raise OSError(errno.EIO, "what was written is not there")
    if size < at:
        write(path, bytes(content))


def sync(path: Path, content: bytes) -> None:
    """Sees to it that a file that was appended to is on the disk, with that content, and otherwise writes it anew.

    Not just syncs it again: a second fsync may say yes to what the first could not write.
    """
    try:
        with _opened(path, os.O_CREAT | os.O_RDWR) as file:
            os.fsync(file)
            _compare(file, content)
    except OSError:
        write(path, content)


def make_folder(path: Path) -> None:
    """Makes a folder in one that is there, if it is not there itself."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(path)  # noqa: PTH102
    sync_folder(path.parent)  # in any case: it may be what failed the last time


def make_folders(path: Path) -> None:
    """Makes a folder and those it lies in."""
    for folder in (*reversed(path.parents), path):
        if not folder.is_dir():
            make_folder(folder)


def remove(path: Path) -> None:
    """Removes a file, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108


def sync_folder(path: Path) -> None:
    """Makes the names in a folder last. Windows has no call for it."""
    if os.name != "nt":
        with _opened(path, os.O_RDONLY) as folder:
            os.fsync(folder)


def strays(folder: Path) -> list[Path]:
    """Files that a process has left in `folder` which died while it wrote."""
    return [path for path in folder.iterdir() if TEMPORARY.fullmatch(path.name)]


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """No other process in there meanwhile: RunError if there is one. The system forgets it with the process."""
    if fcntl is None:
        yield
        return
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(_opened(folder, os.O_RDONLY))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            hint = "wait until it has ended, or end it; what it has saved is kept"
            raise RunError(f"another process is training in {folder}", hint=hint) from None
        except OSError:
            pass  # a file system without locks, or the folder is gone: the next to write will say so
        yield


@contextlib.contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    file = os.open(path, flags | BINARY, 0o666)
    try:
        yield file
    finally:
        os.close(file)


def _write(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        written = os.write(file, view)
        if written <= 0:
            raise OSError(errno.EIO, "nothing could be written")
        view = view[written:]


def _compare(file: int, content: bytes) -> None:
    """Raises OSError unless the file holds `content`, as far as the system lets one look: from the disk where it can."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.lseek(file, 0, os.SEEK_SET)
    at = 0
    while part := os.read(file, AT_ONCE):
        if part != content[at : at + len(part)]:  # bytes: those of a memoryview are compared one by one
            break
        at += len(part)
    if part or at != len(content):
        raise OSError(errno.EIO, "what is read back is not what was written")
