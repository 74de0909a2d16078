"""Pixels in memory: the type, parts of large arrays, their mean, and from colour to grey."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # (height, width), or (height, width, 3) with colours
Grey = NDArray[np.uint8]  # (height, width)

ROW = 256  # bytes whose squares sum up to less than 2 ** 24
CHUNK = 1 << 20  # numbers to compute with at a time, so that copies stay small


def chunks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Split the first axis of an array into slices of at most a million numbers each: rows, or several images."""
    length = max(1, CHUNK // max(1, math.prod(shape[1:])))
    return (slice(start, min(start + length, shape[0])) for start in range(0, shape[0], length))


def to_grey(pixels: Pixels) -> Grey:
    """Make an image grey: brightness by ITU-R 601, as Pillow computes it.

    Args:
        pixels: uint8 (height, width) or (height, width, 3).

    Returns:
        uint8 (height, width); a grey image is returned as it is.
    """
    from PIL import Image

    if pixels.ndim == 2:
        return pixels
    grey = np.empty(pixels.shape[:2], np.uint8)
    for rows in chunks(pixels.shape):
        grey[rows] = np.asarray(Image.fromarray(np.ascontiguousarray(pixels[rows])).convert("L"))
    return grey


def without_colours(pixels: Pixels) -> Pixels:
    """Return (height, width) if the three channels of an image are equal everywhere, else the image as it is."""
    if pixels.ndim == 2:
        return pixels
    red, green, blue = pixels[:, :, 0], pixels[:, :, 1], pixels[:, :, 2]
    if not np.array_equal(red[0], green[0]):  # most images with colours are known by their first row
        return pixels
    parts = chunks(pixels.shape)
    if all(np.array_equal(red[rows], green[rows]) and np.array_equal(red[rows], blue[rows]) for rows in parts):
        return np.ascontiguousarray(red)
    return pixels


def mean_and_std(images: Pixels) -> tuple[float, float]:
    """Measure mean and standard deviation of all pixels, as shares of 255.

    The sums are exact: float32 holds those of 256 squares, float64 those of a part, Python's integers those of all parts. The
    std of images of a single grey is 1.
    """
    total = total_of_squares = 0
    for part in chunks(images.shape):
        values = images[part].ravel()
        whole = len(values) // ROW * ROW
        for rows in (values[:whole].reshape(-1, ROW).astype(np.float32), values[whole:, None].astype(np.float32)):
            total += int((rows @ np.ones(rows.shape[1], np.float32)).sum(dtype=np.float64))
            total_of_squares += int(np.einsum("ij,ij->i", rows, rows).sum(dtype=np.float64))
    mean = total / images.size / 255
    std = math.sqrt(images.size * total_of_squares - total**2) / images.size / 255
    return mean, std if std > 1e-6 else 1.0
