"""From pixels of any type and range to 8 bits: the range is taken from what is there, or refused.

pixels = to_8_bits(np.asarray(scan), "scan.png")  # 10 of 16 bits, 0..1, -1..1, standardised, a mask of 0 and 1
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.errors import ImageError
from lenet.images.pixels import Pixels, chunks

Read = Callable[[slice], NDArray[Any]]  # some rows of pixels
Empty = Callable[[tuple[int, ...], Any], NDArray[Any]]

# What white is among whole numbers: 8 bits, and the 10 to 16 bits of cameras and scanners.
WHITES = (255, 1023, 4095, 16_383, 65_535)
SMALL_WHITE = 16  # the same in scikit-learn's digits
# (mean, std) of images that were standardised, as tutorials do it for MNIST and Fashion-MNIST.
STANDARDS = ((0.1307, 0.3081), (0.2860, 0.3530), (0.2861, 0.3530))
OVERSHOOT = 0.05  # how far interpolation may leave 0..1, -1..1 or 0..255, as a share of white
DARKEST = 64  # floats of 0..255 that are no whole numbers reach so far; a lower maximum is taken for white itself
EXACT = 0.02  # of a level: how far numbers that were 8 bits once may be from whole levels
USUAL = "expected 0..255, 0..65535, 0..1, -1..1, or standardised"


@dataclass(frozen=True)
class Range:
    """The numbers that stand for black and white, and whether they are only a guess from the extremes."""

    black: float
    white: float
    is_guess: bool = False


def to_8_bits(values: NDArray[Any], name: str, empty: Empty = np.empty) -> Pixels:
    """Scale pixels of any dtype and range to 8 bits.

    Args:
        values: One image or many. uint8 stays as it is, unless it is a mask of 0 and 1; booleans are black and white. White
            of other whole numbers is the first of 1, 255, 1023, 4095, 16383 and 65535 that no value exceeds, or 16 where
            they are not bytes. Floats may be 0..1, -1..1, 0..255, or standardised; of other ranges the extremes become black
            and white.
        name: What errors call them.
        empty: Makes the array for the result, from its shape and type.

    Returns:
        uint8, of the same shape.

    Raises:
        ImageError: Values are NaN, infinite, no numbers, or of a range that no image has.
    """
    if values.dtype == np.uint8 and values.max(initial=0) != 1:
        return values.copy()
    return scaled(lambda rows: values[rows], values.shape, values.dtype, name, empty)


def scaled(read: Read, shape: tuple[int, ...], dtype: np.dtype[Any], name: str, empty: Empty = np.empty) -> Pixels:
    """Scale pixels that are read some rows at a time, as `to_8_bits` does."""
    if dtype.kind not in "buif":
        raise ImageError(f"{name} holds values that are no numbers ({dtype})", hint=USUAL)
    parts = [part for part in chunks(shape) if part.stop > part.start]
    extremes = [(float(values.min()), float(values.max())) for values in map(read, parts) if values.size]
    low, high = min((low for low, _ in extremes), default=0.0), max((high for _, high in extremes), default=0.0)
    if not np.isfinite([low, high, high - low]).all():
        raise ImageError(f"{name} holds values that are NaN, infinite or far too large ({dtype})", hint=USUAL)
    levels = _float_range(read, parts, low, high) if dtype.kind == "f" else _whole_range(read, parts, low, high, dtype)
    factor = 255 / (levels.white - levels.black)
    pixels = empty(shape, np.uint8)
    for rows in parts:
        values: NDArray[Any] = read(rows).astype(np.float64 if levels.is_guess else np.float32)
        pixels[rows] = np.rint(((values - levels.black) * factor).clip(0, 255))
    if levels.is_guess:
        _check_guess(pixels, low, high, name)
    return pixels


def _whole_range(read: Read, parts: list[slice], low: float, high: float, dtype: np.dtype[Any]) -> Range:
    """The range of whole numbers between two extremes."""
    if dtype.itemsize == 1 and low < -1:
        return Range(-128, 127)
    if low >= -1 and high <= 1:
        return Range(min(low, 0), 1)
    if low >= 0 and high <= SMALL_WHITE and dtype.itemsize > 2:
        return Range(0, SMALL_WHITE)
    if 255 < high <= 65_535 and low >= 0 and all(not (read(rows) % 257).any() for rows in parts):
        return Range(0, 65_535)  # 8 bits, widened to 16
    white = next((white for white in WHITES if high <= white), 0)
    return _guess(low, high) if low < 0 or not white else Range(0, white)


def _float_range(read: Read, parts: list[slice], low: float, high: float) -> Range:
    """The range of floats between two extremes."""
    for mean, std in STANDARDS if low < 0 else ():
        black, white = -mean / std, (1 - mean) / std
        step = (white - black) / 255
        if low > black - step / 2 and high < white + step / 2 and _are_steps(read, parts, black, step):
            return Range(black, white)
    for black in (0.0, -1.0):
        if low >= black - OVERSHOOT and high <= 1 + OVERSHOOT:
            return Range(black, 1)
    if low < -OVERSHOOT * 255:
        return _guess(low, high)
    if _are_steps(read, parts, 0, 1):
        return _whole_range(read, parts, low, high, np.dtype(np.int64))
    if DARKEST <= high <= (1 + OVERSHOOT) * 255:
        return Range(0, 255)
    white = next((white for white in WHITES if 255 < high <= white), 0)
    return _guess(low, high) if low < 0 or not white else Range(0, white)


def _guess(low: float, high: float) -> Range:
    return Range(low, high if high > low else low + 1, is_guess=True)


def _are_steps(read: Read, parts: list[slice], black: float, step: float) -> bool:
    """Whether all numbers are whole steps above black, as where they were 8 bits once."""
    return all(
        np.abs(levels - np.rint(levels)).max(initial=0) < EXACT
        for levels in ((read(rows).astype(np.float64) - black) / step for rows in parts)
    )


def _check_guess(pixels: Pixels, low: float, high: float, name: str) -> None:
    """Refuse a guessed range where nearly all pixels are of one level: a few outliers or a constant decide it."""
    counts = np.zeros(256, np.int64)
    for rows in chunks(pixels.shape):
        counts += np.bincount(pixels[rows].ravel(), minlength=256)
    if counts.max() >= pixels.size - max(1, pixels.size // 1000):
        values = f"values from {low:.6g} to {high:.6g}, nearly all of them alike"
        raise ImageError(f"{name} has {values}: no range that images have", hint=USUAL)
