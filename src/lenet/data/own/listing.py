"""The files of a folder or an archive, as readers see them: names, and the content of each."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from lenet.data.own.names import is_hidden
from lenet.data.own.streams import MAX_FILE, MAX_TOTAL
from lenet.errors import DataError
from lenet.files import untrusted
from lenet.images import limits

MAX_DEPTH = 32
MAX_FILES = 5_000_000
MAX_AROUND = 200_000  # files in the folder of a single file


class Files(Protocol):
    """Files that belong together.

    Attributes:
        path: What the user named.
        kind: In words, with " of " or nothing: "" for a folder, "a zip archive of ".
        most: Bytes of a file that can be read piece by piece, without having all of it in memory.
        names: Of all files that are not hidden, relative with "/", sorted.
        empty: The names of folders in which there are no files.
    """

    @property
    def path(self) -> Path: ...
    @property
    def kind(self) -> str: ...
    @property
    def names(self) -> Sequence[str]: ...
    @property
    def most(self) -> int: ...
    @property
    def empty(self) -> Sequence[str]: ...

    def read(self, name: str, limit: int = limits.MAX_BYTES) -> bytes:
        """Read a file of at most `limit` bytes; raises DataError."""

    def head(self, name: str, size: int) -> bytes:
        """Read the first bytes of a file of any size; raises DataError."""

    def open(self, name: str, limit: int = MAX_FILE) -> AbstractContextManager[BinaryIO]:
        """Open a file of at most `limit` bytes for reading; raises DataError."""

    def has(self, name: str) -> bool:
        """Whether there is such a file."""

    def everything(self) -> Sequence[str]:
        """The names of all files, also of those around a single one."""

    def beside(self, name: str) -> Sequence[str]:
        """The names of the files in the folder of a file, with its own."""

    def sources(self, names: Sequence[str]) -> tuple[Path, ...]:
        """The files on the disk that hold some files."""


class Folder:
    """A folder on the disk; the attributes are those of `Files`.

    Args:
        path: The folder, or a file in it, which is then the only one in `names`.
    """

    kind = ""
    most = MAX_TOTAL

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path if path.is_dir() else path.parent
        self.names, self.empty = list_folder(path) if path.is_dir() else ([path.name], [])

    def read(self, name: str, limit: int = limits.MAX_BYTES) -> bytes:
        """Read a file of at most `limit` bytes; raises DataError."""
        return untrusted.read(os.path.join(self.root, name), limit, DataError)  # noqa: PTH118 (Path takes as long as reading)

    def head(self, name: str, size: int) -> bytes:
        """Read the first bytes of a file of any size; raises DataError."""
        with self.open(name, 1 << 62) as file:
            return file.read(size)

    @contextlib.contextmanager
    def open(self, name: str, limit: int = MAX_FILE) -> Iterator[BinaryIO]:
        """Open a file of at most `limit` bytes for reading; raises DataError."""
        path = self.root / name
        try:
            with untrusted.open_file(path, limit, DataError) as (file, _):
                yield file
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror or error}") from error

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return os.path.isfile(self.root / name)  # noqa: PTH113 (Path.is_file raises for names that no file can have)

    def everything(self) -> list[str]:
        """The names of all files, also of those around a single one."""
        return self.names if self.path == self.root else list_folder(self.root, MAX_AROUND)[0]

    def beside(self, name: str) -> list[str]:
        """The names of the files in the folder of a file, with its own."""
        if self.path == self.root:
            return [other for other in self.names if PurePosixPath(other).parent == PurePosixPath(name).parent]
        with os.scandir(self.root) as entries:
            return sorted(entry.name for entry in entries if _is(entry.is_file) and not is_hidden(entry.name))

    def sources(self, names: Sequence[str]) -> tuple[Path, ...]:
        """The files on the disk that hold some files."""
        return tuple(self.root / name for name in names)


def _is(test: Callable[[], bool]) -> bool:
    """Whether an entry is a file or folder; a link to itself is neither."""
    try:
        return test()
    except OSError:
        return False


def list_folder(root: Path, max_files: int = MAX_FILES) -> tuple[list[str], list[str]]:
    """List the files in a folder and its subfolders, hidden ones left out.

    Args:
        root: The folder. Links are followed, but not in circles.
        max_files: The most files it may have.

    Returns:
        The names of files, relative with "/", and those of folders with no files in them, both sorted.

    Raises:
        DataError: A folder cannot be read, or there are too many files, or folders too deep in one another.
    """
    names: list[str] = []
    empty: list[str] = []
    for name in walk(root):
        if name.endswith("/"):
            empty.append(name[:-1])
            continue
        names.append(name)
        if len(names) > max_files:
            raise DataError(f"{root} holds more than {max_files:,} files", hint="name a folder with the images only")
    return sorted(names), sorted(empty)


def walk(root: Path) -> Iterator[str]:
    """Yield the names of the files in a folder and its subfolders as the disk has them, hidden ones left out.

    Args:
        root: The folder. Links are followed, but not in circles.

    Yields:
        The name of each file, relative with "/"; and that of each folder with no files in it, with "/" at its end.

    Raises:
        DataError: A folder cannot be read, or they are too deep in one another.
    """

    def inside(folder: str, prefix: str, above: tuple[tuple[int, int], ...]) -> Iterator[str]:
        is_empty = True
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if is_hidden(entry.name):
                        continue
                    if not _is(entry.is_dir):
                        is_empty = False
                        yield prefix + entry.name
                        continue
                    status = entry.stat()
                    identity = (status.st_dev, status.st_ino)
                    if len(above) >= MAX_DEPTH or (status.st_ino and identity in above):
                        raise DataError(
                            f"{untrusted.printable(entry.path)} is more than {MAX_DEPTH} folders deep, or in itself",
                            hint="move the class folders into a folder of their own",
                        )
                    for name in inside(entry.path, f"{prefix}{entry.name}/", (*above, identity)):
                        is_empty &= name.endswith("/")
                        yield name
        except OSError as error:
            what = untrusted.printable(error.filename or folder)
            raise DataError(f"{what} cannot be read: {error.strerror or error}") from error
        if is_empty and prefix:
            yield prefix

    return inside(str(root), "", ())
