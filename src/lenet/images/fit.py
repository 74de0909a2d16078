"""Bringing a whole image to a size: `Preprocessing.apply` with the framing "whole". The same bits on every machine.

    image = brought_to(pixels, (64, 64), "pad")

Where an axis becomes shorter its pixels are averaged by the areas that they share, in sums of whole numbers; where it becomes
longer, Pillow's bicubic interpolation computes, in whole numbers too.
"""

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenet.images.pixels import Pixels, to_grey

if TYPE_CHECKING:
    from PIL.Image import Image

BICUBIC = 3  # Pillow's number of it
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
    return pixels if pixels.shape[:2] == size else brought_together(pixels[None], size, fit)[0]


def brought_together(images: Pixels, size: tuple[int, int], fit: str) -> Pixels:
    """Bring several images of one size to another: what `brought_to` makes of each, in less time.

    Args:
        images: uint8 (N, height, width) or (N, height, width, 3).
        size: as for `brought_to`.
        fit: as for `brought_to`.

    Returns:
        uint8 (N, *size) or (N, *size, 3).
    """
    height, width = images.shape[1:3]
    if (height, width) == size:
        return images
    if fit == "stretch":
        return _resized(images, size)
    if fit == "crop":
        scale = max(size[0] / height, size[1] / width)
        kept = [min(edge, max(1, round(new / scale))) for edge, new in zip((height, width), size, strict=True)]
        top, left = (height - kept[0]) // 2, (width - kept[1]) // 2
        return _resized(images[:, top : top + kept[0], left : left + kept[1]], size)
    scale = min(size[0] / height, size[1] / width)
    inner = [min(new, max(1, round(edge * scale))) for edge, new in zip((height, width), size, strict=True)]
    scaled = _resized(images, (inner[0], inner[1]))
    padded = np.empty((len(images), *size, *images.shape[3:]), np.uint8)
    padded[:] = _border(scaled)[:, None, None]
    top, left = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    padded[:, top : top + inner[0], left : left + inner[1]] = scaled
    return padded


def _border(images: Pixels) -> NDArray[np.uint8]:
    """The median of the border's pixels, of each image and channel."""
    sides = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
    middle = sides.shape[1] // 2
    median: NDArray[np.uint8] = np.partition(sides, middle, axis=1)[:, middle]
    return median


def _resized(images: Pixels, size: tuple[int, int]) -> Pixels:
    """The images with another height and width."""
    height, width = images.shape[1:3]
    squares = (max(1, width // (FINE * size[1])), max(1, height // (FINE * size[0])))
    if squares != (1, 1):
        images = _each(images, lambda image: image.reduce(squares))
    larger = (max(size[1], images.shape[2]), max(size[0], images.shape[1]))
    if larger != (images.shape[2], images.shape[1]):
        images = _each(images, lambda image: image.resize(larger, BICUBIC))
    if images.shape[1:3] == size:
        return np.ascontiguousarray(images)
    area = math.prod(images.shape[1:3])  # of a pixel of the result
    whole = np.dtype(np.int32 if 2 * 255 * area + area < 2**31 else np.int64)
    sums = _sums(images.reshape(*images.shape[:3], -1), size[0], 1, whole)
    sums = _sums(sums, size[1], 2, whole)
    averaged = ((2 * sums + area) // (2 * area)).astype(np.uint8)  # rounded
    return averaged.reshape(len(images), *size, *images.shape[3:])


def _each(images: Pixels, change: "Callable[[Image], Image]") -> Pixels:
    """The images, each changed by Pillow."""
    from PIL.Image import fromarray

    return np.stack([np.asarray(change(fromarray(np.ascontiguousarray(image)))) for image in images])


def _sums(values: NDArray[Any], new: int, axis: int, whole: np.dtype[Any]) -> NDArray[Any]:
    """Divide an axis into `new` equal parts and sum up what lies in each, a pixel's share of it in units of 1/new.

    From cumulative sums, in whole numbers: a product of matrices would be as exact, but its threads take turns with those
    that decode, which costs far more than the product.
    """
    old = values.shape[axis]
    before = np.empty([length + (number == axis) for number, length in enumerate(values.shape)], whole)
    before.swapaxes(0, axis)[0] = 0
    np.cumsum(values, axis=axis, dtype=whole, out=before[(slice(None),) * axis + (slice(1, None),)])
    ends, rest = np.divmod(np.arange(new + 1) * old, new)  # of the parts: in which pixel, and how far in it
    rest = rest.astype(whole).reshape([-1 if number == axis else 1 for number in range(values.ndim)])
    until = before.take(ends, axis) * whole.type(new) + values.take(np.minimum(ends, old - 1), axis) * rest
    return np.asarray(np.diff(until, axis=axis))


@functools.lru_cache(maxsize=64)
def areas(old: int, new: int) -> NDArray[np.float64]:
    """How much of each of `new` equal parts of an axis lies in each of its `old` pixels, (new, old), as whole numbers."""
    starts, stops = np.arange(new)[:, None] * old, np.arange(1, new + 1)[:, None] * old
    pixels = np.arange(old) * new
    shared = np.minimum(stops, pixels + new) - np.maximum(starts, pixels)
    return np.asarray(np.maximum(shared, 0), np.float64)
