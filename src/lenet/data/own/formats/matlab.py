"""MATLAB's level 5 files, as far as data sets need them: arrays of numbers, text, structs and cells, compressed or not.

The format: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf. A file is a header of 128 bytes and elements; an
element is a type, a size and the content; an array is an element of elements: flags, shape, name, values.
"""

import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.own.streams import MAX_FILE, check_ratio
from lenet.errors import DataError

TYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
    16: "u1",
    17: "u2",
    18: "u4",
}
MATRIX, COMPRESSED = 14, 15
CELL, STRUCT, CHAR = 1, 2, 4
NUMBERS = range(6, 16)  # classes of arrays: double, single, and whole numbers of 8 to 64 bits
HEADER = 128
MAX_DEPTH = 8
MAX_ELEMENTS = 10_000  # of structs and cells

Value = NDArray[Any] | str | dict[str, Any] | list[Any] | None


def parse(content: bytes, name: str) -> dict[str, Value]:
    """Read all variables of a file.

    Args:
        content: The file.
        name: What errors call it.

    Returns:
        Arrays in MATLAB's shape, text, structs as dictionaries, cells and arrays of structs as lists; None for the rest.

    Raises:
        DataError: The file is truncated or damaged.
    """
    try:
        order = {b"IM": "<", b"MI": ">"}[bytes(content[126:128])]
        reader = _Reader(memoryview(content), order, name)
        return reader.variables(HEADER, len(content))
    except (struct.error, KeyError, ValueError, zlib.error, TypeError, IndexError, OverflowError) as error:
        raise DataError(f"{name} is truncated or damaged, or no MATLAB file of level 5", hint="get it again") from error


@dataclass(eq=False)
class _Reader:
    """Reads elements of one buffer."""

    view: memoryview
    order: str
    name: str
    count: int = 0  # elements of structs and cells so far

    def variables(self, start: int, stop: int) -> dict[str, Value]:
        found: dict[str, Value] = {}
        while start < stop:
            kind, begin, end, start = self.element(start, stop)
            if kind == COMPRESSED:
                inner = _Reader(self.unpack(begin, end), self.order, self.name, self.count)
                found.update(inner.variables(0, len(inner.view)))
                self.count = inner.count
            elif kind == MATRIX:
                name, value = self.matrix(begin, end, 0)
                found[name] = value
        return found

    def element(self, start: int, stop: int) -> tuple[int, int, int, int]:
        """The type of an element, where its content begins and ends, and where the next element begins."""
        kind, size = struct.unpack_from(f"{self.order}II", self.view, start)
        if kind >> 16:  # a small element: four bytes at most, in the place of the size
            kind, size, begin, after = kind & 0xFFFF, kind >> 16, start + 4, start + 8
        else:
            begin = start + 8
            after = begin + size if kind == COMPRESSED else begin + -(-size // 8) * 8
        if begin + size > stop:
            raise ValueError("an element ends after the file")
        return kind, begin, begin + size, after

    def unpack(self, begin: int, end: int) -> memoryview:
        # The first element in it says how large it is.
        _, size = struct.unpack(f"{self.order}II", zlib.decompressobj().decompress(self.view[begin:end], 8))
        check_ratio(size, end - begin, self.name)
        if size > MAX_FILE:
            raise DataError(f"{self.name} unpacks to {size:,} bytes; expected at most {MAX_FILE:,}", hint="split it")
        content = zlib.decompressobj().decompress(self.view[begin:end], 8 + size)
        if len(content) < 8 + size:
            raise ValueError("a compressed element is truncated")
        return memoryview(content)

    def matrix(self, start: int, stop: int, depth: int) -> tuple[str, Value]:
        """The name and the value of an array."""
        if start == stop:  # an empty array, as in a cell
            return "", None
        self.count += 1
        if depth > MAX_DEPTH or self.count > MAX_ELEMENTS:
            raise DataError(f"{self.name} holds far too many structs or cells", hint="it is no data set of images")
        _, begin, _, start = self.element(start, stop)
        (flags,) = struct.unpack_from(f"{self.order}I", self.view, begin)
        kind = flags & 0xFF
        if kind not in (CELL, STRUCT, CHAR, *NUMBERS):  # objects, functions and sparse arrays
            return "", None
        _, begin, end, start = self.element(start, stop)
        shape = struct.unpack(f"{self.order}{(end - begin) // 4}i", self.view[begin:end])
        _, begin, end, start = self.element(start, stop)
        name = bytes(self.view[begin:end]).decode("ascii")
        if min(shape, default=-1) < 0:
            raise ValueError("an array has a negative size")
        if kind == STRUCT:
            return name, self.structs(math.prod(shape), start, stop, depth)
        if kind == CELL:
            return name, self.cells(math.prod(shape), start, stop, depth)[0]
        values = self.numbers(start, stop)
        if kind == CHAR:
            return name, "".join(map(chr, values[:MAX_ELEMENTS].tolist()))
        return name, values.reshape(shape, order="F")

    def numbers(self, start: int, stop: int) -> NDArray[Any]:
        kind, begin, end, _ = self.element(start, stop)
        return np.frombuffer(self.view[begin:end], np.dtype(self.order + TYPES[kind]))

    def cells(self, count: int, start: int, stop: int, depth: int) -> tuple[list[Value], int]:
        if count > MAX_ELEMENTS:
            raise ValueError("far too many cells")
        values: list[Value] = []
        for _ in range(count):
            kind, begin, end, start = self.element(start, stop)
            if kind != MATRIX:
                raise ValueError("a cell holds no array")
            values.append(self.matrix(begin, end, depth + 1)[1])
        return values, start

    def structs(self, count: int, start: int, stop: int, depth: int) -> dict[str, Any] | list[Any]:
        _, begin, _, start = self.element(start, stop)
        (length,) = struct.unpack_from(f"{self.order}i", self.view, begin)
        _, begin, end, start = self.element(start, stop)
        if length < 1 or count * (end - begin) // length > MAX_ELEMENTS:
            raise ValueError("a struct has no names, or too many")
        names = [
            bytes(self.view[place : place + length]).split(b"\0")[0].decode("ascii")
            for place in range(begin, end, length)
        ]
        found = []
        for _ in range(count):
            values, start = self.cells(len(names), start, stop, depth)
            found.append(dict(zip(names, values, strict=True)))
        return found[0] if count == 1 else found
