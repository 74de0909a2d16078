"""Picture files as grey pixels: only known formats, their sizes and structure checked before Pillow decodes them.

    pixels = grey(Path("boot.jpg"), "boot.jpg")  # uint8 (height, width), upright

A few kilobytes can claim a gigantic picture, or be written so that a decoder needs hours or gigabytes for a small one. So
a file is read through a meter, and what Pillow and its libraries leave unbounded is looked at first: the chunks of a PNG,
the segments and scans of a JPEG, the tiles of a TIFF. Pixels become grey in bands: a picture of 16 megapixels takes at
most 200 MB, whatever its kind.
"""

import math
import os
import re
import struct
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lenet.errors import ImageError
from lenet.files import untrusted

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Grey = NDArray[np.uint8]  # (height, width)

MAX_PIXELS = 16_000_000
MAX_EDGE = 65_535  # pixels, as in a JPEG; Pillow needs a pointer for every row
MAX_BYTES = 128 << 20  # of a file: 16 megapixels with four channels of 16 bits
MAX_HEADER = 4 << 20  # bytes read before the first pixel, and bytes of anything that is no pixel
MAX_CHUNKS = 100_000  # of a PNG; usual are 8 kB and more in each
MAX_SCANS = 64  # of a JPEG; a progressive one has about ten, and each goes over the whole picture
MAX_SEGMENTS = 10_000  # of a JPEG
JPEG_BYTES = 64 << 20
MAX_TILE = 4_000_000  # pixels of a TIFF's tile, which may be larger than the picture
BAND = 1 << 20  # pixels made grey at a time
# Pillow knows many more formats, some of them rarely looked after. Its WebP decoder holds a picture four times, and the
# file twice.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
WEBP_PIXELS, WEBP_BYTES = 10_000_000, 16 << 20
PROGRESSIVE_CMYK_PIXELS = 12_000_000  # of a JPEG, for which its decoder keeps twelve bytes each
SLOW_CODECS, SLOW_PIXELS = {"ppm", "ppm_plain", "bmp_rle"}, 500_000  # decoded in Python, pixel after pixel
# TIFF's: none, CCITT (3), LZW, JPEG, deflate (2), PackBits
COMPRESSIONS = {1, 2, 3, 4, 5, 7, 8, 32773, 32946}
UNITS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}  # bytes, by EXIF type
INTEGERS = {1: "B", 3: "H", 4: "I"}
COMPRESSION, ORIENTATION, TILE_WIDTH, TILE_HEIGHT = 0x0103, 0x0112, 0x0142, 0x0143
MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # of a JPEG's segment, and not what stands between scans' numbers
_RESAVE = "open it in another program and save it as PNG"
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


class Metered:
    """A file of which no more than `left` bytes may be read; the next is a ImageError."""

    def __init__(self, file: BinaryIO, left: int, name: str) -> None:
        self.file, self.left, self.name = file, left, name
        self.seek, self.tell, self.fileno = file.seek, file.tell, file.fileno

    def read(self, size: int = -1) -> bytes:
        content = self.file.read(self.left + 1 if size < 0 else min(size, self.left + 1))
        self.left -= len(content)
        if self.left < 0:
            raise ImageError(f"{self.name} has far more beside its pixels than a picture needs", hint=_RESAVE)
        return content


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
                check_size(source.size, name)
                return _upright(source, name, is_trusted=True)
            return _read(Path(source), name)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(name, "far") from error
    except UnidentifiedImageError as error:
        hint = f"known formats: {', '.join(FORMATS)}; save it as PNG"
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
    rows = list(bands(shape))
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


def check_size(size: tuple[int, int], name: str, limit: int = MAX_PIXELS) -> None:
    """Raises ImageError unless a picture of that width and height has pixels, and not too many."""
    width, height = size
    if width < 1 or height < 1:
        raise ImageError(f"{name} has no pixels: it is {width} × {height}")
    if max(width, height) > MAX_EDGE:
        raise ImageError(f"{name} is too long: {width:,} × {height:,} pixels", hint=f"at most {MAX_EDGE:,} in a row")
    if width * height > limit:
        raise _too_large(name, f"{width:,} × {height:,} pixels,", limit)


