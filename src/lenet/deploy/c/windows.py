"""Convolutions and poolings of images in the order (N, height, width, channels), as the C sources compute them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.deploy.c.stages import Stage

Array = NDArray[Any]


def convolved(values: Array, weight: Array, padding: int) -> Array:
    """Return the sums of products, without bias.

    Args:
        values: (N, height, width, in_channels).
        weight: (channels, kernel, kernel, in_channels), of the same type.
        padding: zeros around the image.
    """
    kernel = weight.shape[1]
    if padding:
        values = np.pad(values, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    if kernel == values.shape[1] == values.shape[2] == 1:  # a dense layer
        return (values[:, 0, 0] @ weight[:, 0, 0].T)[:, None, None]
    windows = np.lib.stride_tricks.sliding_window_view(values, (kernel, kernel), (1, 2))  # (N, rows, columns, in, k, k)
    return np.tensordot(windows, weight, ((4, 5, 3), (1, 2, 3)))


def squares(values: Array, stage: Stage) -> Array:
    """Return the values that are pooled together: (N, rows, columns, channels, 4), or 1 for no pooling."""
    if not stage.pooling:
        return values[..., None]
    rows, columns = stage.out_shape[:2]
    cut = values[:, : 2 * rows, : 2 * columns].reshape(len(values), rows, 2, columns, 2, -1)
    return cut.transpose(0, 1, 3, 5, 2, 4).reshape(len(values), rows, columns, -1, 4)
