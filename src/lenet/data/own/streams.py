"""Files that may be compressed, read a bounded number of bytes at a time."""

import bz2
import contextlib
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from lenet.errors import DataError
from lenet.files.untrusted import printable

CHUNK = 1 << 20  # bytes unpacked at a time
MAX_FILE = 4 << 30  # bytes of one file with many images
MAX_TOTAL = 64 << 30  # bytes of all files in an archive
# What unpacks to more than SUSPECT bytes and MAX_RATIO times its own size is no set of images; MNIST unpacks to 5 times.
SUSPECT, MAX_RATIO = 64 << 20, 200


class Bounded(io.RawIOBase):
    """A stream for reading that raises DataError where it has more bytes than it should, or is damaged.

    Args:
        stream: What is read, forwards.
        name: What errors call it.
        size: Its size on the disk.
        limit: The most bytes it may give.
    """

    def __init__(self, stream: BinaryIO, name: str | Path, size: int, limit: int) -> None:
        self.stream, self.name, self.size, self.limit, self.total = stream, name, size, limit, 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes, or all."""
        if size < 0:
            parts = []
            while part := self.read(CHUNK):
                parts.append(part)
            return b"".join(parts)
        try:
            part = self.stream.read(min(size, CHUNK))
        except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
            raise DataError(f"{self.name} is truncated or damaged: {printable(error)}", hint="get it again") from error
        self.total += len(part)
        if self.total > self.limit:
            raise DataError(f"{self.name} holds more than {self.limit:,} bytes", hint="split it into several files")
        check_ratio(self.total, self.size, self.name)
        return part


@contextlib.contextmanager
def unpacked(file: BinaryIO, name: str | Path, limit: int = MAX_FILE) -> Iterator[BinaryIO]:
    """Read a file that may be compressed with gzip, bzip2.

    Args:
        file: The file, which can seek.
        name: What errors call it.
        limit: The most bytes it may unpack to.

    Yields:
        The file itself if it is not compressed, from its beginning; else what it unpacks to, which can only be read forwards.

    Raises:
        DataError: It is compressed in another way.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    start = file.read(6)
    file.seek(0)
    if start.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=file, mode="rb") as stream:
            yield cast(BinaryIO, Bounded(cast(BinaryIO, stream), name, size, limit))
    elif start.startswith(b"BZh"):
        with bz2.BZ2File(file) as bz2_stream:
            yield cast(BinaryIO, Bounded(cast(BinaryIO, bz2_stream), name, size, limit))
    elif start.startswith((b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")):
        raise DataError(f"{name} is compressed with xz or zstd; expected gzip or none", hint="unpack it first")
    else:
        yield file


def has_number(file: Any) -> bool:
    """Return whether a file is one of the system's, which can be mapped into memory."""
    try:
        return int(file.fileno()) >= 0
    except (OSError, AttributeError):  # a file in memory, or in an archive
        return False


def read_unpacked(file: BinaryIO, name: str | Path, limit: int = MAX_FILE) -> bytes:
    """Read all of a file that may be compressed.

    Args:
        file: The file, which can seek.
        name: What errors call it.
        limit: The most bytes it may unpack to.

    Raises:
        DataError: It is damaged, or unpacks to more.
    """
    with unpacked(file, name, limit) as stream:
        return stream.read()


def check_ratio(size: int, packed: int, name: str | Path) -> None:
    """Check that something unpacks to a plausible size.

    Args:
        size: Bytes unpacked.
        packed: Bytes packed.
        name: What errors call it.

    Raises:
        DataError: It is a bomb.
    """
    if size > MAX_TOTAL or (size > SUSPECT and size > MAX_RATIO * packed):
        raise DataError(
            f"{name} is a bomb: {packed:,} bytes unpack to {size:,} or more",
            hint="get it again; if it is right, unpack it and name the folder",
        )