def _read(path: Path, name: str) -> Grey:
    """The pixels of a file."""
    from PIL import Image

    _check_path(path)
    with untrusted.open_file(path, MAX_BYTES, ImageError) as (file, size):
        start = file.read(16)
        if start.startswith(b"\x89PNG"):
            _check_png(file, size, name)
        elif start.startswith(b"\xff\xd8"):
            _check_jpeg(file, name)
        elif start.startswith(b"GIF8"):
            _check_gif(file, name)
        is_webp = start[:4] == b"RIFF" and start[8:12] == b"WEBP"
        # Pillow reads the whole of a WebP first, and the comments of a PPM byte by byte.
        budget = WEBP_BYTES if is_webp else 1 << 16 if start.startswith(b"P") else MAX_HEADER
        meter = Metered(file, budget, name)
        file.seek(0)
        with Image.open(meter, formats=FORMATS) as image:  # type: ignore[arg-type]
            check_size(image.size, name, WEBP_PIXELS if is_webp else MAX_PIXELS)
            if any(tile[0] in SLOW_CODECS for tile in image.tile):
                check_size(image.size, name, SLOW_PIXELS)
            if image.mode == "CMYK" and image.info.get("progressive"):
                check_size(image.size, name, PROGRESSIVE_CMYK_PIXELS)
            if image.format == "TIFF":
                _check_tiff(image, name)
            meter.left = size + MAX_HEADER
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
        for rows in bands(pixels.shape):
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
    parts = list(bands(pixels.shape))
    seen = sum(int((pixels[rows].astype(np.int32) * alpha[rows]).sum(dtype=np.int64)) for rows in parts)
    ground = 255 if seen < 127.5 * int(alpha.sum(dtype=np.int64)) else 0
    for rows in parts:
        weight = alpha[rows].astype(np.int32)
        pixels[rows] = (pixels[rows] * weight + ground * (255 - weight) + 127) // 255
    return pixels


