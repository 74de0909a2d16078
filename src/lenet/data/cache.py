"""The cache: a folder that any number of processes write to at once, without a lock.

What stands there under its own name is whole, on the disk and as it was meant; everything else has a name of its own that
begins with a dot. What a process leaves behind that was killed is taken up or swept away by a later one, which knows it by
its age on the clock of the file system: a download under way is never left untouched for long. If that is ever mistaken,
nothing is lost: who writes a file has it open and does not need its name, and who takes it up takes a copy.
"""

import errno
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lenet.errors import DataError
from lenet.files import durable

UNTOUCHED_SECONDS = 60.0  # a file under way is written to more often: see the waits of download.py
AT_ONCE = 1 << 20  # bytes


def cache_folder(name: str = "") -> Path:
    """The cache, or a data set's folder in it; LENET_CACHE moves it."""
    import platformdirs

    root = os.environ.get("LENET_CACHE")
    return (Path(root) if root else Path(platformdirs.user_cache_dir("lenet", appauthor=False))) / name


def publish(folder: Path, name: str, content: bytes | bytearray) -> None:
    """Puts a file into the cache, whole or not at all. Raises DataError if it cannot be written."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        durable.write(folder / name, content)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What goes wrong with the file system in here becomes a DataError that names the cache and the way out."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise DataError(
            f"the cache {folder} cannot be written: {error.strerror or error}",
            hint=f"{'make room there, or ' if full else ''}set LENET_CACHE to a folder with room that you may write to",
        ) from error


class Part:
    """What has come of a file so far, on the disk. `size`: its bytes; `is_mixed`: whether they came in several goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path.open("xb+", buffering=0)
        self.size = 0
        self.is_mixed = False

    def write(self, piece: bytes) -> None:
        """Adds to the end. Raises DataError if the disk does not take it."""
        with writing(self.path.parent):
            self.file.seek(self.size)
            durable.write_all(self.file.fileno(), piece)
        self.size += len(piece)

    def clear(self) -> None:
        with writing(self.path.parent):
            self.file.truncate(0)
        self.size = 0
        self.is_mixed = False


@contextmanager
def part(folder: Path, name: str, limit: int) -> Iterator[Part]:
    """A file to grow under a temporary name, with what a dead process left of it if that is at most `limit` bytes.

    Afterwards it is gone; if the growing was interrupted, it stays for the next to take up, unless the disk is at fault.
    """
    token = secrets.token_hex(8)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        left = sorted(_dead(folder, f".{name}.*.part"), key=_size, reverse=True)
        growing = Part(folder / f".{name}.{token}.part")
    keep = False
    try:
        with writing(folder):
            for old in left:
                _take_up(old, folder / f".{name}.{token}.taken", growing, limit)
        yield growing
    except DataError:  # the disk: what could be written is of no use, and its room is wanted
        raise
    except BaseException:
        keep = growing.size > 0
        raise
    finally:
        growing.file.close()
        with suppress(OSError):
            if keep:
                os.utime(growing.path, (0, 0))  # untouched for ages: whoever comes next may take it
            else:
                growing.path.unlink()


def sweep(folder: Path) -> None:
    """Removes what dead processes have left in a folder of the cache; one that cannot be written stays as it is."""
    with suppress(OSError):
        for pattern in (".*.tmp", ".*.part", ".*.taken"):
            for path in _dead(folder, pattern):
                path.unlink(missing_ok=True)


def _take_up(old: Path, taken: Path, growing: Part, limit: int) -> None:
    with suppress(FileNotFoundError):  # another process was first
        old.rename(taken)
        try:
            if not growing.size and _size(taken) <= limit:
                with taken.open("rb") as file:
                    while piece := file.read(AT_ONCE):
                        growing.write(piece)
                growing.is_mixed = growing.size > 0
        finally:
            taken.unlink(missing_ok=True)


def _dead(folder: Path, pattern: str) -> list[Path]:
    """The files that nobody has touched for so long that nobody can be at work on them."""
    found = list(folder.glob(pattern))
    if not found:
        return []
    with tempfile.TemporaryFile(dir=folder) as file:  # the clock of the file system, which may be another machine's
        now = os.fstat(file.fileno()).st_mtime
    dead = []
    for path in found:
        with suppress(FileNotFoundError):
            if now - path.stat().st_mtime > UNTOUCHED_SECONDS:
                dead.append(path)
    return dead


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
