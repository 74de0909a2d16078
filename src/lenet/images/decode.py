"""Image files as grey pixels: only known formats, checked (`limits.py`) before Pillow decodes them.

    pixels = decode(Path("boot.jpg"), "boot.jpg")  # uint8 (height, width), upright

Pixels are converted some rows at a time, so an image of 16 megapixels takes at most 200 MB, whatever its format.
"""

import math
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenet.errors import ImageError
from lenet.files import untrusted
from lenet.images import limits

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

Grey = NDArray[np.uint8]  # (height, width)

CHUNK = 1 << 20  # numbers to compute with at a time, so that copies stay small
ORIENTATION = 0x0112  # EXIF's tag
# What turns an image upright, by its EXIF orientation.
TURNS: dict[int, Callable[[Grey], Grey]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.T,
    6: lambda pixels: pixels.T[:, ::-1],
    7: lambda pixels: pixels[::-1, ::-1].T,
    8: lambda pixels: pixels.T[::-1],
}


def decode(source: "Path | str | PillowImage | NDArray[Any]", name: str) -> Grey:
    """Decode an image to grey.

    Args:
        source: A file, a Pillow image, or an array (height, width) or (height, width, channels) with 1 to 4 channels.
        name: What errors call it.

    Returns:
        uint8 (height, width), upright as the EXIF data say; brightness by ITU-R 601; transparent pixels on black or white,
        whichever the opaque ones stand out from.

    Raises:
        ImageError: It is no image, damaged, or too large.
    """
    from PIL import Image, UnidentifiedImageError

    if isinstance(source, np.ndarray):
        return _to_grey(_from_array(source, name), name)
    if not isinstance(source, Path | str | Image.Image):
        raise ImageError(f"{source!r} is not an image", hint="expected a path, a Pillow image or a NumPy array")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's: about what is checked here, or about data that are not used
            if isinstance(source, Image.Image):
                limits.check_size(source.size, name)
                return _upright(source, name, is_trusted=True)
            return _read(Path(source), name)
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


def to_8_bits(values: NDArray[Any], name: str) -> Grey:
    """Scale pixels of any dtype to 8 bits.

    Args:
        values: The pixels. White is 65535 for uint16; otherwise the first of 1 (only for floats), 255 and 65535 that no
            value exceeds.
        name: What errors call them.

    Returns:
        uint8, of the same shape.

    Raises:
        ImageError: Values are NaN, infinite, or not numbers.
    """
    if values.dtype == np.uint8:
        return values.copy()
    return _scaled(lambda rows: values[rows], values.shape, values.dtype, name)


def chunks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Split the first axis of an array into slices of at most a million numbers each: rows, or several images."""
    length = max(1, CHUNK // max(1, math.prod(shape[1:])))
    return (slice(start, min(start + length, shape[0])) for start in range(0, shape[0], length))


def _scaled(read: Callable[[slice], NDArray[Any]], shape: tuple[int, ...], dtype: np.dtype[Any], name: str) -> Grey:
    """Pixels of a wider dtype as 8 bits; `read` gives some rows of them."""
    parts = list(chunks(shape))
    if dtype.kind not in "buif" or not all(np.isfinite(read(rows)).all() for rows in parts):
        raise ImageError(f"{name} holds values that are NaN, infinite or no numbers ({dtype})")
    low = min(0.0, *(float(read(rows).min()) for rows in parts))
    high = max(float(read(rows).max()) for rows in parts)
    whites = [65535.0] if dtype.newbyteorder("=") == np.uint16 else [255.0, 65535.0]
    whites = [1.0, *whites] if dtype.kind in "bf" else whites
    white = next((white for white in whites if high <= white), high)
    pixels = np.empty(shape, np.uint8)
    for rows in parts:
        pixels[rows] = np.rint((read(rows).astype(np.float32) - low) * (255 / (white - low)))
    return pixels


def _read(path: Path, name: str) -> Grey:
    """The pixels of a file."""
    from PIL import Image

    _check_path(path)
    with untrusted.open_file(path, limits.MAX_BYTES, ImageError) as (file, size):
        limited = limits.check_file(file, size, name)
        with Image.open(limited, formats=limits.FORMATS) as image:  # type: ignore[arg-type]
            limits.check_header(image, name)
            limited.left = size + limits.MAX_HEADER
            return _upright(image, name)


def _check_path(path: Path) -> None:
    if path.is_dir():
        raise ImageError(f"{path} is a folder, not an image", hint="name the images in it")
    if not path.exists():
        raise ImageError(f"there is no file {path}", hint="check its name and the folder you are in")
    if not path.is_file():
        raise ImageError(f"{path} is not a regular file")


def _upright(image: "PillowImage", name: str, is_trusted: bool = False) -> Grey:
    """The pixels of an image that Pillow has opened, turned as its EXIF data say."""
    image.load()
    if is_trusted:
        orientation = image.getexif().get(ORIENTATION, 1)
    else:  # Pillow turns a TIFF while it decodes it
        orientation = 1 if image.format == "TIFF" else _orientation(image.info)
    pixels = _to_grey(image, name)
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


def _to_grey(image: "PillowImage", name: str) -> Grey:
    shape = (image.height, image.width)
    if image.mode == "F" or image.mode.startswith("I"):

        def read(rows: slice) -> NDArray[Any]:
            return np.asarray(image.crop((0, rows.start, image.width, rows.stop)))

        return _scaled(read, shape, read(slice(0, 1)).dtype, name)
    pixels = np.empty(shape, np.uint8)
    alpha = np.empty_like(pixels) if image.has_transparency_data else None
    try:
        for rows in chunks(shape):
            part = image.crop((0, rows.start, image.width, rows.stop))
            if alpha is not None:
                part = part if part.mode == "LA" else part.convert("RGBA")
                alpha[rows] = np.asarray(part.getchannel("A"))
            elif part.mode not in ("1", "L", "RGB"):  # Pillow cannot convert CMYK to L
                part = part.convert("RGB")
            pixels[rows] = np.asarray(part.convert("L"))
    except ValueError as error:
        hint = "convert it to RGB or greyscale first"
        raise ImageError(f"{name} has pixels of kind {image.mode}, which cannot be made grey", hint=hint) from error
    return pixels if alpha is None else _flatten(pixels, alpha)


def _flatten(pixels: Grey, alpha: Grey) -> Grey:
    """Lay pixels with opacity `alpha` on black or white, whichever the opaque ones stand out from; in place."""
    parts = list(chunks(pixels.shape))
    total = sum(int((pixels[rows].astype(np.int32) * alpha[rows]).sum(dtype=np.int64)) for rows in parts)
    background = 255 if total < 127.5 * int(alpha.sum(dtype=np.int64)) else 0
    for rows in parts:
        weight = alpha[rows].astype(np.int32)
        pixels[rows] = (pixels[rows] * weight + background * (255 - weight) + 127) // 255
    return pixels


def _from_array(values: NDArray[Any], name: str) -> "PillowImage":
    """A grey, grey and alpha, RGB or RGBA array as a Pillow image."""
    from PIL import Image

    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    if values.ndim != 2 and not (values.ndim == 3 and values.shape[2] in (2, 3, 4)):
        hint = "expected (height, width), or (height, width, channels) with 1 to 4 channels"
        raise ImageError(f"{name} is an array of shape {values.shape}", hint=hint)
    limits.check_size((values.shape[1], values.shape[0]), name)
    return Image.fromarray(np.ascontiguousarray(to_8_bits(values, name)))
