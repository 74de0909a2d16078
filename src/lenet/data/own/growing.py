"""Rows that come some at a time, as from a table: many of them are kept in a file of the cache, not in memory."""

import tempfile
import weakref
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from lenet.data import mapped
from lenet.data.cache import cache_folder, write_errors


class Growing:
    """Rows of one width, of which an array is made when all are there."""

    def __init__(self) -> None:
        self.pieces: list[NDArray[Any]] = []  # that are not in the file yet
        self.written: list[tuple[np.dtype[Any], int]] = []  # type and length of each piece in the file
        self.num_bytes = 0  # of `pieces`
        self.file: BinaryIO | None = None
        self.row: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pieces or self.written)

    def append(self, rows: NDArray[Any]) -> None:
        """Add rows; raises DataError if the cache cannot be written."""
        self.row = rows.shape[1:]
        self.pieces.append(rows if rows.base is None else rows.copy())  # a view would keep all that it is part of
        self.num_bytes += rows.nbytes
        if self.num_bytes > mapped.SCRATCH:
            self._write()

    def array(self) -> NDArray[Any]:
        """Return all rows, as np.concatenate returns them."""
        if self.file is None:
            return self.pieces[0] if len(self.pieces) == 1 else np.concatenate(self.pieces)
        self._write()
        dtype = np.result_type(*{dtype for dtype, _ in self.written})
        shape = (sum(count for _, count in self.written), *self.row)
        if all(each == dtype for each, _ in self.written):
            return np.asarray(np.memmap(self.file, dtype, "r", shape=shape))
        values, start, offset = mapped.scratch(shape, dtype), 0, 0
        for each, count in self.written:  # such as whole numbers first, then others
            piece = np.memmap(self.file, each, "r", offset, (count, *self.row))
            values[start : start + count] = piece
            start, offset = start + count, offset + piece.nbytes
        return values

    def _write(self) -> None:
        folder = cache_folder("own")
        with write_errors(folder):
            if self.file is None:
                folder.mkdir(parents=True, exist_ok=True)
                self.file = cast(BinaryIO, tempfile.TemporaryFile(dir=folder))  # noqa: SIM115 (it lives as long as this)
                weakref.finalize(self, self.file.close)
            for piece in self.pieces:
                self.file.write(np.ascontiguousarray(piece).data)
                self.written.append((piece.dtype, len(piece)))
            self.file.flush()
        self.pieces.clear()
        self.num_bytes = 0
