"""Arrays in files that are mapped into memory: their pages are the system's, which takes them back when it needs room."""

import math
import mmap
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lenet.data.cache import cache_folder, write_errors

LARGE = 256 << 20  # bytes of a copy from which on it goes into a file
AT_ONCE = 16 << 20  # bytes copied at a time

Number = TypeVar("Number", bound=np.generic)


def is_mapped(array: NDArray[Any]) -> bool:
    """Return whether an array's memory is a file."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return isinstance(owner, mmap.mmap)


def taken(array: NDArray[Number], indices: NDArray[np.int64], of: NDArray[Any]) -> NDArray[Number]:
    """Return a copy of some rows of an array: in memory, or for a large data set that is mapped, in a file of the cache.

    The file has no name, so it is gone with the process.

    Args:
        array: (N, …), the images or the labels.
        indices: int64 (M,), which rows, in which order.
        of: the images, whose size decides.

    Raises:
        DataError: The cache cannot be written, or the disk is full.
    """
    if len(indices) * math.prod(of.shape[1:]) <= LARGE or not is_mapped(of):
        return array[indices]
    folder, row = cache_folder("own"), array.itemsize * math.prod(array.shape[1:])
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            _reserve(file.fileno(), len(indices) * row)
            copy = np.memmap(file, array.dtype, "w+", shape=(len(indices), *array.shape[1:]))
    rows = max(1, AT_ONCE // row)
    for start in range(0, len(indices), rows):
        copy[start : start + rows] = array[indices[start : start + rows]]
    return copy


def open_file(path: Path, dtype: Any, shape: tuple[int, ...], forget: Path | None = None) -> "np.memmap[Any, Any]":
    """Open a NumPy file for writing, mapped into memory: the one that is there if it is of that shape, else a new one.

    Its room on the disk is taken at once.

    Args:
        path: The file.
        dtype: The type of its numbers.
        shape: Its shape.
        forget: A file that says what is in it already; removed if it is new.

    Raises:
        OSError: The disk is full, or it cannot be written.
    """
    array = None
    with suppress(OSError, ValueError):
        array = np.lib.format.open_memmap(path, mode="r+")
    if array is None or array.dtype != dtype or array.shape != shape:
        if forget is not None:
            forget.unlink(missing_ok=True)
        array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    with path.open("r+b") as file:
        _reserve(file.fileno(), path.stat().st_size)
    return array


def _reserve(file: int, size: int) -> None:
    """Take a file's room on the disk, where the system can: else a full one ends the process when a page is written."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
