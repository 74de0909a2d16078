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


@dataclass(frozen=True)
class Raster:
    """An image of which some rows can be taken at a time.

    Args:
        size: Width and height.
        mode: Pillow's mode of the rows.
        rows: The rows from one number to before another, as a Pillow image.
        has_alpha: Whether there is transparency.
        is_mask: Whether 1, not 255, is white.
    """

    size: tuple[int, int]
    mode: str
    rows: "Callable[[int, int], PillowImage]"
    has_alpha: bool = False
    is_mask: bool = False

    @classmethod
    def of_pillow(cls, image: "PillowImage") -> "Raster":
        """The pixels of an image that Pillow has decoded."""
        # In masks that were saved with 8 bits, 1 is the brightest level.
        is_mask = image.mode in ("L", "RGB") and image.format != "JPEG" and np.max(image.getextrema()) == 1
        return cls(
            image.size,
            image.mode,
            lambda start, stop: image.crop((0, start, image.width, stop)),
            image.has_transparency_data,
            bool(is_mask),
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
            part = part.point(lambda value: 255 * value) if raster.is_mask else part
            part = part.reduce(divisor) if divisor > 1 else part
            if alpha is not None:
                alpha[rows] = np.asarray(part.getchannel("A"))
                part = part.convert("L" if is_grey else "RGB")
            pixels[rows] = np.asarray(part)
    except ValueError as error:
        hint = "convert it to RGB or greyscale first"
        raise ImageError(f"{name} has pixels of kind {raster.mode}, which cannot be made RGB", hint=hint) from error
    return without_colours(pixels if alpha is None else _flatten(pixels, alpha))


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
