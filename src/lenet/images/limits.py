"""The limits of image files: their size, and whatever Pillow and its libraries leave unbounded.

A file of a few kilobytes can claim a gigantic image, or be written so that a decoder needs hours or gigabytes for a small
one. So Pillow gets a file that can be read only so far, and first the chunks of a PNG, the segments and scans of a JPEG,
the frame of a GIF and the tiles of a TIFF are checked.
"""

import os
import re
import struct
from typing import TYPE_CHECKING, Any, BinaryIO

from lenet.errors import ImageError
from lenet.files import untrusted

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MAX_PIXELS = 16_000_000
MAX_EDGE = 65_535  # pixels, as in a JPEG; Pillow needs a pointer for every row
MAX_BYTES = 128 << 20  # of a file: 16 megapixels with four channels of 16 bits
MAX_HEADER = 4 << 20  # bytes read before the first pixel, and bytes of everything beside the pixels
MAX_CHUNKS = 100_000  # of a PNG; a chunk usually has 8 kB or more
MAX_SCANS = 64  # of a JPEG; a progressive one has about ten, and each covers the whole image
MAX_SEGMENTS = 10_000  # of a JPEG
MAX_JPEG_BYTES = 64 << 20
MAX_TILE = 4_000_000  # pixels of a TIFF's tile, which may be larger than the image
# Pillow knows many more formats, some of them poorly maintained.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
# Pillow's WebP decoder holds an image four times, and the file twice.
MAX_WEBP_PIXELS, MAX_WEBP_BYTES = 10_000_000, 16 << 20
MAX_PROGRESSIVE_CMYK_PIXELS = 12_000_000  # of a JPEG; its decoder needs twelve bytes for each
SLOW_CODECS, MAX_SLOW_PIXELS = {"ppm", "ppm_plain", "bmp_rle"}, 500_000  # decoded in Python, pixel by pixel
# TIFF's numbers for none, CCITT (3), LZW, JPEG, deflate (2) and PackBits.
COMPRESSIONS = {1, 2, 3, 4, 5, 7, 8, 32773, 32946}
TYPE_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
}  # bytes, by EXIF type
INTEGERS = {1: "B", 3: "H", 4: "I"}
COMPRESSION, TILE_WIDTH, TILE_HEIGHT = 0x0103, 0x0142, 0x0143
MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # of a JPEG's segment; scans contain other markers
RESAVE = "open it in another program and save it as PNG"


class LimitedFile:
    """A file of which `left` more bytes may be read; reading more raises ImageError."""

    def __init__(self, file: BinaryIO, left: int, name: str) -> None:
        self.file, self.left, self.name = file, left, name
        self.seek, self.tell, self.fileno = file.seek, file.tell, file.fileno

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes, or all."""
        content = self.file.read(self.left + 1 if size < 0 else min(size, self.left + 1))
        self.left -= len(content)
        if self.left < 0:
            raise ImageError(f"{self.name} has far more beside its pixels than an image needs", hint=RESAVE)
        return content


def check_file(file: BinaryIO, size: int, name: str) -> LimitedFile:
    """Check the structure of an image file before Pillow opens it.

    Args:
        file: The file, open for reading.
        size: Its size in bytes.
        name: What errors call it.

    Returns:
        The file for Pillow, of which only a header may be read.

    Raises:
        ImageError: It would take too long or too much memory to decode.
    """
    start = file.read(16)
    if start.startswith(b"\x89PNG"):
        _check_png(file, size, name)
    elif start.startswith(b"\xff\xd8"):
        _check_jpeg(file, name)
    elif start.startswith(b"GIF8"):
        _check_gif(file, name)
    is_webp = start[:4] == b"RIFF" and start[8:12] == b"WEBP"
    # Pillow reads all of a WebP first, and the comments of a PPM byte by byte.
    limit = MAX_WEBP_BYTES if is_webp else 1 << 16 if start.startswith(b"P") else MAX_HEADER
    file.seek(0)
    return LimitedFile(file, limit, name)


def check_header(image: "ImageFile", name: str) -> None:
    """Check an image whose header Pillow has read, and whose pixels are not decoded yet. Raises ImageError."""
    check_size(image.size, name, MAX_WEBP_PIXELS if image.format == "WEBP" else MAX_PIXELS)
    if any(tile[0] in SLOW_CODECS for tile in image.tile):
        check_size(image.size, name, MAX_SLOW_PIXELS)
    if image.mode == "CMYK" and image.info.get("progressive"):
        check_size(image.size, name, MAX_PROGRESSIVE_CMYK_PIXELS)
    if image.format == "TIFF":
        _check_tiff(image, name)


def check_size(size: tuple[int, int], name: str, limit: int = MAX_PIXELS) -> None:
    """Check an image's size, (width, height): it needs pixels, and not too many. Raises ImageError."""
    width, height = size
    if width < 1 or height < 1:
        raise ImageError(f"{name} has no pixels: it is {width} × {height}")
    if max(width, height) > MAX_EDGE:
        raise ImageError(f"{name} is too long: {width:,} × {height:,} pixels", hint=f"at most {MAX_EDGE:,} in a row")
    if width * height > limit:
        raise too_large(name, f"{width:,} × {height:,} pixels,", limit)