def bands(shape: tuple[int, ...]) -> Iterator[slice]:
    """The rows of a picture, some at a time."""
    rows = max(1, BAND // max(1, math.prod(shape[1:])))
    return (slice(top, min(top + rows, shape[0])) for top in range(0, shape[0], rows))


def _check_path(path: Path) -> None:
    if path.is_dir():
        raise ImageError(f"{path} is a folder, not a picture", hint="name the pictures in it")
    if not path.exists():
        raise ImageError(f"there is no file {path}", hint="check its name and the folder you are in")
    if not path.is_file():
        raise ImageError(f"{path} is not a regular file")


def _check_gif(file: BinaryIO, name: str) -> None:
    """Raises ImageError for a GIF whose first frame is too large: Pillow makes room for that as it opens the file.

    A frame may be larger than the picture is said to be, which then grows.
    """
    file.seek(6)
    width, height, flags = struct.unpack("<HHB", file.read(5))
    file.seek(13 + ((6 << (flags & 7)) if flags & 128 else 0))  # behind the colours
    while (kind := file.read(1)) not in (b"", b";", b",") and file.tell() < MAX_HEADER:
        if kind == b"!":
            file.seek(1, os.SEEK_CUR)
            while (length := file.read(1)) not in (b"", b"\0"):
                file.seek(length[0], os.SEEK_CUR)
    if kind == b",":
        left, top, across, down = struct.unpack("<4H", file.read(8))
        check_size((max(width, left + across), max(height, top + down)), name, MAX_PIXELS)


def _check_png(file: BinaryIO, size: int, name: str) -> None:
    """Raises ImageError for a PNG whose chunks are countless, or mostly something else than the picture."""
    place, beside = 8, 0
    for _ in range(MAX_CHUNKS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8 or place > size:
            return
        length = int.from_bytes(head[:4], "big")
        beside += 0 if head[4:] in (b"IDAT", b"fdAT") else length
        if beside > MAX_HEADER:
            break
        place += 12 + length
    raise _odd(name, "its chunks are countless or hold no picture")


def _check_jpeg(file: BinaryIO, name: str) -> None:
    """Raises ImageError for a JPEG of countless scans, or with tables that make a reader copy itself full."""
    file.seek(0)
    content = file.read(JPEG_BYTES + 1)
    if len(content) > JPEG_BYTES:
        raise _odd(name, f"it has more than {JPEG_BYTES:,} bytes")
    place, scans, exif = 2, 0, b""
    for _ in range(MAX_SEGMENTS):
        marker = MARKER.search(content, place)
        if marker is None or marker[1] == b"\xd9":
            return
        place = marker.end()
        if marker[1] in (b"\x01", b"\xd8"):  # these have no length
            continue
        length = max(2, int.from_bytes(content[place : place + 2], "big"))
        segment = content[place + 2 : place + length]
        place += length
        scans += marker[1] == b"\xda"
        if marker[1] == b"\xe1" and segment.startswith(b"Exif\0\0"):
            exif += segment[6:]
            _directory(exif, name)
        if marker[1] == b"\xe2" and segment.startswith(b"MPF\0"):
            _directory(segment[4:], name)
        if scans > MAX_SCANS or len(exif) > MAX_HEADER:
            break
    raise _odd(name, "its segments or scans are countless")


def _check_tiff(image: Any, name: str) -> None:
    """Raises ImageError for a TIFF compressed in a rare way, or whose tiles are larger than any picture needs."""
    tags = image.tag_v2
    if (kind := tags.get(COMPRESSION, 1)) not in COMPRESSIONS:
        raise _odd(name, f"its compression is number {untrusted.printable(kind)}")
    if kind == 7:
        image.fp.seek(0)
        image.fp.left = MAX_BYTES
        if any(frame in image.fp.read() for frame in (b"\xff\xc2", b"\xff\xca")):
            raise _odd(name, "it holds a progressive JPEG")
    width, height = tags.get(TILE_WIDTH, 1), tags.get(TILE_HEIGHT, 1)
    if not all(isinstance(edge, int) and edge > 0 for edge in (width, height)) or width * height > MAX_TILE:
        raise _odd(name, f"its tiles are {untrusted.printable(width)} × {untrusted.printable(height)}")


def _orientation(info: dict[Any, Any]) -> int:
    """The EXIF orientation of a picture, 1 to 8; 1, upright, if its data say nothing, or are damaged."""
    exif, xmp = info.get("exif"), info.get("XML:com.adobe.xmp") or info.get("xmp")
    if exif is None and isinstance(profile := info.get("Raw profile type exif"), str):
        try:
            exif = bytes.fromhex("".join(profile.split("\n")[3:]))
        except ValueError:
            return 1
    tags = _directory(exif, "") if isinstance(exif, bytes) else {}
    if ORIENTATION in tags:
        return tags[ORIENTATION]
    found = re.search(rb'tiff:Orientation(="|>)([0-9])', xmp.encode() if isinstance(xmp, str) else xmp or b"")
    return int(found[2]) if found else 1


def _directory(exif: bytes, name: str) -> dict[int, int]:
    """The numbers in the first directory of EXIF data, by tag.

    Raises ImageError if its entries lie upon each other: Pillow copies each, and 64 kB can so become 300 MB.
    """
    exif = re.sub(b"^(Exif\x00\x00){1,2}", b"", exif)
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    numbers, copied = {}, 0
    try:
        if order is None:
            return {}
        (place,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, place)
        for start in range(place + 2, place + 2 + 12 * count, 12):
            tag, kind, length = struct.unpack_from(f"{order}HHI", exif, start)
            copied += min(UNITS.get(kind, 0) * length, len(exif))
            if length == 1 and kind in INTEGERS:
                (numbers[tag],) = struct.unpack_from(order + INTEGERS[kind], exif, start + 8)
    except struct.error:
        pass  # it ends early
    if name and copied > MAX_HEADER:
        raise _odd(name, "its EXIF data overlap")
    return numbers


def _from_array(values: NDArray[Any], name: str) -> "Picture":
    """A grey, grey and alpha, RGB or RGBA array as a Pillow image."""
    from PIL import Image

    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    if values.ndim != 2 and not (values.ndim == 3 and values.shape[2] in (2, 3, 4)):
        hint = "expected (height, width), or (height, width, channels) with 1 to 4 channels"
        raise ImageError(f"{name} is an array of shape {values.shape}", hint=hint)
    check_size((values.shape[1], values.shape[0]), name)
    return Image.fromarray(np.ascontiguousarray(to_bytes(values, name)))


def _odd(name: str, why: str) -> ImageError:
    return ImageError(f"{name} is no ordinary picture: {why}", hint=_RESAVE)


def _too_large(name: str, how_large: str, limit: int = MAX_PIXELS) -> ImageError:
    kind = "" if limit == MAX_PIXELS else ", the most that lenet takes of this kind"
    hint = "make it smaller first; a few hundred pixels along each edge are plenty"
    return ImageError(f"{name} is too large: {how_large} more than {limit / 1e6:g} megapixels{kind}", hint=hint)
