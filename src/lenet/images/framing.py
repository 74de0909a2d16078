"""Finding what a picture shows, and placing it as the training pictures are."""

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.errors import ImageError
from lenet.images.decode import Grey, chunks

Floats = NDArray[np.float32]

# The part of the frame that content fills, and how far, as a part of its peak, something must rise above the ground to
# count as content: ink has steep edges, and blur or shadow around it is not ink; garments have parts as pale as the ground.
FRAMINGS = {"mass": (20 / 28, 1 / 4), "box": (1.0, 1 / 16)}
COARSE = 256  # longest edge, in pixels, of the copy in which ground and content are looked for: averaging removes noise
FAINTEST = 10  # a picture whose content differs less than this from its ground (of 255) shows nothing


def corners(pixels: NDArray[Any]) -> Floats:
    """Mean brightness of the four corners, a twentieth of each edge, at least one pixel.

    `(height, width)` → `(2, 2)`; of many pictures, `(N, height, width)` → `(N, 2, 2)`.
    """
    height, width = (max(1, round(edge / 20)) for edge in pixels.shape[-2:])
    tops, sides = (slice(None, height), slice(-height, None)), (slice(None, width), slice(-width, None))
    means = [[pixels[..., rows, columns].mean(axis=(-2, -1)) for columns in sides] for rows in tops]
    return np.moveaxis(np.array(means, np.float32), (0, 1), (-2, -1))


def is_light(pixels: Grey, middle: float = 127.5) -> bool:
    """Whether the picture stands on a light ground: whether its corners are, on average, brighter than `middle`.

    Measured on all 140,000 pictures of MNIST and Fashion-MNIST, training and test: no picture is wrongly taken for
    light, and none of the inverses `255 - picture` is missed. The border's mean does as well, its median errs on 2,
    the mean of the whole picture on 3,718. Cropped to their content, so that it touches all four edges, of the 20,000
    test pictures 2 are mistaken by the corners, 24 by the border's mean, 48 by its median.
    """
    return bool(corners(pixels).mean() > middle)


def reduced(pixels: Grey) -> Grey:
    """A copy of at most `COARSE` pixels per edge, by averaging squares."""
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).reduce(_square(pixels)))


def backdrop(coarse: Grey) -> tuple[Floats, float]:
    """The ground's brightness in the four corners, shape `(2, 2)`, and how far noise rises above it.

    Light seldom falls evenly on a sheet of paper, so the ground is taken to change linearly between its corners;
    unless content reaches into a corner, when one brightness for all leaves less of the border unexplained.
    """
    sloping = corners(coarse)
    even = np.full((2, 2), np.sort(sloping, axis=None)[1], np.float32)
    unexplained = {"even": _unexplained(coarse, even), "sloping": _unexplained(coarse, sloping)}
    ground = sloping if unexplained["sloping"] < unexplained["even"] else even
    return ground, 3 * 1.4826 * min(unexplained.values())  # three standard deviations, from the median deviation


def content(pixels: Grey, rise: float, name: str) -> tuple[Floats, float]:
    """What rises from a dark ground by more than `rise` of its peak, cropped, the ground subtracted; and its noise."""
    coarse, square = reduced(pixels), _square(pixels)
    ground, noise = backdrop(coarse)
    relief = coarse - _surface(ground, coarse.shape)
    peak = float(relief.max())
    if peak < max(FAINTEST, noise):
        hint = "expected something dark on a light ground or light on a dark one"
        raise ImageError(f"{name} shows nothing: all pixels are alike", hint=hint)
    threshold = max(noise, peak * rise)
    top, bottom, left, right = _box(relief > threshold)
    rows = slice(max(0, top - 1) * square, (bottom + 1) * square)  # one square more, then to the pixel
    columns = slice(max(0, left - 1) * square, (right + 1) * square)
    cropped = pixels[rows, columns]
    relief = np.empty(cropped.shape, np.float32)
    for down, across in itertools.product(chunks(cropped.shape), chunks(cropped.shape[1:])):
        part = slice(rows.start + down.start, rows.start + down.stop)
        along = slice(columns.start + across.start, columns.start + across.stop)
        relief[down, across] = cropped[down, across] - _surface(ground, pixels.shape, part, along)
    if (relief > threshold).any():
        top, bottom, left, right = _box(relief > threshold)
        relief = relief[top:bottom, left:right]
    return relief, noise


