"""PNGs that are too large for Pillow to hold, decoded some rows at a time.

A filter of a row refers to the row above. So each strip is made a PNG of its own, whose first row is the last one of the
strip before, without a filter; Pillow decodes it.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from lenet.images.limits import MAX_STRIPS
from lenet.images.raster import Raster

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage
    from PIL.ImageFile import ImageFile

COLOUR_TYPES = {"L": (0, 1), "RGB": (2, 3), "LA": (4, 2), "RGBA": (6, 4)}  # PNG's number, and bytes a pixel
BLOCK = 1 << 16  # bytes of the file that are read at once


def has_strips(image: "ImageFile") -> bool:
    """Whether a PNG that Pillow has opened can be decoded in strips: 8 bits, not interlaced, no transparent colour."""
    if image.format != "PNG" or image.mode not in COLOUR_TYPES or len(image.tile) != 1:
        return False
    num_bytes = image.height * (1 + image.width * COLOUR_TYPES[image.mode][1])
    is_plain = image.tile[0][3] == image.mode and not {"interlace", "transparency"} & image.info.keys()
    return is_plain and num_bytes <= MAX_STRIPS


def raster(file: BinaryIO, image: "ImageFile") -> Raster:
    """The rows of a PNG, which must be taken in their order.

    Args:
        file: The file.
        image: The PNG as Pillow has opened it.
    """
    return Raster(image.size, image.mode, Strips(file, image.size, image.mode).rows, image.mode in ("LA", "RGBA"))


class Strips:
    """Decodes the rows of a PNG one after another."""

    def __init__(self, file: BinaryIO, size: tuple[int, int], mode: str) -> None:
        self.width, self.mode = size[0], mode
        self.colour_type, num_bytes = COLOUR_TYPES[mode]
        self.last = bytes(1 + num_bytes * self.width)  # the row above, after the number of its filter, which is none
        self.compressed = _compressed(file)
        self.unpacker = zlib.decompressobj()

    def rows(self, start: int, stop: int) -> "PillowImage":
        """Decode the next rows; only their number counts."""
        from PIL import Image

        filtered = self.last + self._unpacked((stop - start) * len(self.last))
        header = struct.pack(">IIBBBBB", self.width, stop - start + 1, 8, self.colour_type, 0, 0, 0)
        parts = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered, 0)), (b"IEND", b""))
        content = b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in parts
        )
        with Image.open(io.BytesIO(b"\x89PNG\r\n\x1a\n" + content), formats=("PNG",)) as image:
            strip = image.crop((0, 1, self.width, image.height))
        self.last = b"\0" + strip.crop((0, strip.height - 1, self.width, strip.height)).tobytes()
        return strip

    def _unpacked(self, count: int) -> bytes:
        """The next bytes of the filtered rows; raises EOFError if there are no more."""
        parts: list[bytes] = []
        while count:
            part = self.unpacker.decompress(self.unpacker.unconsumed_tail, count)
            if not part:
                compressed = next(self.compressed, b"")
                if not compressed:
                    raise EOFError("the pixels end early")
                part = self.unpacker.decompress(compressed, count)
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


def _compressed(file: BinaryIO) -> Iterator[bytes]:
    """The content of a PNG's IDAT chunks, in blocks."""
    file.seek(8)
    while len(head := file.read(8)) == 8 and head[4:] != b"IEND":
        left = int.from_bytes(head[:4], "big")
        while left and head[4:] == b"IDAT":
            block = file.read(min(left, BLOCK))
            if not block:
                return
            yield block
            left -= len(block)
        file.seek(left + 4, io.SEEK_CUR)
