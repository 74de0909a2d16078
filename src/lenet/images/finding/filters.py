"""Filters on images of floats and on masks: maximum over squares, closing, dilation, blur."""

import numpy as np
from numpy.typing import NDArray

from lenet.images.found import Mask

Floats = NDArray[np.float32]  # (height, width), or (height, width, channels)


def maximum(image: Floats, reach: int) -> Floats:
    """Take the maximum over squares of 2 · reach + 1 pixels, as far as they are inside the image."""
    for axis in (0, 1):
        image = _maximum_along(image, reach, axis)
    return image


def closing(image: Floats, reach: int) -> Floats:
    """Fill what is dark and narrower than 2 · reach + 1 pixels: the maximum over squares, then the minimum."""
    return -maximum(-maximum(image, reach), reach)


def dilated(mask: Mask, reach: int) -> Mask:
    """Add to a mask what is at most `reach` pixels away, also diagonally."""
    return np.asarray(maximum(mask.astype(np.float32), reach) > 0)


def eroded(mask: Mask, reach: int) -> Mask:
    """Remove from a mask what is at most `reach` pixels away from what is outside; the image's border is no outside."""
    return ~dilated(~mask, reach)


def blurred(image: Floats, radius: float) -> Floats:
    """Blur with an approximation of a Gaussian, two means over 2 · radius + 1 pixels along each axis."""
    reach = round(min(radius, max(image.shape[:2])))
    for axis in (0, 1, 0, 1) if reach else ():
        image = _mean_along(image, reach, axis)
    return image


def _maximum_along(image: Floats, reach: int, axis: int) -> Floats:
    """The maximum over 2 · reach + 1 pixels along an axis, by steps that at most double the width."""
    edge = image.shape[axis]
    padding = [(0, 0), (0, 0)]
    padding[axis] = (reach, reach)
    moved = np.moveaxis(np.pad(image, padding, constant_values=-np.inf), axis, 0)
    width, goal = 1, 2 * reach + 1
    while width < goal:
        step = min(width, goal - width)
        moved = np.maximum(moved[: len(moved) - step], moved[step:])
        width += step
    return np.moveaxis(moved[:edge], 0, axis)


def _mean_along(image: Floats, reach: int, axis: int) -> Floats:
    """The mean over 2 · reach + 1 pixels along an axis; beyond its border the image is mirrored."""
    moved = np.moveaxis(image, axis, 0)
    reach = min(reach, len(moved) - 1)
    padding = [(reach + 1, reach)] + [(0, 0)] * (moved.ndim - 1)
    sums = np.pad(moved, padding, "symmetric").cumsum(axis=0, dtype=np.float64)
    means = (sums[2 * reach + 1 :] - sums[: -2 * reach - 1]) / (2 * reach + 1)
    return np.moveaxis(means.astype(np.float32), 0, axis)
