"""Arrays in files that are mapped into memory: their pages are the system's, which takes them back when it needs room."""

import math
import mmap
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lenet.data.cache import cache_folder, write_errors
from lenet.errors import DataError

LARGE = 256 << 20  # bytes of a copy from which on it goes into a file
SCRATCH = 4 << 20  # bytes of intermediate results from which on they go into a file
AT_ONCE = 4 << 20  # bytes copied at a time

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
    copy = in_file((len(indices), *array.shape[1:]), array.dtype)
    for part in parts(copy.shape, array.itemsize):
        copy[part] = array[indices[part]]
    return copy


def without(array: NDArray[Number], indices: NDArray[np.int64], of: NDArray[Any]) -> NDArray[Number]:
    """Return a copy of all rows of an array but some, in their order: in memory or in a file, as `taken`.

    Args:
        array: (N, …), the images or the labels.
        indices: int64 (M,), ascending, the rows to leave out.
        of: the images, whose size decides.

    Raises:
        DataError: The cache cannot be written, or the disk is full.
    """
    shape = (len(array) - len(indices), *array.shape[1:])
    is_small = shape[0] * math.prod(of.shape[1:]) <= LARGE or not is_mapped(of)
    copy = np.empty(shape, array.dtype) if is_small else in_file(shape, array.dtype)
    for part in parts(array.shape, array.itemsize):
        first, last = np.searchsorted(indices, (part.start, part.stop)).tolist()
        copy[part.start - first : part.stop - last] = np.delete(array[part], indices[first:last] - part.start, axis=0)
    return copy


def scratch(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Return an array for intermediate results, not filled: in memory if they are few, else in a file of the cache.

    The file has no name, so it is gone with the array. Where the cache cannot be written, hundreds of megabytes are an error,
    and fewer stay in memory.

    Args:
        shape: its shape.
        dtype: the type of its numbers.

    Raises:
        DataError: The cache cannot be written, or the disk is full.
    """
    num_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    if num_bytes <= SCRATCH:
        return np.empty(shape, dtype)
    try:
        return in_file(shape, dtype)
    except DataError:
        if num_bytes > LARGE:
            raise
        return np.empty(shape, dtype)


def in_file(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Return an array in a file of the cache without a name, whose room on the disk is taken; raises DataError."""
    folder = cache_folder("own")
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            _reserve(file.fileno(), math.prod(shape) * np.dtype(dtype).itemsize)
            return np.asarray(np.memmap(file, dtype, "w+", shape=shape))


def joined(arrays: Sequence[NDArray[Number]]) -> NDArray[Number]:
    """Return np.concatenate of arrays of one shape but for the first axis, in a file if they are large."""
    whole, start = scratch((sum(map(len, arrays)), *arrays[0].shape[1:]), arrays[0].dtype), 0
    for array in arrays:
        for part in parts(array.shape, array.itemsize):
            whole[start + part.start : start + part.stop] = array[part]
        start += len(array)
    return whole


def positions(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the places of True, ascending, int64 (M,): as np.flatnonzero, in a file if they are many."""
    places, count = scratch((int(np.count_nonzero(chosen)),), np.int64), 0
    for part in parts(chosen.shape, places.itemsize):
        some = part.start + np.flatnonzero(chosen[part])
        places[count : count + len(some)] = some
        count += len(some)
    return places


def parts(shape: tuple[int, ...], itemsize: int = 1) -> Iterator[slice]:
    """Split the first axis of an array into slices of some megabytes."""
    rows = max(1, AT_ONCE // max(1, itemsize * math.prod(shape[1:])))
    return (slice(start, min(start + rows, shape[0])) for start in range(0, shape[0], rows))


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
