"""From the rows of X to uint8 images: their shape, how numbers become pixels, and how small images are enlarged.

The same for training and prediction, so it is decided once, from the training data, and kept with the estimator.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images

Shape = tuple[int, ...]  # (height, width), or (height, width, 3) in colour

EDGE = 28  # images of less are enlarged to about this, in height and width
LEAST = 20  # the shorter edge after enlargement; below this, images are padded to squares
MOST = 96  # the kernels take no more
AT_ONCE = 1 << 20  # numbers that are converted at a time
WHOLE = (0.0, 255.0)  # the pixel range of whole numbers from 0 to 255, which stay as they are

EXPECTED = (
    "expected (n_samples, n_features), (n_samples, height, width), or (n_samples, height, width, channels) with 1 or 3 "
    "channels, first or last"
)


@dataclass(frozen=True)
class ImageFormat:
    """How rows of numbers become the network's images.

    Attributes:
        shape: (height, width), or (height, width, 3), in whose order a row has its numbers; a row may end before the image.
        pixel_range: the numbers that become 0 and 255; those between are scaled and rounded, others clipped.
        enlarges: whether small images are enlarged, and narrow ones padded; not for a network of the images' own size.
    """

    shape: Shape
    pixel_range: tuple[float, float]
    enlarges: bool = True

    @property
    def padded(self) -> tuple[int, int]:
        """Height and width before enlargement: those of a square for images that are too narrow for the network."""
        height, width = self.shape[:2]
        is_narrow = self.enlarges and min(height, width) * self._factor(height, width) < LEAST
        return (max(height, width),) * 2 if is_narrow else (height, width)

    @property
    def factor(self) -> int:
        """How many times each pixel is repeated, down and across."""
        return self._factor(*self.padded) if self.enlarges else 1

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the network's images."""
        height, width = self.padded
        return height * self.factor, width * self.factor

    def images(self, rows: NDArray[Any]) -> Images:
        """Convert rows of numbers.

        Args:
            rows: (N, n_features), finite.

        Returns:
            uint8 (N, height, width), or (N, height, width, 3) in colour, of the network's size.
        """
        colours, (height, width) = self.shape[2:], self.padded
        result = np.zeros((len(rows), *self.size, *colours), np.uint8)
        step = max(1, AT_ONCE // math.prod(result.shape[1:]))
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            flat = np.zeros((len(part), math.prod(self.shape)), np.uint8)
            flat[:, : part.shape[1]] = self._pixels(part)
            square = np.zeros((len(part), height, width, *colours), np.uint8)
            square[:, : self.shape[0], : self.shape[1]] = flat.reshape(len(part), *self.shape)
            result[start : start + step] = square.repeat(self.factor, axis=1).repeat(self.factor, axis=2)
        return result

    def _pixels(self, rows: NDArray[Any]) -> NDArray[np.uint8]:
        if rows.dtype == np.uint8 and self.pixel_range == WHOLE:
            return rows
        # Halved, since the difference of two numbers may be larger than the largest float64.
        low, high = (number / 2 for number in self.pixel_range)
        with np.errstate(over="ignore"):
            shares = (rows.astype(np.float64) / 2 - low) / (high - low)
            return np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8)

    @staticmethod
    def _factor(height: int, width: int) -> int:
        return max(1, math.floor(EDGE / max(height, width) + 0.5))


def format_of(estimator: Any) -> ImageFormat:
    """Return how a fitted estimator takes images."""
    shape, size = estimator.image_shape_, estimator.network_.preprocessing.size
    return ImageFormat(shape, estimator.pixel_range_, enlarges=size != shape[:2])


def image_format(rows: NDArray[Any], shape: Shape, pixel_range: Any) -> ImageFormat:
    """Decide how rows become images, from the training data.

    Args:
        rows: (N, n_features), finite.
        shape: of the images.
        pixel_range: the numbers that become 0 and 255, or None: whole numbers from 0 to 255 stay as they are, any others
            are scaled by their minimum and maximum.

    Raises:
        ValueError: for a range that is none, or images that are too large.
    """
    result = ImageFormat(shape, _measured(rows) if pixel_range is None else checked_range(pixel_range))
    if max(result.size) > MOST:
        height, width = shape[:2]
        raise ValueError(
            f"X has {rows.shape[1]:,} features, images of {height}×{width} pixels; expected at most {MOST}×{MOST}\n"
            "hint: scale the images down before fit"
        )
    return result


def shape_of(num_features: int, given: Any) -> Shape:
    """Return the shape of the images in rows of so many numbers: the given one, or the smallest square that holds them.

    Args:
        num_features: the numbers in a row.
        given: the parameter image_shape.

    Raises:
        ValueError: if the given shape is none, or holds another number of numbers.
    """
    if given is None:
        return (math.isqrt(num_features - 1) + 1,) * 2
    shape = tuple(given) if isinstance(given, tuple | list) else ()
    whole = all(isinstance(edge, int | np.integer) and edge > 0 for edge in shape)
    if not whole or not (len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))):
        raise ValueError(f"image_shape is {given!r}; expected (height, width) or (height, width, 3), or None")
    if math.prod(shape) != num_features:
        size = "×".join(map(str, shape))
        raise ValueError(f"image_shape is {size}, {math.prod(shape):,} numbers, but X has {num_features:,} features")
    return tuple(map(int, shape[:2] if shape[2:] == (1,) else shape))


def rows_and_shape(images: NDArray[Any]) -> tuple[NDArray[Any], Shape]:
    """Return images of 3 or 4 dimensions as rows (N, n_features), and their shape.

    Args:
        images: (N, height, width), (N, height, width, C) or (N, C, height, width), C being 1 or 3.

    Raises:
        ValueError: for other shapes.
    """
    if images.ndim == 4 and images.shape[3] not in (1, 3) and images.shape[1] in (1, 3):
        images = np.moveaxis(images, 1, 3)
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if not (images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)) or 0 in images.shape[1:]:
        raise ValueError(f"X has the shape {images.shape}; {EXPECTED}")
    return images.reshape(len(images), -1), images.shape[1:]


def _measured(rows: NDArray[Any]) -> tuple[float, float]:
    if rows.dtype in (np.uint8, np.bool_):
        return WHOLE
    low, high = float(rows.min()), float(rows.max())
    if low >= 0 and high <= 255:
        step = max(1, AT_ONCE // rows.shape[1])
        parts = (rows[start : start + step] for start in range(0, len(rows), step))
        if all((np.rint(part) == part).all() for part in parts):
            return WHOLE
    return (low, high) if high > low else (low, low + max(1.0, abs(low)))  # all numbers the same: all pixels 0


def checked_range(given: Any) -> tuple[float, float]:
    """Return the parameter pixel_range as two numbers; raise ValueError if it is not two, the smaller first."""
    try:
        low, high = (float(number) for number in given if not isinstance(number, str))
        valid = math.isfinite(low) and math.isfinite(high) and low < high
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise ValueError(f"pixel_range is {given!r}; expected two numbers, the smaller first, such as (0, 1), or None")
    return low, high
