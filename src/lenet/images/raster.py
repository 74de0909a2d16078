"""An image that is in memory, converted and reduced some rows at a time, so that no whole copy of it is made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenet.errors import ImageError
from lenet.images.levels import scaled
from lenet.images.limits import MAX_REDUCED
from lenet.images.pixels import Pixels, chunks, to_grey, without_colours

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

GREY_MODES = ("1", "L", "LA")
DEEP = (3, 15, 63, 255)  # the brightest levels of the upper 8 of 16 bits, where 10, 12, 14 or all are used


@dataclass(frozen=True)
class Raster:
    """An image of which some rows can be taken at a time.

    Args:
        size: Width and height.
        mode: Pillow's mode of the rows.
        rows: The rows from one number to before another, as a Pillow image.
        has_alpha: Whether there is transparency.
        white: The brightest level.
    """

    size: tuple[int, int]
    mode: str
    rows: "Callable[[int, int], PillowImage]"
    has_alpha: bool = False
    white: int = 255

    @classmethod
    def of_pillow(cls, image: "PillowImage", is_deep: bool = False) -> "Raster":
        """The pixels of an image that Pillow has decoded.

        Args:
            image: The image.
            is_deep: Whether Pillow has left the lower 8 of 16 bits of colours out, as it has no such mode.
        """
        return cls(
            image.size,
            image.mode,
            lambda start, stop: image if stop - start == image.height else image.crop((0, start, image.width, stop)),
            image.has_transparency_data,
            _white(image, is_deep),
        )

    @classmethod
    def of_array(cls, pixels: NDArray[np.uint8]) -> "Raster":
        """The pixels of an array, (height, width) or (height, width, channels) with 2, 3 or 4 channels."""
        from PIL import Image

        mode = "L" if pixels.ndim == 2 else {2: "LA", 3: "RGB", 4: "RGBA"}[pixels.shape[2]]
        return cls(
            (pixels.shape[1], pixels.shape[0]),
            mode,
            lambda start, stop: Image.fromarray(np.ascontiguousarray(pixels[start:stop])),
            mode in ("LA", "RGBA"),
        )


def factor(size: tuple[int, int], enough: int) -> int:
    """Return the whole factor by which both edges of an image are divided.

    Args:
        size: Of the image.
        enough: Pixels that the shorter edge keeps, unless the image would still have more than 8 megapixels.
    """
    divisor = max(1, min(size) // enough)
    while -(-size[0] // divisor) * -(-size[1] // divisor) > MAX_REDUCED:
        divisor += 1
    return divisor


def reduced(raster: Raster, name: str, enough: int) -> Pixels:
    """Convert an image to pixels, with both edges divided by a whole factor if it is large.

    Args:
        raster: The image.
        name: What errors call it.
        enough: As in `factor`.

    Returns:
        uint8 (height, width), or (height, width, 3) where the image has colours.
    """
    divisor = factor(raster.size, enough)
    if raster.mode == "F" or raster.mode.startswith("I"):
        return _scaled(raster, name, divisor)
    is_grey = raster.mode in GREY_MODES
    width, height = (-(-edge // divisor) for edge in raster.size)
    pixels = np.empty((height, width) if is_grey else (height, width, 3), np.uint8)
    alpha = np.empty((height, width), np.uint8) if raster.has_alpha else None
    try:
        for rows in chunks((height, raster.size[0] * divisor)):
            part = raster.rows(rows.start * divisor, min(rows.stop * divisor, raster.size[1]))
            if alpha is not None:
                part = part if part.mode in ("LA", "RGBA") else part.convert("RGBA")
            elif part.mode not in ("L", "RGB"):
                part = part.convert("L" if is_grey else "RGB")
            part = _brightened(part, raster.white) if raster.white < 255 else part
            part = part.reduce(divisor) if divisor > 1 else part
            if alpha is not None:
                alpha[rows] = np.asarray(part.getchannel("A"))
                part = part.convert("L" if is_grey else "RGB")
            pixels[rows] = np.asarray(part)
    except ValueError as error:
        hint = "convert it to RGB or greyscale first"
        raise ImageError(f"{name} has pixels of kind {raster.mode}, which cannot be made RGB", hint=hint) from error
    return without_colours(pixels if alpha is None else _flatten(pixels, alpha))


def _white(image: "PillowImage", is_deep: bool) -> int:
    """The brightest level that the image could have: 1 in masks saved with 8 bits, less than 255 of 10 bits in 16."""
    if image.format == "JPEG" or not (is_deep or image.mode in ("L", "RGB")):
        return 255
    extremes = np.reshape(image.getextrema(), (-1, 2))
    highest = extremes[: -1 if image.mode in ("LA", "RGBA") else None].max()
    if not is_deep:
        return 1 if highest == 1 else 255
    return next(level for level in DEEP if highest <= level)


def _brightened(part: "PillowImage", white: int) -> "PillowImage":
    """An image whose brightest level is made 255; its transparency stays."""
    table = [min(255, round(255 * level / white)) for level in range(256)]
    keep = list(range(256)) if part.mode in ("LA", "RGBA") else []
    return part.point(table * (len(part.getbands()) - bool(keep)) + keep)


def _scaled(raster: Raster, name: str, divisor: int) -> Pixels:
    """The pixels of an image of more than 8 bits."""
    from PIL import Image

    def read(rows: slice) -> NDArray[Any]:
        return np.asarray(raster.rows(rows.start, rows.stop))

    grey = scaled(read, (raster.size[1], raster.size[0]), read(slice(0, 1)).dtype, name)
    return np.asarray(Image.fromarray(grey).reduce(divisor)) if divisor > 1 else grey


def _flatten(pixels: Pixels, alpha: Pixels) -> Pixels:
    """Lay pixels with opacity `alpha` on black or white, whichever the opaque ones stand out from; in place."""
    parts = list(chunks(pixels.shape))
    total = sum(int((to_grey(pixels[rows]).astype(np.int32) * alpha[rows]).sum(dtype=np.int64)) for rows in parts)
    background = 255 if total < 127.5 * int(alpha.sum(dtype=np.int64)) else 0
    for rows in parts:
        weight = alpha[rows].astype(np.int32)
        weight = weight if pixels.ndim == 2 else weight[:, :, None]
        pixels[rows] = (pixels[rows] * weight + background * (255 - weight) + 127) // 255
    return pixels