def fitted(pixels: Floats, frame: tuple[int, int]) -> Floats:
    """Scaled, smoothly and with its proportions kept, so that it just fits into `frame`, `(height, width)`."""
    from PIL import Image

    scale = min(frame[0] / pixels.shape[0], frame[1] / pixels.shape[1])
    height, width = (max(1, round(edge * scale)) for edge in pixels.shape)
    filters = Image.Resampling
    if scale >= 1:
        return np.asarray(Image.fromarray(pixels).resize((width, height), filters.BICUBIC))
    # First along the rows, some rows at a time, then along the columns: what Pillow does too, but with a copy of the whole.
    narrow = pixels
    if width < pixels.shape[1]:
        narrow = np.empty((pixels.shape[0], width), np.float32)
        for rows in chunks(pixels.shape):
            narrow[rows] = np.asarray(
                Image.fromarray(pixels[rows]).resize((width, rows.stop - rows.start), filters.BOX)
            )
    return np.asarray(Image.fromarray(narrow).resize((width, height), filters.BOX))


def levelled(pixels: Floats, noise: float) -> Grey:
    """Ground and noise to 0, the brightest pixel to 255."""
    peak = float(pixels.max())
    floor = min(noise, peak / 4)
    return np.rint((pixels - floor).clip(0) * (255 / max(peak - floor, 1e-6))).astype(np.uint8)


def placed(pixels: Grey, size: tuple[int, int], framing: str, fill: int = 0) -> Grey:
    """Content in the middle of a frame of `size`, rounded as the makers of MNIST ("mass") and Fashion-MNIST ("box") did.

    Every MNIST picture has its centre of mass, in pixel indices, in 13.5 ≤ y, x < 14.5; where the content of a
    Fashion-MNIST picture leaves an odd number of empty columns or rows, the one more is mostly left or above.
    """
    frame = np.full(size, fill, np.uint8)
    starts = []
    for axis, (edge, length) in enumerate(zip(size, pixels.shape, strict=True)):
        start = (edge - length + 1) // 2
        if framing == "mass":
            weights = pixels.sum(axis=1 - axis, dtype=np.float64)
            start = math.ceil((edge - 1) / 2 - float(np.average(np.arange(length), weights=weights)))
        starts.append(min(max(start, 0), edge - length))
    frame[starts[0] : starts[0] + pixels.shape[0], starts[1] : starts[1] + pixels.shape[1]] = pixels
    return frame


def _surface(ground: Floats, shape: tuple[int, ...], rows: slice = slice(None), columns: slice = slice(None)) -> Floats:
    """The ground between its four corners, bilinear, over rows and columns of a picture of `shape`."""
    y, x = (
        (np.arange(*part.indices(edge), dtype=np.float32) + 0.5) / edge
        for part, edge in zip((rows, columns), shape, strict=True)
    )
    top, bottom = (left + (right - left) * x for left, right in ground)
    return np.asarray(top + (bottom - top) * y[:, None], np.float32)


def _unexplained(coarse: Grey, ground: Floats) -> float:
    """The median distance between the pixels of the picture's border and the ground."""
    relief = np.abs(coarse - _surface(ground, coarse.shape))
    return float(np.median(np.concatenate([relief[0], relief[-1], relief[:, 0], relief[:, -1]])))


def _box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Top, bottom, left, right of what is true, as for slicing."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _square(pixels: Grey) -> int:
    """The edge of the squares that `reduced` averages."""
    return -(-int(max(pixels.shape)) // COARSE)