def _check_gif(file: BinaryIO, name: str) -> None:
    """Check the size of a GIF's first frame, for which Pillow allocates memory as it opens the file.

    A frame may be larger than the header says the image is; the image then grows.
    """
    file.seek(6)
    width, height, flags = struct.unpack("<HHB", file.read(5))
    file.seek(13 + ((6 << (flags & 7)) if flags & 128 else 0))  # after the colours
    while (kind := file.read(1)) not in (b"", b";", b",") and file.tell() < MAX_HEADER:
        if kind == b"!":
            file.seek(1, os.SEEK_CUR)
            while (length := file.read(1)) not in (b"", b"\0"):
                file.seek(length[0], os.SEEK_CUR)
    if kind == b",":
        left, top, across, down = struct.unpack("<4H", file.read(8))
        check_size((max(width, left + across), max(height, top + down)), name, MAX_PIXELS)


def _check_png(file: BinaryIO, size: int, name: str) -> None:
    """Check that a PNG has not too many chunks, and not too much in those that hold no pixels."""
    position, num_beside = 8, 0
    for _ in range(MAX_CHUNKS):
        file.seek(position)
        head = file.read(8)
        if len(head) < 8 or position > size:
            return
        length = int.from_bytes(head[:4], "big")
        num_beside += 0 if head[4:] in (b"IDAT", b"fdAT") else length
        if num_beside > MAX_HEADER:
            break
        position += 12 + length
    raise _unusual(name, "it has too many chunks, or too much in chunks without pixels")


def _check_jpeg(file: BinaryIO, name: str) -> None:
    """Check that a JPEG has not too many segments and scans, and no tables that take much memory to read."""
    file.seek(0)
    content = file.read(MAX_JPEG_BYTES + 1)
    if len(content) > MAX_JPEG_BYTES:
        raise _unusual(name, f"it has more than {MAX_JPEG_BYTES:,} bytes")
    position, scans, exif = 2, 0, b""
    for _ in range(MAX_SEGMENTS):
        marker = MARKER.search(content, position)
        if marker is None or marker[1] == b"\xd9":
            return
        position = marker.end()
        if marker[1] in (b"\x01", b"\xd8"):  # these have no length
            continue
        length = max(2, int.from_bytes(content[position : position + 2], "big"))
        segment = content[position + 2 : position + length]
        position += length
        scans += marker[1] == b"\xda"
        if marker[1] == b"\xe1" and segment.startswith(b"Exif\0\0"):
            exif += segment[6:]
            exif_numbers(exif, name)
        if marker[1] == b"\xe2" and segment.startswith(b"MPF\0"):
            exif_numbers(segment[4:], name)
        if scans > MAX_SCANS or len(exif) > MAX_HEADER:
            break
    raise _unusual(name, "it has too many segments or scans")


def _check_tiff(image: Any, name: str) -> None:
    """Check that a TIFF has a common compression, and tiles of a sensible size."""
    tags = image.tag_v2
    if (kind := tags.get(COMPRESSION, 1)) not in COMPRESSIONS:
        raise _unusual(name, f"its compression is number {untrusted.printable(kind)}")
    if kind == 7:
        image.fp.seek(0)
        image.fp.left = MAX_BYTES
        if any(frame in image.fp.read() for frame in (b"\xff\xc2", b"\xff\xca")):
            raise _unusual(name, "it holds a progressive JPEG")
    width, height = tags.get(TILE_WIDTH, 1), tags.get(TILE_HEIGHT, 1)
    if not all(isinstance(edge, int) and edge > 0 for edge in (width, height)) or width * height > MAX_TILE:
        raise _unusual(name, f"its tiles are {untrusted.printable(width)} × {untrusted.printable(height)}")


def exif_numbers(exif: bytes, name: str) -> dict[int, int]:
    """Read the numbers in the first directory of EXIF data.

    Args:
        exif: The data; damaged ones are read as far as possible.
        name: The file, for an error; without it, nothing is checked.

    Returns:
        The numbers, by tag.

    Raises:
        ImageError: The entries overlap: Pillow copies each, so 64 kB can become 300 MB.
    """
    exif = re.sub(b"^(Exif\x00\x00){1,2}", b"", exif)
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    numbers, num_copied = {}, 0
    try:
        if order is None:
            return {}
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        for place in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, length = struct.unpack_from(f"{order}HHI", exif, place)
            num_copied += min(TYPE_SIZES.get(kind, 0) * length, len(exif))
            if length == 1 and kind in INTEGERS:
                (numbers[tag],) = struct.unpack_from(order + INTEGERS[kind], exif, place + 8)
    except struct.error:
        pass  # the data end early
    if name and num_copied > MAX_HEADER:
        raise _unusual(name, "its EXIF data overlap")
    return numbers


def _unusual(name: str, why: str) -> ImageError:
    return ImageError(f"{name} is an unusual image: {why}", hint=RESAVE)


def too_large(name: str, how_large: str, limit: int = MAX_PIXELS) -> ImageError:
    """The error for an image of more than `limit` pixels."""
    kind = "" if limit == MAX_PIXELS else ", the most that lenet takes of this kind"
    hint = "make it smaller first; a few hundred pixels along each edge are plenty"
    return ImageError(f"{name} is too large: {how_large} more than {limit / 1e6:g} megapixels{kind}", hint=hint)
