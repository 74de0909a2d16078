"""Several arrays of images as one, without a copy: arrays of gigabytes that are mapped into memory, such as two files."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data import mapped
from lenet.data.mapped import parts, scratch
from lenet.images.pixels import Pixels


class Stacked:
    """Images in several arrays, one after the other: slices and single images are read as from one array.

    Args:
        arrays: uint8 (N, height, width) or (N, height, width, 3), of one shape but for N.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, arrays: Sequence[Pixels]) -> None:
        self.arrays = tuple(arrays)
        self.starts = np.cumsum([0, *map(len, self.arrays)])
        self.shape = (int(self.starts[-1]), *self.arrays[0].shape[1:])
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __getitem__(self, index: Any) -> Pixels:
        if isinstance(index, slice):
            return self._slice(range(len(self))[index])
        indices = np.asarray(index)
        if indices.dtype == np.bool_:
            indices = np.flatnonzero(indices)
        indices = np.where(indices < 0, indices + len(self), indices)
        which = np.searchsorted(self.starts, indices, side="right") - 1
        if indices.ndim == 0:
            image: Pixels = self.arrays[which][indices - self.starts[which]]
            return image
        images = np.empty((len(indices), *self.shape[1:]), np.uint8)
        for number, array in enumerate(self.arrays):
            images[which == number] = array[indices[which == number] - self.starts[number]]
        return images

    def _slice(self, rows: range) -> Pixels:
        parts = [
            array[max(rows.start - start, 0) : max(rows.stop - start, 0)]
            for array, start in zip(self.arrays, self.starts.tolist(), strict=False)
        ]
        parts = [part for part in parts if len(part)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else self.arrays[0][:0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Pixels:
        return np.concatenate(self.arrays).astype(dtype or np.uint8, copy=False)


def taken_images(images: Pixels | Stacked, indices: NDArray[np.int64]) -> Pixels:
    """Return a copy of some images, in a file if it is large."""
    copy = scratch((len(indices), *images.shape[1:]), np.uint8)
    for part in parts(copy.shape):
        copy[part] = images[indices[part]]
    return copy


def stacked(arrays: Sequence[Pixels]) -> Pixels | Stacked:
    """Return arrays of images as one: a copy, unless they are large."""
    if len(arrays) == 1:
        return arrays[0]
    if sum(math.prod(array.shape) for array in arrays) > mapped.LARGE:
        return Stacked(arrays)
    return np.concatenate(arrays)
