"""Finding the object in an image and placing it as in the training images: `Preprocessing.apply` after decoding."""

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.errors import ImageError
from lenet.images.found import Box, Found, Framed
from lenet.images.pixels import Grey, chunks

Floats = NDArray[np.float32]

# For each framing: the share of the frame that the object fills, and how far, as a share of its peak, a pixel must rise above
# the background to be part of the object. Ink has steep edges, and blur or shadow around it is not ink; garments have parts
# as pale as the background.
FRAMINGS = {"mass": (20 / 28, 1 / 4), "box": (1.0, 1 / 16)}
COARSE = (
    256  # longest edge in pixels of the copy in which background and object are looked for: averaging removes noise
)
MIN_CONTRAST = 10  # of 255; an image whose object differs less from the background shows nothing


def frame(pixels: Grey, size: tuple[int, int], framing: str, ground: str, name: str) -> Framed:
    """Find the object in an image and place it as in the training images.

    Args:
        pixels: The image.
        size: Height and width of the network's input.
        framing: "mass" or "box".
        ground: The background of the training images, "dark" or "light".
        name: What errors call the image.

    Returns:
        What the network sees, what was found, and each step.

    Raises:
        ImageError: The image shows nothing.
    """
    if pixels.shape == size:
        seen = pixels if is_light(pixels) == (ground == "light") else 255 - pixels
        return Framed(seen, None, (("image", pixels), ("what the network sees", seen)))
    coarse, original = reduce(pixels), pixels
    if is_light(coarse, middle=(float(coarse.min()) + float(coarse.max())) / 2):
        pixels = 255 - pixels
    share, min_rise = FRAMINGS[framing]
    relief, noise = find_object(pixels, min_rise, name)
    inner = (max(1, round(size[0] * share)), max(1, round(size[1] * share)))
    scaled = stretch_contrast(scale_to_fit(relief, inner), noise)
    if not scaled.any():  # only single pixels rise above the background, and averaging removed them
        raise ImageError(
            f"of {name} nothing is left at {size[0]}×{size[1]} pixels, the size of the network's input",
            hint="crop it to the object",
        )
    seen = place(scaled, size, framing)
    seen = 255 - seen if ground == "light" else seen
    box = Box(0, pixels.shape[0], 0, pixels.shape[1])
    mask = np.ones(coarse.shape, np.bool_)
    found = Found(
        coarse, _square(pixels), np.full_like(coarse, int(corners(original).mean())), mask, ~mask, box, (box,)
    )
    return Framed(seen, found, (("image", coarse), ("scaled", scaled), ("what the network sees", seen)))


def split(pixels: Grey, size: tuple[int, int], framing: str, ground: str, name: str) -> tuple[Framed, ...]:
    """Do as `frame` for each of the parts of similar size that an image shows, left to right."""
    return (frame(pixels, size, framing, ground, name),)


def corners(pixels: NDArray[Any]) -> Floats:
    """Measure the mean brightness of the four corners, each a twentieth of the edges, at least one pixel.

    Args:
        pixels: (height, width), or of many images (N, height, width).

    Returns:
        float32 (2, 2) or (N, 2, 2).
    """
    height, width = (max(1, round(edge / 20)) for edge in pixels.shape[-2:])
    tops, sides = (slice(None, height), slice(-height, None)), (slice(None, width), slice(-width, None))
    means = [[pixels[..., rows, columns].mean(axis=(-2, -1)) for columns in sides] for rows in tops]
    return np.moveaxis(np.array(means, np.float32), (0, 1), (-2, -1))


def is_light(pixels: Grey, middle: float = 127.5) -> bool:
    """Tell whether the background is light: whether the corners are, on average, brighter than `middle`.

    Measured on all 140,000 images of MNIST and Fashion-MNIST: none is taken for light, and all of the inverses
    `255 - image` are. The border's mean is as good, its median errs on 2, the mean of the whole image on 3,718. When the
    20,000 test images are cropped to the object, so that it touches all four edges, the corners err on 2, the border's mean
    on 24, its median on 48.
    """
    return bool(corners(pixels).mean() > middle)


def reduce(pixels: Grey) -> Grey:
    """Make a copy of at most `COARSE` pixels along each edge, by averaging squares."""
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).reduce(_square(pixels)))


def estimate_background(coarse: Grey) -> tuple[Floats, float]:
    """Estimate the brightness of the background, and its noise.

    Light seldom falls evenly on a sheet of paper, so the background is taken to change linearly between the corners; unless
    the object reaches into a corner, when a constant brightness explains the border better.

    Args:
        coarse: The reduced image.

    Returns:
        The brightness in the corners, float32 (2, 2), and how far noise rises above the background.
    """
    sloping = corners(coarse)
    even = np.full((2, 2), np.sort(sloping, axis=None)[1], np.float32)
    residuals = {"even": _residual(coarse, even), "sloping": _residual(coarse, sloping)}
    background = sloping if residuals["sloping"] < residuals["even"] else even
    return background, 3 * 1.4826 * min(residuals.values())  # three standard deviations, from the median deviation


