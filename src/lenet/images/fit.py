"""Bringing a whole image to a size: `Preprocessing.apply` with the framing "whole". The same bits on every machine.

    image = brought_to(pixels, (64, 64), "pad")

Where an axis becomes shorter its pixels are averaged by the areas that they share, in sums of whole numbers; where it becomes
longer, Pillow's bicubic interpolation computes, in whole numbers too.
"""

import functools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.images.pixels import Pixels, to_grey

FINE = 4  # larger images are first divided into squares and each replaced by its mean, to so many times the size


def with_channels(pixels: Pixels, channels: int) -> Pixels:
    """Make an image grey, by ITU-R 601, or colour.

    Args:
        pixels: uint8 (height, width) or (height, width, 3).
        channels: 1 or 3.

    Returns:
        uint8 (height, width) for one channel, (height, width, 3) for three.
    """
    if channels == 3 and pixels.ndim == 2:
        return np.repeat(pixels[:, :, None], 3, axis=2)
    return to_grey(pixels) if channels == 1 else pixels


def brought_to(pixels: Pixels, size: tuple[int, int], fit: str) -> Pixels:
    """Bring an image to a size.

    Args:
        pixels: uint8 (height, width) or (height, width, 3).
        size: height and width of the result.
        fit: "pad" keeps the whole image and its proportions, and fills what is left with the colour of its border; "crop"
            keeps the proportions and fills the size, so that what protrudes is cut off; "stretch" changes the proportions.

    Returns:
        uint8 of that size, the same pixels if they already have it.
    """
    height, width = pixels.shape[:2]
    if (height, width) == size:
        return pixels
    if fit == "stretch":
        return _resized(pixels, size)
    if fit == "crop":
        scale = max(size[0] / height, size[1] / width)
        kept = [min(edge, max(1, round(new / scale))) for edge, new in zip((height, width), size, strict=True)]
        top, left = (height - kept[0]) // 2, (width - kept[1]) // 2
        return _resized(pixels[top : top + kept[0], left : left + kept[1]], size)
    scale = min(size[0] / height, size[1] / width)
    inner = [min(new, max(1, round(edge * scale))) for edge, new in zip((height, width), size, strict=True)]
    scaled = _resized(pixels, (inner[0], inner[1]))
    image = np.empty((*size, *pixels.shape[2:]), np.uint8)
    image[:] = _border(scaled)
    top, left = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    image[top : top + inner[0], left : left + inner[1]] = scaled
    return image


def _border(pixels: Pixels) -> NDArray[np.uint8]:
    """The median of the border's pixels, of each channel."""
    sides = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    ordered = np.sort(sides, axis=0)
    median: NDArray[np.uint8] = ordered[len(ordered) // 2]
    return median


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """The image with another height and width."""
    from PIL import Image

    height, width = pixels.shape[:2]
    squares = (max(1, width // (FINE * size[1])), max(1, height // (FINE * size[0])))
    if squares != (1, 1):
        pixels = np.asarray(Image.fromarray(pixels).reduce(squares))
    larger = (max(size[1], pixels.shape[1]), max(size[0], pixels.shape[0]))
    if larger != (pixels.shape[1], pixels.shape[0]):
        pixels = np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(larger, Image.Resampling.BICUBIC))
    if pixels.shape[:2] == size:
        return np.ascontiguousarray(pixels)
    sums = _sums(_sums(pixels.reshape(*pixels.shape[:2], -1), size[0], 0), size[1], 1)
    area = math.prod(pixels.shape[:2])  # of a pixel of the result
    averaged = ((2 * sums + area) // (2 * area)).astype(np.uint8)  # rounded
    return averaged.reshape(*size, *pixels.shape[2:])


def _sums(values: NDArray[Any], new: int, axis: int) -> NDArray[np.int64]:
    """Divide an axis into `new` equal parts and sum up what lies in each, a pixel's share of it in units of 1/new.

    From cumulative sums, in whole numbers: a product of matrices would be as exact, but its threads take turns with those
    that decode, which costs far more than the product.
    """
    old = values.shape[axis]
    before = np.zeros([length + (number == axis) for number, length in enumerate(values.shape)], np.int64)
    np.cumsum(values, axis=axis, dtype=np.int64, out=before[(slice(None),) * axis + (slice(1, None),)])
    whole, rest = np.divmod(
        np.arange(new + 1) * old, new
    )  # where the parts begin and end: in which pixel, and how far in it
    rest = rest.reshape([-1 if number == axis else 1 for number in range(values.ndim)])
    until = before.take(whole, axis) * new + values.take(np.minimum(whole, old - 1), axis) * rest
    return np.asarray(np.diff(until, axis=axis), np.int64)


@functools.lru_cache(maxsize=64)
def areas(old: int, new: int) -> NDArray[np.float64]:
    """How much of each of `new` equal parts of an axis lies in each of its `old` pixels, (new, old), as whole numbers."""
    starts, stops = np.arange(new)[:, None] * old, np.arange(1, new + 1)[:, None] * old
    pixels = np.arange(old) * new
    shared = np.minimum(stops, pixels + new) - np.maximum(starts, pixels)
    return np.asarray(np.maximum(shared, 0), np.float64)
