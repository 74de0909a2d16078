"""Picture files as grey pixels: only known formats, their sizes and structure checked before Pillow decodes them.

    pixels = grey(Path("boot.jpg"), "boot.jpg")  # uint8 (height, width), upright

A few kilobytes can claim a gigantic picture, or be written so that a decoder needs hours or gigabytes for a small one. So
a file is read through a meter, and what Pillow and its libraries leave unbounded is looked at first: the chunks of a PNG,
the segments and scans of a JPEG, the tiles of a TIFF. Pixels become grey in bands: a picture of 16 megapixels takes at
most 200 MB, whatever its kind.
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
    from PIL.Image import Image as Picture

Grey = NDArray[np.uint8]  # (height, width)

CHUNK = 1 << 20  # numbers computed with at a time, so that copies stay small
ORIENTATION = 0x0112  # EXIF's tag
# What turns a picture upright, by its EXIF orientation.
TURNS: dict[int, Callable[[Grey], Grey]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.T,
    6: lambda pixels: pixels.T[:, ::-1],
    7: lambda pixels: pixels[::-1, ::-1].T,
    8: lambda pixels: pixels.T[::-1],
}


def grey(source: "Path | str | Picture | NDArray[Any]", name: str) -> Grey:
    """One channel of 8 bits, upright, shape `(height, width)`; brightness by ITU-R 601, transparency laid on a ground.

    source: a file, a Pillow image or an array. Raises ImageError for what is no picture, or is one too large.
    """
    from PIL import Image, UnidentifiedImageError

    if isinstance(source, np.ndarray):
        return _grey(_from_array(source, name), name)
    if not isinstance(source, Path | str | Image.Image):
        raise ImageError(f"{source!r} is not a picture", hint="expected a path, a Pillow image or a NumPy array")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, of what is looked at here, or of data that are not used
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
        raise ImageError(f"{name} is not a picture, or of a format that lenet does not know", hint=hint) from error
    except Exception as error:  # damaged files make Pillow's decoders raise nearly anything
        hint = f"Pillow says: {untrusted.printable(error)}; open it in another program and save it as PNG"
        raise ImageError(f"{name} is truncated or damaged, or cannot be read", hint=hint) from error


def to_bytes(values: NDArray[Any], name: str) -> Grey:
    """Any pixels as 8 bits. White is 65535 for uint16; otherwise the first of 1 (floats), 255, 65535 that suffices."""
    if values.dtype == np.uint8:
        return values.copy()
    return _scaled(lambda rows: values[rows], values.shape, values.dtype, name)


def _scaled(part: Callable[[slice], NDArray[Any]], shape: tuple[int, ...], dtype: np.dtype[Any], name: str) -> Grey:
    """Pixels of a wider kind as 8 bits; `part` gives some rows of them."""
    rows = list(chunks(shape))
    if dtype.kind not in "buif" or not all(np.isfinite(part(some)).all() for some in rows):
        raise ImageError(f"{name} holds values that are not numbers ({dtype})")
    low = min(0.0, *(float(part(some).min()) for some in rows))
    high = max(float(part(some).max()) for some in rows)
    whites = [65535.0] if dtype.newbyteorder("=") == np.uint16 else [255.0, 65535.0]
    whites = [1.0, *whites] if dtype.kind in "bf" else whites
    white = next((white for white in whites if high <= white), high)
    seen = np.empty(shape, np.uint8)
    for some in rows:
        seen[some] = np.rint((part(some).astype(np.float32) - low) * (255 / (white - low)))
    return seen


def _read(path: Path, name: str) -> Grey:
    """The pixels of a file."""
    from PIL import Image

    _check_path(path)
    with untrusted.open_file(path, limits.MAX_BYTES, ImageError) as (file, size):
        meter = limits.checked(file, size, name)
        with Image.open(meter, formats=limits.FORMATS) as image:  # type: ignore[arg-type]
            limits.check_opened(image, name)
            meter.left = size + limits.MAX_HEADER
            return _upright(image, name)


def _upright(image: "Picture", name: str, is_trusted: bool = False) -> Grey:
    """The pixels of an opened picture, turned as its EXIF data say."""
    image.load()
    if is_trusted:
        orientation = image.getexif().get(ORIENTATION, 1)
    else:  # Pillow turns a TIFF while it decodes it
        orientation = 1 if image.format == "TIFF" else _orientation(image.info)
    pixels = _grey(image, name)
    turn = TURNS.get(orientation)
    return pixels if turn is None else np.ascontiguousarray(turn(pixels))


def _grey(image: "Picture", name: str) -> Grey:
    shape = (image.height, image.width)
    if image.mode == "F" or image.mode.startswith("I"):

        def part(rows: slice) -> NDArray[Any]:
            return np.asarray(image.crop((0, rows.start, image.width, rows.stop)))

        return _scaled(part, shape, part(slice(0, 1)).dtype, name)
    pixels = np.empty(shape, np.uint8)
    alpha = np.empty_like(pixels) if image.has_transparency_data else None
    try:
        for rows in chunks(pixels.shape):
            band = image.crop((0, rows.start, image.width, rows.stop))
            if alpha is not None:
                band = band if band.mode == "LA" else band.convert("RGBA")
                alpha[rows] = np.asarray(band.getchannel("A"))
            elif band.mode not in ("1", "L", "RGB"):  # Pillow has no way from CMYK to L
                band = band.convert("RGB")
            pixels[rows] = np.asarray(band.convert("L"))
    except ValueError as error:
        hint = "convert it to RGB or greyscale first"
        raise ImageError(f"{name} has pixels of kind {image.mode}, which cannot be made grey", hint=hint) from error
    return pixels if alpha is None else _on_ground(pixels, alpha)


def _on_ground(pixels: Grey, alpha: Grey) -> Grey:
    """Pixels of which `alpha` can be seen, laid on black or white, whichever the opaque part stands out from; in place."""
    parts = list(chunks(pixels.shape))
    seen = sum(int((pixels[rows].astype(np.int32) * alpha[rows]).sum(dtype=np.int64)) for rows in parts)
    ground = 255 if seen < 127.5 * int(alpha.sum(dtype=np.int64)) else 0
    for rows in parts:
        weight = alpha[rows].astype(np.int32)
        pixels[rows] = (pixels[rows] * weight + ground * (255 - weight) + 127) // 255
    return pixels


def chunks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices of the first axis of an array, each of at most CHUNK numbers: rows of a picture, or some of many pictures."""
    length = max(1, CHUNK // max(1, math.prod(shape[1:])))
    return (slice(start, min(start + length, shape[0])) for start in range(0, shape[0], length))


def _check_path(path: Path) -> None:
    if path.is_dir():
        raise ImageError(f"{path} is a folder, not a picture", hint="name the pictures in it")
    if not path.exists():
        raise ImageError(f"there is no file {path}", hint="check its name and the folder you are in")
    if not path.is_file():
        raise ImageError(f"{path} is not a regular file")


def _orientation(info: dict[Any, Any]) -> int:
    """The EXIF orientation of a picture, 1 to 8; 1, upright, if its data say nothing, or are damaged."""
    exif, xmp = info.get("exif"), info.get("XML:com.adobe.xmp") or info.get("xmp")
    if exif is None and isinstance(profile := info.get("Raw profile type exif"), str):
        try:
            exif = bytes.fromhex("".join(profile.split("\n")[3:]))
        except ValueError:
            return 1
    tags = limits.exif_numbers(exif, "") if isinstance(exif, bytes) else {}
    if ORIENTATION in tags:
        return tags[ORIENTATION]
    found = re.search(rb'tiff:Orientation(="|>)([0-9])', xmp.encode() if isinstance(xmp, str) else xmp or b"")
    return int(found[2]) if found else 1


def _from_array(values: NDArray[Any], name: str) -> "Picture":
    """A grey, grey and alpha, RGB or RGBA array as a Pillow image."""
    from PIL import Image

    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    if values.ndim != 2 and not (values.ndim == 3 and values.shape[2] in (2, 3, 4)):
        hint = "expected (height, width), or (height, width, channels) with 1 to 4 channels"
        raise ImageError(f"{name} is an array of shape {values.shape}", hint=hint)
    limits.check_size((values.shape[1], values.shape[0]), name)
    return Image.fromarray(np.ascontiguousarray(to_bytes(values, name)))
