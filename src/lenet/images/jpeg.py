"""Small JPEGs of the usual kind, decoded directly: Pillow's reader of headers takes longer than decoding 28×28 pixels."""

import functools
import re
import struct
from typing import NamedTuple

import numpy as np

from lenet.images.pixels import CHUNK, Pixels, without_colours
from lenet.images.raster import factor

START, FRAMES, SCAN, END = b"\xff\xd8", (b"\xc0", b"\xc1"), b"\xff\xda", b"\xd9"
# Tables, the frame of one scan over all pixels by Huffman codes, comments, and what programs add.
USUAL = re.compile(rb"\xff([\xc0\xc1\xc4\xdb\xdd\xe0-\xef\xfe])")
MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # in the pixels' codes only the end
MODES = {1: "L", 3: "RGB"}  # of Pillow, by the number of components
MAX_HEADER = 4096  # bytes
SCALES = (8, 4, 2, 1)  # by which the decoder divides both edges on the way, from the largest


class Header(NamedTuple):
    """What stands before the pixels.

    Args:
        mode: Pillow's.
        size: Width and height.
    """

    mode: str
    size: tuple[int, int]


def small(content: bytes, enough: int) -> Pixels | None:
    """Decode a small JPEG of the usual kind.

    Args:
        content: The file's content.
        enough: Pixels of the shorter edge that are enough.

    Returns:
        uint8 (height, width), or (height, width, 3) where the image has colours; None if it is anything else: several scans,
        an orientation, so large that it is reduced after decoding too, damaged.
    """
    if not content.startswith(START):
        return None
    stop = content.find(SCAN, 0, MAX_HEADER)
    header = _usual(content[:stop]) if stop > 0 else None
    if header is None:
        return None
    scale = _scale(header.size, enough)
    width, height = (-(-edge // scale) for edge in header.size)
    if factor((width, height), enough) > 1:
        return None
    codes = stop + 2 + int.from_bytes(content[stop + 2 : stop + 4], "big")
    following = MARKER.search(content, codes)
    if following is not None and following[1] != END:
        return None
    from PIL import Image

    try:
        image = Image.frombytes(header.mode, (width, height), content, "jpeg", header.mode, "", scale, 0)
    except (ValueError, OSError):
        return None
    shape = (height, width) if header.mode == "L" else (height, width, 3)
    return without_colours(np.frombuffer(image.tobytes(), np.uint8).reshape(shape))


def _scale(size: tuple[int, int], enough: int) -> int:
    """The scale at which Pillow decodes a JPEG that `decode` asks for a draft."""
    divisor = factor(size, enough)
    wanted = next(scale for scale in SCALES if scale <= divisor)
    reached = min(edge // max(1, edge // wanted) for edge in size)
    return next(scale for scale in SCALES if scale <= reached)


@functools.lru_cache(maxsize=64)  # the files of a data set often begin alike
def _usual(start: bytes) -> Header | None:
    """The header of a JPEG, from what stands before its first scan, if it is of the usual kind."""
    position, header = 2, None
    while position < len(start):
        marker = USUAL.match(start, position)
        if marker is None:
            return None
        length = int.from_bytes(start[position + 2 : position + 4], "big")
        segment = start[position + 4 : position + 2 + length]
        if marker[1] in FRAMES:
            if header is not None or len(segment) < 6:
                return None
            bits, height, width, num_components = struct.unpack(">BHHB", segment[:6])
            mode = MODES.get(num_components)
            if bits != 8 or mode is None or not 0 < 3 * width * height <= CHUNK:
                return None
            header = Header(mode, (width, height))
        if segment.startswith((b"Exif\0", b"MPF\0")):
            return None
        position += 2 + length
    return header if position == len(start) else None
