"""Augmentation: what changes each image of an epoch, drawn from (seed, epoch), and the images changed in that way.

Everything is in whole numbers, so every engine gives the same bytes. docs/training.md has the formulas.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.config import TrainConfig
from lenet.data.dataset import Images

ONE = 1 << 16  # the number 1 in the fixed-point numbers of a plan
BYTE = 8  # binary digits of a fraction of a pixel, and of a weight of the bilinear interpolation
MOST_MAP, MOST_TONE = 16 * ONE, 4 * ONE  # no entry is larger; the kernels compute in 32 bits
SMALLEST_ERASED, LARGEST_RATIO, ERASED = 0.02, 10 / 3, 0.5  # of torchvision.transforms.RandomErasing
MANY = 1 << 20  # images of an epoch from which on augmentation is drawn only where it is needed
ROWS = 10  # random numbers of an image
_STREAM = 4  # keeps this generator's numbers apart from those of data/plan.py, initial weights and simulations


@dataclass(frozen=True, eq=False)
class Augmentation:
    """What changes the images of an epoch. Position i belongs to the i-th image to train on, as in a Plan.

    Args:
        maps: int32 (N, 2, 2) in 1/65536: from a pixel's distance (down, right) from the image's centre to that of the point
            that it shows; None if no image is rotated, scaled or sheared.
        tones: int32 (N, 2) in 1/65536: a pixel becomes `tones[0] * pixel + tones[1] * mean of the image`; None for no change.
        erased: int32 (N, 4) in 1/65536 of height and width: top, left, bottom and right of a rectangle, which may be empty;
            None if nothing is erased.
    """

    maps: NDArray[np.int32] | None = None
    tones: NDArray[np.int32] | None = None
    erased: NDArray[np.int32] | None = None

    def part(self, positions: slice) -> "Augmentation":
        """Return the augmentation of the images at some positions."""
        arrays = (self.maps, self.tones, self.erased)
        return Augmentation(*(None if array is None else array[positions] for array in arrays))


@dataclass(frozen=True, eq=False)
class DrawnAugmentation:
    """The augmentation of an epoch of many images, of which each part is drawn anew where it is needed.

    Args:
        config: the settings.
        epoch: counted from 0.
        num_images: of the training set.
    """

    config: TrainConfig
    epoch: int
    num_images: int

    def part(self, positions: slice) -> Augmentation:
        """Return the augmentation of the images at some positions, as if all had been drawn."""
        first, last, _ = positions.indices(self.num_images)
        uniform = np.empty((ROWS, last - first))
        for row in range(ROWS):
            numbers = np.random.PCG64(np.random.SeedSequence([_STREAM, self.config.seed, self.epoch]))
            numbers.advance(row * self.num_images + first)  # one step for each number
            np.random.Generator(numbers).random(out=uniform[row])
        return _of_uniform(self.config, uniform)


def draw(config: TrainConfig, epoch: int, num_images: int) -> Augmentation | DrawnAugmentation | None:
    """Draw the augmentation of an epoch, counted from 0, for a training set of `num_images`; None if all of it is off.

    The numbers of one setting do not depend on whether others are on.
    """
    moves, tones = config.rotation or config.scale or config.shear, config.brightness or config.contrast
    if not (moves or tones or config.erasing):
        return None
    if num_images > MANY:
        return DrawnAugmentation(config, epoch, num_images)
    return _of_uniform(config, np.random.default_rng([_STREAM, config.seed, epoch]).random((ROWS, num_images)))


def _of_uniform(config: TrainConfig, uniform: NDArray[np.float64]) -> Augmentation:
    """The augmentation of N images by random numbers in 0 … 1, (10, N)."""
    moves, tones = config.rotation or config.scale or config.shear, config.brightness or config.contrast
    turn, size, slant, light, contrast = 2 * uniform[:5] - 1
    return Augmentation(
        _maps(np.deg2rad(config.rotation) * turn, 1 + config.scale * size, np.deg2rad(config.shear) * slant)
        if moves
        else None,
        _tones(1 + config.brightness * light, 1 + config.contrast * contrast) if tones else None,
        _rectangles(config.erasing, *uniform[5:]) if config.erasing else None,
    )


def augmented(
    images: Images,
    augmentation: Augmentation,
    flips: NDArray[np.bool_] | None,
    shifts: NDArray[np.int64] | None,
    grey: int,
) -> Images:
    """Return images as a plan augments them.

    First each is flipped, mapped and shifted in one bilinear interpolation, then its tones change, then a part is erased.

    Args:
        images: uint8 (B, height, width) or (B, height, width, C), in the plan's order.
        augmentation: of these B images.
        flips: of the plan, for these B images.
        shifts: of the plan, for these B images.
        grey: the value that erased pixels get.

    Returns:
        uint8 of the same shape.
    """
    values = _mapped(images, augmentation.maps, flips, shifts)  # int32
    per_image = (-1, *[1] * (images.ndim - 1))
    if augmentation.tones is not None:
        count = images[0].size
        means = (2 * values.reshape(len(images), -1).sum(axis=1) + count) // (2 * count)  # rounded
        gain, lift = augmentation.tones.T
        lift = (lift * means + ONE // 2).astype(np.int32)
        values = np.clip((gain.reshape(per_image) * values + lift.reshape(per_image)) >> 2 * BYTE, 0, 255)
    if augmentation.erased is not None:
        height, width = images.shape[1:3]
        edges = (augmentation.erased * np.array([height, width, height, width]) + ONE // 2) >> 2 * BYTE
        top, left, bottom, right = edges.T
        rows, columns = np.arange(height), np.arange(width)
        inside = (rows >= top[:, None]) & (rows < bottom[:, None])  # (B, height)
        inside = inside[:, :, None] & ((columns >= left[:, None]) & (columns < right[:, None]))[:, None]
        values = np.where(inside.reshape(*inside.shape, *[1] * (images.ndim - 3)), grey, values)
    return values.astype(np.uint8)


def _maps(angle: NDArray[np.float64], scale: NDArray[np.float64], slant: NDArray[np.float64]) -> NDArray[np.int32]:
    """The inverse of a slant of rows against each other, then a turn, then a change of size."""
    sine, cosine, tangent = np.sin(angle), np.cos(angle), np.tan(slant)
    down = np.stack([cosine, -sine], axis=1)  # (N, 2)
    right = np.stack([sine - tangent * cosine, cosine + tangent * sine], axis=1)
    return np.rint(np.stack([down, right], axis=1) / scale[:, None, None] * ONE).astype(np.int32)


def _tones(light: NDArray[np.float64], contrast: NDArray[np.float64]) -> NDArray[np.int32]:
    """`light * (contrast * (pixel - mean) + mean)`, as factors of pixel and mean."""
    return np.rint(np.stack([light * contrast, light * (1 - contrast)], axis=1) * ONE).astype(np.int32)


def _rectangles(
    most: float,
    happens: NDArray[np.float64],
    area: NDArray[np.float64],
    ratio: NDArray[np.float64],
    down: NDArray[np.float64],
    right: NDArray[np.float64],
) -> NDArray[np.int32]:
    """Rectangles of a share up to `most` of the image, uniform in area, in the logarithm of the sides' ratio and in place."""
    least = min(SMALLEST_ERASED, most)
    area = least + (most - least) * area
    widest = np.log(np.minimum(LARGEST_RATIO, 1 / area))  # a side is at most the image's
    stretch = np.exp((2 * ratio - 1) * widest)
    height, width = np.sqrt(area * stretch), np.sqrt(area / stretch)
    top, left = down * (1 - height), right * (1 - width)
    edges = np.stack([top, left, top + height, left + width], axis=1)  # (N, 4)
    return np.where(happens[:, None] < ERASED, np.rint(edges * ONE), 0).astype(np.int32)


