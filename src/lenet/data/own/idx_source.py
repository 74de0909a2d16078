"""IDX files of bytes, read a block at a time from the disk, compressed or not."""

import gzip
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from lenet.data import idx
from lenet.errors import DataError

BLOCK = 4 << 20  # bytes read at a time


@dataclass(frozen=True)
class IdxSource:
    """A file of unsigned bytes.

    Attributes:
        path: the file.
        shape: what its header announces.
        is_compressed: whether it is gzip.
    """

    path: Path
    shape: tuple[int, ...]
    is_compressed: bool

    @property
    def num_bytes(self) -> int:
        """The bytes of its values."""
        return math.prod(self.shape)


def opened(path: Path) -> IdxSource | None:
    """Read the header of an IDX file of unsigned bytes; None for any other file."""
    try:
        with path.open("rb") as file:
            is_compressed = file.read(2) == idx.GZIP
            file.seek(0)
            start = gzip.GzipFile(fileobj=file).read(16) if is_compressed else file.read(16)
    except (OSError, EOFError, zlib.error):
        return None
    if len(start) < 8 or start[:3] != b"\0\0\x08" or len(start) < idx.header_size(start[3]) or not start[3]:
        return None
    shape = struct.unpack_from(f">{start[3]}I", start, 4)
    return IdxSource(path, shape, is_compressed)


def blocks(source: IdxSource) -> Iterator[bytes]:
    """Yield the values of a file, in order, some megabytes at a time.

    Raises:
        DataError: The file cannot be read, is damaged, or has more or fewer values than its header announces.
    """
    left = source.num_bytes
    try:
        with ExitStack() as stack:
            raw = stack.enter_context(source.path.open("rb", buffering=0))
            opened_file = stack.enter_context(gzip.GzipFile(fileobj=raw)) if source.is_compressed else raw
            file = cast(BinaryIO, opened_file)
            _exactly(file, idx.header_size(len(source.shape)))
            while block := file.read(min(BLOCK, left) or 1):
                left -= len(block)
                if left < 0:
                    break
                yield block
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{source.path} cannot be read: {reason}", hint="get the file again") from error
    if left:
        sizes = "×".join(map(str, source.shape))
        has = f"{source.num_bytes - left:,}" if left > 0 else "more"
        raise DataError(
            f"{source.path} announces {sizes}, {source.num_bytes:,} bytes, and has {has}",
            hint="it is truncated or damaged; get it again",
        )


def _exactly(file: BinaryIO, size: int) -> None:
    """Read so many bytes, which a compressed file may give in several pieces."""
    while size and (part := file.read(size)):
        size -= len(part)