def find_object(pixels: Grey, min_rise: float, name: str) -> tuple[Floats, float]:
    """Crop an image with a dark background to its object.

    Args:
        pixels: The image.
        min_rise: How far a pixel of the object must rise above the background, as a share of the peak.
        name: What errors call the image.

    Returns:
        The object, float32 (height, width), with the background subtracted; and how far noise rises above zero.

    Raises:
        ImageError: The image shows nothing.
    """
    coarse, square = reduce(pixels), _square(pixels)
    background, noise = estimate_background(coarse)
    relief = coarse - _surface(background, coarse.shape)
    peak = float(relief.max())
    if peak < max(MIN_CONTRAST, noise):
        hint = "expected something dark on a light background or light on a dark one"
        raise ImageError(f"{name} shows nothing: all pixels are alike", hint=hint)
    threshold = max(noise, peak * min_rise)
    top, bottom, left, right = _box(relief > threshold)
    rows = slice(max(0, top - 1) * square, (bottom + 1) * square)  # one square more, and below to the pixel
    columns = slice(max(0, left - 1) * square, (right + 1) * square)
    cropped = pixels[rows, columns]
    relief = np.empty(cropped.shape, np.float32)
    for down, across in itertools.product(chunks(cropped.shape), chunks(cropped.shape[1:])):
        part_rows = slice(rows.start + down.start, rows.start + down.stop)
        part_columns = slice(columns.start + across.start, columns.start + across.stop)
        relief[down, across] = cropped[down, across] - _surface(background, pixels.shape, part_rows, part_columns)
    if (relief > threshold).any():
        top, bottom, left, right = _box(relief > threshold)
        relief = relief[top:bottom, left:right]
    return relief, noise


def scale_to_fit(pixels: Floats, frame: tuple[int, int]) -> Floats:
    """Scale an image, keeping its proportions, so that it just fits into a frame.

    Args:
        pixels: float32 (height, width).
        frame: Height and width to fit into.

    Returns:
        float32, as high or as wide as the frame: averaged over areas if it becomes smaller, else interpolated.
    """
    from PIL import Image

    scale = min(frame[0] / pixels.shape[0], frame[1] / pixels.shape[1])
    height, width = (max(1, round(edge * scale)) for edge in pixels.shape)
    filters = Image.Resampling
    if scale >= 1:
        return np.asarray(Image.fromarray(pixels).resize((width, height), filters.BICUBIC))
    # First along the rows, some rows at a time, then along the columns. Pillow does the same, but copies the whole image.
    narrow = pixels
    if width < pixels.shape[1]:
        narrow = np.empty((pixels.shape[0], width), np.float32)
        for rows in chunks(pixels.shape):
            narrow[rows] = np.asarray(
                Image.fromarray(pixels[rows]).resize((width, rows.stop - rows.start), filters.BOX)
            )
    return np.asarray(Image.fromarray(narrow).resize((width, height), filters.BOX))


def stretch_contrast(pixels: Floats, noise: float) -> Grey:
    """Map background and noise to 0 and the brightest pixel to 255."""
    peak = float(pixels.max())
    floor = min(noise, peak / 4)
    return np.rint((pixels - floor).clip(0) * (255 / max(peak - floor, 1e-6))).astype(np.uint8)


def place(pixels: Grey, size: tuple[int, int], framing: str, fill: int = 0) -> Grey:
    """Put an object into the middle of an empty image, rounding as the makers of MNIST and Fashion-MNIST did.

    Every MNIST image has its centre of mass, in pixel indices, in 13.5 ≤ y, x < 14.5; where the object of a Fashion-MNIST
    image leaves an odd number of empty columns or rows, the additional one is mostly on the left or above.

    Args:
        pixels: The object, no larger than the image.
        size: Height and width of the image.
        framing: "mass", centre the object by its centre of mass, or "box", by its bounding box.
        fill: The brightness around the object.

    Returns:
        uint8 (height, width).
    """
    image = np.full(size, fill, np.uint8)
    starts = []
    for axis, (edge, length) in enumerate(zip(size, pixels.shape, strict=True)):
        start = (edge - length + 1) // 2
        if framing == "mass":
            weights = pixels.sum(axis=1 - axis, dtype=np.float64)
            start = math.ceil((edge - 1) / 2 - float(np.average(np.arange(length), weights=weights)))
        starts.append(min(max(start, 0), edge - length))
    image[starts[0] : starts[0] + pixels.shape[0], starts[1] : starts[1] + pixels.shape[1]] = pixels
    return image


def _surface(
    background: Floats, shape: tuple[int, ...], rows: slice = slice(None), columns: slice = slice(None)
) -> Floats:
    """The background between its four corners, bilinear, over some rows and columns of an image of `shape`."""
    y, x = (
        (np.arange(*part.indices(edge), dtype=np.float32) + 0.5) / edge
        for part, edge in zip((rows, columns), shape, strict=True)
    )
    top, bottom = (left + (right - left) * x for left, right in background)
    return np.asarray(top + (bottom - top) * y[:, None], np.float32)


def _residual(coarse: Grey, background: Floats) -> float:
    """The median difference between the pixels of the image's border and the background."""
    relief = np.abs(coarse - _surface(background, coarse.shape))
    return float(np.median(np.concatenate([relief[0], relief[-1], relief[:, 0], relief[:, -1]])))


def _box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of what is true, as for slicing."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _square(pixels: Grey) -> int:
    """The edge of the squares that `reduce` averages."""
    return -(-int(max(pixels.shape)) // COARSE)
