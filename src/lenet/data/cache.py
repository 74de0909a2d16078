"""The cache: a folder that any number of processes may write to at once, without a lock.

A file under its own name is whole and on the disk; everything else has a temporary name that begins with a dot. What a
killed process leaves behind is taken over or removed by a later one, once nobody has written to it for a minute by the
clock of the file system. If its process was only asleep nothing is lost: a process keeps the file that it writes open and
does not need its name, and a process that takes a file over continues with a copy.
"""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, EFBIG, ENOSPC
from pathlib import Path

from lenet.errors import DataError
from lenet.files import durable

UNTOUCHED_SECONDS = 60.0  # longer than any wait between two writes to a download: see http.py
CHUNK = 1 << 20  # bytes copied at a time


def cache_folder(name: str = "") -> Path:
    """The cache, or the folder of a data set in it; the environment variable LENET_CACHE moves it."""
    import platformdirs

    root = os.environ.get("LENET_CACHE")
    return (Path(root) if root else Path(platformdirs.user_cache_dir("lenet", appauthor=False))) / name


def write(path: Path, content: bytes | bytearray) -> None:
    """Write a file of the cache, whole or not at all. Raises DataError if that fails."""
    with write_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        durable.write(path, content)


@contextmanager
def write_errors(folder: Path) -> Iterator[None]:
    """Turn an OSError in here into a DataError that names the cache and says what to do."""
    try:
        yield
    except OSError as error:
        is_full = error.errno in (ENOSPC, EDQUOT, EFBIG)
        raise DataError(
            f"the cache {folder} cannot be written: {error.strerror or error}",
            hint=f"{'free some space there, or ' if is_full else ''}set LENET_CACHE to a writable folder with free space",
        ) from error


class PartialFile:
    """A file while it is downloaded.

    Attributes:
        path: Where it is.
        file: The open file.
        size: Its bytes so far.
        is_continued: Whether they come from several requests.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path.open("xb+", buffering=0)
        self.size = 0
        self.is_continued = False

    def write(self, content: bytes) -> None:
        """Append to the file. Raises DataError if that fails."""
        with write_errors(self.path.parent):
            self.file.seek(self.size)
            durable.write_all(self.file.fileno(), content)
        self.size += len(content)

    def clear(self) -> None:
        """Begin again, with an empty file. Raises DataError if that fails."""
        with write_errors(self.path.parent):
            self.file.truncate(0)
        self.size = 0
        self.is_continued = False


@contextmanager
def partial_file(folder: Path, name: str, limit: int) -> Iterator[PartialFile]:
    """Open a file for a download, with what a dead process left of the same one.

    Afterwards the file is gone. If an exception interrupts the download it stays, for the next process to continue with,
    unless the disk is at fault.

    Args:
        folder: A folder of the cache, which is made if need be.
        name: The same name for the same download, in any process.
        limit: The most bytes that a leftover may have to be continued.

    Raises:
        DataError: The cache cannot be written.
    """
    token = secrets.token_hex(8)
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        leftovers = sorted(_dead_files(folder, f".{name}.*.part"), key=_size, reverse=True)
        partial = PartialFile(folder / f".{name}.{token}.part")
    keep = False
    try:
        with write_errors(folder):
            for leftover in leftovers:
                _take_over(leftover, folder / f".{name}.{token}.taken", partial, limit)
        yield partial
    except DataError:  # the disk: a part is of no use, and its space is needed
        raise
    except BaseException:
        keep = partial.size > 0
        raise
    finally:
        partial.file.close()
        with suppress(OSError):
            if keep:
                os.utime(partial.path, (0, 0))  # long untouched: the next process need not wait
            else:
                partial.path.unlink()


def sweep(folder: Path) -> None:
    """Remove what dead processes have left in a folder of the cache, as far as that can be done."""
    with suppress(OSError):
        for pattern in (".*.tmp", ".*.part", ".*.taken"):
            for path in _dead_files(folder, pattern):
                path.unlink(missing_ok=True)


def _take_over(leftover: Path, taken: Path, partial: PartialFile, limit: int) -> None:
    with suppress(FileNotFoundError):  # another process was first: of several, only one can rename it
        leftover.rename(taken)
        try:
            if not partial.size and _size(taken) <= limit:
                with taken.open("rb") as file:
                    while content := file.read(CHUNK):
                        partial.write(content)
                partial.is_continued = partial.size > 0
        finally:
            taken.unlink(missing_ok=True)


def _dead_files(folder: Path, pattern: str) -> list[Path]:
    """The files that have not been written to for so long that their process must have ended."""
    paths = list(folder.glob(pattern))
    if not paths:
        return []
    with tempfile.TemporaryFile(dir=folder) as file:  # the clock of the file system, which may be another machine's
        now = os.fstat(file.fileno()).st_mtime
    dead = []
    for path in paths:
        with suppress(FileNotFoundError):
            if now - path.stat().st_mtime > UNTOUCHED_SECONDS:
                dead.append(path)
    return dead


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