def _mapped(
    images: Images,
    maps: NDArray[np.int32] | None,
    flips: NDArray[np.bool_] | None,
    shifts: NDArray[np.int64] | None,
) -> NDArray[np.int32]:
    """The images flipped, mapped around their centres, and shifted; what lies outside of an image is 0."""
    count, height, width = images.shape[:3]
    identity = np.broadcast_to(np.array([[ONE, 0], [0, ONE]]), (count, 2, 2))
    maps = (identity if maps is None else maps).astype(np.int64)
    if flips is not None:
        maps[flips, 1] *= -1
    moves = np.zeros((count, 2), np.int64) if shifts is None else shifts
    # Distances from the centre in half pixels, so that they are whole numbers for even sizes too.
    down = 2 * (np.arange(height) - moves[:, :1]) - (height - 1)  # (B, height)
    right = 2 * (np.arange(width) - moves[:, 1:]) - (width - 1)  # (B, width)
    corners, weights = [], []
    for axis, size in enumerate((height, width)):
        half = (maps[:, axis, 0, None] * down)[:, :, None] + (maps[:, axis, 1, None] * right)[:, None]
        # In 1/256 of a pixel, rounded, and one pixel further on, as the frame of zeros is one pixel wide.
        point = np.clip((half + (size + 1) * ONE + ONE // 256) >> BYTE + 1, 0, (size + 1) << BYTE)
        corners.append(point >> BYTE)
        weights.append((point & 255).astype(np.int32).reshape(*point.shape, *[1] * (images.ndim - 3)))
    framed = np.zeros((count, height + 3, width + 3, *images.shape[3:]), np.uint8)
    framed[:, 1 : height + 1, 1 : width + 1] = images
    pixels = framed.reshape(-1, *images.shape[3:])
    first = (np.arange(count)[:, None, None] * (height + 3) + corners[0]) * (width + 3) + corners[1]
    above, above_right, below, below_right = (
        pixels[first + step].astype(np.int32) for step in (0, 1, width + 3, width + 4)
    )
    left_column = (above << BYTE) + weights[0] * (below - above)
    right_column = (above_right << BYTE) + weights[0] * (below_right - above_right)
    values: NDArray[np.int32] = (
        (left_column << BYTE) + weights[1] * (right_column - left_column) + ONE // 2
    ) >> 2 * BYTE
    return values
