"""Image files, arrays and tensors as pixels: only known formats, checked (`limits.py`) before Pillow decodes them.

    pixels = decode(Path("boot.jpg"), "boot.jpg")  # uint8 (height, width), or (height, width, 3) with colours, upright

Pixels are converted some rows at a time, and large images are reduced on the way: no image takes more than 200 MB.
"""

import io
import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.errors import ImageError
from lenet.files import untrusted
from lenet.images import arrays, limits
from lenet.images.levels import scaled
from lenet.images.pixels import Pixels, chunks, to_grey, without_colours

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

__all__ = ["Pixels", "Source", "chunks", "decode", "to_grey"]

# A file or its content, a Pillow image, or an array or tensor as `lenet.images.arrays` takes it.
Source: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | PillowImage | NDArray[Any] | Any"

ENOUGH = 1024  # pixels of the shorter edge: larger images are reduced by whole factors, to no less than this
ORIENTATION = 0x0112  # EXIF's tag
# What turns an image upright, by its EXIF orientation.
TURNS: dict[int, Callable[[Pixels], Pixels]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels.swapaxes(0, 1)[:, ::-1],
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels.swapaxes(0, 1)[::-1],
}


def decode(source: Source, name: str, *, enough: int = ENOUGH) -> Pixels:
    """Decode an image.

    Args:
        source: A file, its content, a Pillow image, an array or a tensor.
        name: What errors call it.
        enough: Pixels of the shorter edge that are enough: a larger image is reduced by the whole factor that leaves no
            fewer, a JPEG already while it is decoded. Smaller numbers are faster.

    Returns:
        uint8 (height, width), or (height, width, 3) where the image has colours; upright as the EXIF data say; transparent
        pixels on black or white, whichever the opaque ones stand out from.

    Raises:
        ImageError: It is no image, damaged, or too large.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's: about what is checked here, or about data that are not used
            if isinstance(source, Image.Image):
                limits.check_size(source.size, name)
                return _upright(source, name, enough, is_trusted=True)
            if isinstance(source, bytes | bytearray | memoryview):
                return _read(io.BytesIO(source), len(source), name, enough)
            if isinstance(source, str | os.PathLike):
                _check_path(Path(source))
                with untrusted.open_file(Path(source), limits.MAX_BYTES, ImageError) as (file, size):
                    return _read(file, size, name, enough)
            if arrays.is_array(source):
                return _reduced(Image.fromarray(arrays.from_array(source, name)), name, enough)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise limits.too_large(name, "far") from error
    except UnidentifiedImageError as error:
        hint = f"known formats: {', '.join(limits.FORMATS)}; save it as PNG"
        raise ImageError(f"{name} is not an image, or of a format that lenet does not know", hint=hint) from error
    except Exception as error:  # damaged files make Pillow's decoders raise nearly anything
        hint = f"Pillow says: {untrusted.printable(error)}; open it in another program and save it as PNG"
        raise ImageError(f"{name} is truncated or damaged, or cannot be read", hint=hint) from error
    expected = "expected a path, a file's content as bytes, a Pillow image, an array or a tensor"
    raise ImageError(f"{name} is not an image: it is of type {type(source).__name__}", hint=expected)


def _read(file: BinaryIO, size: int, name: str, enough: int) -> Pixels:
    """The pixels of a file."""
    from PIL import Image

    limited = limits.check_file(file, size, name)
    with Image.open(limited, formats=limits.FORMATS) as image:  # type: ignore[arg-type]
        limits.check_header(image, name)
        limited.left = size + limits.MAX_HEADER
        return _upright(image, name, enough)


def _check_path(path: Path) -> None:
    words = untrusted.printable(path)
    if path.is_dir():
        raise ImageError(f"{words} is a folder, not an image", hint="name the images in it")
    if not path.exists():
        raise ImageError(f"there is no file {words}", hint="check its name and the folder you are in")
    if not path.is_file():
        raise ImageError(f"{words} is not a regular file")


def _upright(image: "PillowImage", name: str, enough: int, is_trusted: bool = False) -> Pixels:
    """The pixels of an image that Pillow has opened, turned as its EXIF data say."""
    image.load()
    if is_trusted:
        orientation = image.getexif().get(ORIENTATION, 1)
    else:  # Pillow turns a TIFF while it decodes it
        orientation = 1 if image.format == "TIFF" else _orientation(image.info)
    pixels = _reduced(image, name, enough)
    turn = TURNS.get(orientation)
    return pixels if turn is None else np.ascontiguousarray(turn(pixels))


def _orientation(info: dict[Any, Any]) -> int:
    """The EXIF orientation of an image, 1 to 8; 1, upright, if it has none or the data are damaged."""
    exif, xmp = info.get("exif"), info.get("XML:com.adobe.xmp") or info.get("xmp")
    if exif is None and isinstance(profile := info.get("Raw profile type exif"), str):
        try:
            exif = bytes.fromhex("".join(profile.split("\n")[3:]))
        except ValueError:
            return 1
    tags = limits.exif_numbers(exif, "") if isinstance(exif, bytes) else {}
    if ORIENTATION in tags:
        return tags[ORIENTATION]
    match = re.search(rb'tiff:Orientation(="|>)([0-9])', xmp.encode() if isinstance(xmp, str) else xmp or b"")
    return int(match[2]) if match else 1


def _reduced(image: "PillowImage", name: str, enough: int) -> Pixels:
    """The pixels of an image, with both edges divided by a whole factor if it is large."""
    from PIL import Image

    factor = max(1, min(image.size) // enough)
    if image.mode == "F" or image.mode.startswith("I"):

        def read(rows: slice) -> NDArray[Any]:
            return np.asarray(image.crop((0, rows.start, image.width, rows.stop)))

        grey = scaled(read, (image.height, image.width), read(slice(0, 1)).dtype, name)
        return np.asarray(Image.fromarray(grey).reduce(factor)) if factor > 1 else grey
    is_grey, has_alpha = image.mode in ("1", "L", "LA"), image.has_transparency_data
    mode = ("LA" if is_grey else "RGBA") if has_alpha else "L" if is_grey else "RGB"
    white = 1 if image.mode in ("L", "RGB") and image.format != "JPEG" and _is_mask(image) else 255
    height, width = -(-image.height // factor), -(-image.width // factor)
    pixels = np.empty((height, width) if is_grey else (height, width, 3), np.uint8)
    alpha = np.empty((height, width), np.uint8) if has_alpha else None
    try:
        for rows in chunks((height, image.width * factor)):
            bounds = (0, rows.start * factor, image.width, min(rows.stop * factor, image.height))
            part = image.crop(bounds)
            part = (
                part if part.mode == mode else part.convert("RGBA").convert(mode) if has_alpha else part.convert(mode)
            )
            part = part if white == 255 else part.point(lambda value: 255 * value)
            part = part if factor == 1 else part.reduce(factor)
            if alpha is not None:
                alpha[rows] = np.asarray(part.getchannel("A"))
            pixels[rows] = np.asarray(part.convert("L" if is_grey else "RGB"))
    except ValueError as error:
        hint = "convert it to RGB or greyscale first"
        raise ImageError(f"{name} has pixels of kind {image.mode}, which cannot be made RGB", hint=hint) from error
    return without_colours(pixels if alpha is None else _flatten(pixels, alpha))


def _is_mask(image: "PillowImage") -> bool:
    """Whether 1 is the brightest level, as in masks saved with 8 bits."""
    return bool(np.max(image.getextrema()) == 1)


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
