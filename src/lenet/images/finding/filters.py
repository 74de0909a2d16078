"""Filters on images of floats and on masks: maximum over squares, closing, dilation, blur.

Maxima and sums over many pixels are made of those over half as many, so wide filters take hardly longer than narrow ones.
"""

from typing import Any

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
    for axis in (0, 1):
        mask = _maximum_along(mask.view(np.uint8), reach, axis).view(np.bool_)
    return mask


def eroded(mask: Mask, reach: int) -> Mask:
    """Remove from a mask what is at most `reach` pixels away from what is outside; the image's border is no outside."""
    return ~dilated(~mask, reach)


def blurred(image: Floats, radius: float) -> Floats:
    """Blur with an approximation of a Gaussian, two means over 2 · radius + 1 pixels along each axis."""
    reach = round(min(radius, max(image.shape[:2])))
    for axis in (0, 0, 1, 1) if reach else ():
        image = _mean_along(image, reach, axis)
    return image


def _maximum_along(image: NDArray[Any], reach: int, axis: int) -> NDArray[Any]:
    """The maximum over 2 · reach + 1 pixels along an axis, by steps that at most double the width."""
    rows = image.swapaxes(0, axis)
    values, other = _two_like(image, reach, axis)
    length, width, goal = len(values), 1, 2 * reach + 1
    values[:reach] = values[length - reach :] = 0 if image.dtype == np.uint8 else -np.inf
    values[reach : length - reach] = rows
    while width < goal:
        step = min(width, goal - width)
        length -= step
        np.maximum(values[:length], values[step : length + step], out=other[:length])
        values, other = other, values
        width += step
    return values[:length].swapaxes(0, axis)


def _mean_along(image: Floats, reach: int, axis: int) -> Floats:
    """The mean over 2 · reach + 1 pixels along an axis; beyond its border the image is mirrored."""
    rows = image.swapaxes(0, axis)
    edge = len(rows)
    reach = min(reach, edge - 1)
    values, other = _two_like(image, reach, axis)
    values[:reach] = rows[:reach][::-1]
    values[reach : reach + edge] = rows
    values[reach + edge :] = rows[edge - reach :][::-1]
    length, width, goal = len(values), 1, 2 * reach + 1
    sums, summed = np.empty_like(image).swapaxes(0, axis), 1
    sums[:] = values[:edge]
    while 2 * width <= goal:  # the goal is a sum of powers of two, and so is the sum over it
        length -= width
        np.add(values[:length], values[width : length + width], out=other[:length])
        values, other = other, values
        width *= 2
        if goal & width:
            sums += values[summed : summed + edge]
            summed += width
    sums *= np.float32(1 / goal)
    return sums.swapaxes(0, axis)


def _two_like(image: NDArray[Any], reach: int, axis: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Two arrays like an image, longer at both ends of an axis, which becomes the first; what is in them is undefined.

    Steps write from one into the other, because new memory for each would take longer than computing.
    """
    shape = list(image.shape)
    shape[axis] += 2 * reach
    return np.empty(shape, image.dtype).swapaxes(0, axis), np.empty(shape, image.dtype).swapaxes(0, axis)
