"""What a picture file may ask of the decoder: its size, and what Pillow and its libraries leave unbounded.

A few kilobytes can claim a gigantic picture, or be written so that a decoder needs hours or gigabytes for a small one. So
a file is read through a meter, and looked at first are the chunks of a PNG, the segments and scans of a JPEG, the frame of
a GIF, the tiles of a TIFF.
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
MAX_HEADER = 4 << 20  # bytes read before the first pixel, and bytes of anything that is no pixel
MAX_CHUNKS = 100_000  # of a PNG; usual are 8 kB and more in each
MAX_SCANS = 64  # of a JPEG; a progressive one has about ten, and each goes over the whole picture
MAX_SEGMENTS = 10_000  # of a JPEG
JPEG_BYTES = 64 << 20
MAX_TILE = 4_000_000  # pixels of a TIFF's tile, which may be larger than the picture
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
COMPRESSION, TILE_WIDTH, TILE_HEIGHT = 0x0103, 0x0142, 0x0143
MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # of a JPEG's segment, and not what stands between scans' numbers
_RESAVE = "open it in another program and save it as PNG"


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


def checked(file: BinaryIO, size: int, name: str) -> Metered:
    """A picture file of `size` bytes, looked at before Pillow sees it, from which no more than the header may be read."""
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
    file.seek(0)
    return Metered(file, budget, name)


def check_opened(image: "ImageFile", name: str) -> None:
    """Raises ImageError for a picture that Pillow has opened, but that is too large to be decoded."""
    check_size(image.size, name, WEBP_PIXELS if image.format == "WEBP" else MAX_PIXELS)
    if any(tile[0] in SLOW_CODECS for tile in image.tile):
        check_size(image.size, name, SLOW_PIXELS)
    if image.mode == "CMYK" and image.info.get("progressive"):
        check_size(image.size, name, PROGRESSIVE_CMYK_PIXELS)
    if image.format == "TIFF":
        _check_tiff(image, name)


def check_size(size: tuple[int, int], name: str, limit: int = MAX_PIXELS) -> None:
    """Raises ImageError unless a picture of that width and height has pixels, and not too many."""
    width, height = size
    if width < 1 or height < 1:
        raise ImageError(f"{name} has no pixels: it is {width} × {height}")
    if max(width, height) > MAX_EDGE:
        raise ImageError(f"{name} is too long: {width:,} × {height:,} pixels", hint=f"at most {MAX_EDGE:,} in a row")
    if width * height > limit:
        raise too_large(name, f"{width:,} × {height:,} pixels,", limit)


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
            exif_numbers(exif, name)
        if marker[1] == b"\xe2" and segment.startswith(b"MPF\0"):
            exif_numbers(segment[4:], name)
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


def exif_numbers(exif: bytes, name: str) -> dict[int, int]:
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


def _odd(name: str, why: str) -> ImageError:
    return ImageError(f"{name} is no ordinary picture: {why}", hint=_RESAVE)


def too_large(name: str, how_large: str, limit: int = MAX_PIXELS) -> ImageError:
    kind = "" if limit == MAX_PIXELS else ", the most that lenet takes of this kind"
    hint = "make it smaller first; a few hundred pixels along each edge are plenty"
    return ImageError(f"{name} is too large: {how_large} more than {limit / 1e6:g} megapixels{kind}", hint=hint)
