"""The IDX format of MNIST and its relatives: a magic number, the shape, then the values, uncompressed.

http://yann.lecun.com/exdb/mnist describes it. Files may be compressed with gzip.
"""

import gzip
import math
import struct
import zlib
from collections.abc import Sequence
from io import SEEK_END, RawIOBase
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from lenet.errors import DataError
from lenet.files import signatures

UNSIGNED_BYTE, INT = 0x08, 0x0C
# The type of the values, by the third byte of the magic number.
TYPES = {UNSIGNED_BYTE: ">u1", 0x09: ">i1", 0x0B: ">i2", INT: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP = b"\x1f\x8b"
CHUNK = 1 << 20  # bytes decompressed at a time
MAX_BYTES = 1 << 28  # of a file's content, unless the caller knows better


def read_content(path: Path, limit: int = MAX_BYTES) -> bytearray:
    """Read the content of a file, decompressed if it is gzip.

    Args:
        path: The file.
        limit: The most bytes that its content may have.

    Raises:
        DataError: The file cannot be read, is truncated or damaged, or its content is too large.
    """
    try:
        with path.open("rb", buffering=0) as file:
            return unpack(file, path, limit)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def unpack(file: RawIOBase | IO[bytes], name: str | Path, limit: int = MAX_BYTES) -> bytearray:
    """Read the content of an open file from its beginning, decompressed if it is gzip.

    At most `limit` bytes and one chunk are in memory, whatever the file would unpack to.

    Args:
        file: The file, unbuffered.
        name: What errors call it.
        limit: The most bytes that its content may have.

    Raises:
        DataError: The file is truncated or damaged, or its content is too large.
    """
    file.seek(0)
    is_compressed = file.read(len(GZIP)) == GZIP
    file.seek(0)
    try:
        if is_compressed:
            content = bytearray()
            with gzip.GzipFile(fileobj=file, mode="rb") as stream:
                while part := stream.read(min(CHUNK, limit + 1 - len(content))):
                    content += part
        else:
            content = bytearray(min(file.seek(0, SEEK_END), limit + 1))
            file.seek(0)
            num_read = 0
            with memoryview(content) as view:  # straight into its place: nothing is in memory twice
                while part_size := cast(RawIOBase, file).readinto(view[num_read:]):
                    num_read += part_size
            del content[num_read:]
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{name} is truncated or damaged: {error}", hint="get the file again") from error
    if len(content) > limit:
        raise DataError(f"{name} holds more than {limit:,} bytes", hint="it is another file, or damaged; get it again")
    return content


def parse(
    content: bytearray | bytes, num_dimensions: int, name: str | Path, code: int = UNSIGNED_BYTE
) -> NDArray[np.uint8]:
    """Return the array in the content of an IDX file; it shares the content's memory.

    Args:
        content: The content of the file, decompressed.
        num_dimensions: 3 for images (N, height, width), 1 for labels (N,).
        name: What errors call the file.
        code: The type of its values, a key of TYPES; of another than UNSIGNED_BYTE, the array has that type instead.

    Raises:
        DataError: It is no IDX file of so many dimensions, or truncated.
    """
    expected = code << 8 | num_dimensions
    start = header_size(num_dimensions)
    if len(content) < start:
        raise DataError(f"{name} has {len(content)} bytes; an IDX file has at least {start}", hint="get the file again")
    magic, *shape = struct.unpack(f">{num_dimensions + 1}I", content[:start])
    if magic != expected:
        what = {1: "labels", 3: "images"}.get(num_dimensions, f"{num_dimensions} dimensions")
        other = signatures.describe(content)
        raise DataError(
            f"{name} is {other}; expected {what} in the IDX format"
            if other
            else f"{name} begins with the magic number 0x{magic:08x}; expected 0x{expected:08x}, that of {what}",
            hint="it is another file, or not in the IDX format",
        )
    sizes = "×".join(map(str, shape))
    if len(content) != num_bytes(shape, code):
        raise DataError(
            f"{name} has {len(content):,} bytes; its header announces {sizes}, which makes {num_bytes(shape, code):,}",
            hint="it is truncated or damaged; get the file again",
        )
    try:
        return np.frombuffer(content, TYPES[code], offset=start).reshape(shape)
    except ValueError as error:  # NumPy refuses empty arrays with a gigantic dimension
        raise DataError(f"{name} announces {sizes}, which no array can have", hint="get the file again") from error


def dump(array: NDArray[np.uint8]) -> bytes:
    """Make the content of the IDX file of an array of unsigned bytes."""
    return struct.pack(f">{array.ndim + 1}I", UNSIGNED_BYTE << 8 | array.ndim, *array.shape) + array.tobytes()


def dump_ints(array: NDArray[np.integer[Any]]) -> bytes:
    """Make the content of the IDX file of an array of whole numbers, of 4 bytes each."""
    header = struct.pack(f">{array.ndim + 1}I", INT << 8 | array.ndim, *array.shape)
    return header + array.astype(TYPES[INT]).tobytes()


def header_size(num_dimensions: int) -> int:
    """The bytes of an IDX file before its first value: the magic number and the shape."""
    return 4 + 4 * num_dimensions


def num_bytes(shape: Sequence[int], code: int = UNSIGNED_BYTE) -> int:
    """The size of the IDX file of an array of that shape."""
    return header_size(len(shape)) + np.dtype(TYPES[code]).itemsize * math.prod(shape)
