"""The IDX format of MNIST and its relatives: a magic number, the sizes, then the bytes, all plain.

http://yann.lecun.com/exdb/mnist describes it. Files may be compressed with gzip; only unsigned bytes occur here.
"""

import gzip
import math
import struct
import zlib
from io import SEEK_END, RawIOBase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenet.errors import DataError

UNSIGNED_BYTE = 0x08
GZIP = b"\x1f\x8b"
AT_ONCE = 1 << 20  # bytes
LARGEST = 1 << 28  # bytes


def read_raw(path: Path, limit: int = LARGEST) -> bytearray:
    """The content of a file, decompressed if it is gzip. Raises DataError for one that is truncated, damaged, or larger
    than `limit` bytes when raw.
    """
    try:
        with path.open("rb", buffering=0) as file:
            return unpack(file, path, limit)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def unpack(file: RawIOBase, name: str | Path, limit: int = LARGEST) -> bytearray:
    """The same for an open file, from its beginning; `name` is for the errors.

    Never more than `limit` bytes and a piece are in memory, whatever the file would unpack to.
    """
    file.seek(0)
    is_compressed = file.read(len(GZIP)) == GZIP
    file.seek(0)
    try:
        if is_compressed:
            content = bytearray()
            with gzip.GzipFile(fileobj=file, mode="rb") as stream:
                while part := stream.read(min(AT_ONCE, limit + 1 - len(content))):
                    content += part
        else:
            content = bytearray(min(file.seek(0, SEEK_END), limit + 1))
            file.seek(0)
            num_read = 0
            with memoryview(content) as view:  # straight into its place: nothing is in memory twice
                while part_size := file.readinto(view[num_read:]):
                    num_read += part_size
            del content[num_read:]
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{name} is truncated or damaged: {error}", hint="get the file again") from error
    if len(content) > limit:
        raise DataError(f"{name} holds more than {limit:,} bytes", hint="it is another file, or damaged; get it again")
    return content


def parse(content: bytearray | bytes, num_dimensions: int, name: str | Path) -> NDArray[np.uint8]:
    """The array in the content of an IDX file, sharing its memory.

    num_dimensions: 3 for images `(N, height, width)`, 1 for labels `(N,)`. Raises DataError that names the file and says
    what was expected and what was found.
    """
    expected = UNSIGNED_BYTE << 8 | num_dimensions
    start = 4 + 4 * num_dimensions
    if len(content) < start:
        raise DataError(f"{name} has {len(content)} bytes; an IDX file has at least {start}", hint="get the file again")
    magic, *shape = struct.unpack(f">{num_dimensions + 1}I", content[:start])
    if magic != expected:
        what = {1: "labels", 3: "images"}.get(num_dimensions, f"{num_dimensions} dimensions")
        raise DataError(
            f"{name} begins with the magic number 0x{magic:08x}; expected 0x{expected:08x}, that of {what}",
            hint="it is another file, or not in the IDX format",
        )
    sizes = "×".join(map(str, shape))
    if len(content) != start + math.prod(shape):
        raise DataError(
            f"{name} has {len(content):,} bytes; its header announces {sizes}, which makes {start + math.prod(shape):,}",
            hint="it is truncated or damaged; get the file again",
        )
    try:
        return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
    except ValueError as error:  # NumPy refuses arrays without content whose other sizes are gigantic
        raise DataError(f"{name} announces {sizes}, which no array can have", hint="get the file again") from error


def dump(array: NDArray[np.uint8]) -> bytes:
    """The content of the IDX file of an array of unsigned bytes."""
    return struct.pack(f">{array.ndim + 1}I", UNSIGNED_BYTE << 8 | array.ndim, *array.shape) + array.tobytes()
