"""Small images without Pillow's way through a file: grey or RGB PNGs of the network's own size, and IDX files.

These are what a program sends that has its images already. Everything else, and whatever is unusual, is decoded by
`lenet.images`, with its limits and its messages.
"""

import struct
import zlib

import numpy as np

from lenet.images.pixels import Pixels

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
MODES = {1: ("L", 0), 3: ("RGB", 2)}  # by the network's channels: Pillow's mode, and PNG's type of colour
IDX = b"\0\0\x08"  # of bytes; the number of dimensions follows


def small_png(body: bytes, shape: tuple[int, ...]) -> Pixels | None:
    """Decode a plain PNG.

    Args:
        body: the file.
        shape: (height, width), or (height, width, 3) for a network that takes colours.

    Returns:
        uint8 of that shape; None unless it is a PNG of that size and colour, with 8 bits, without further chunks, whole.
    """
    if body[:16] != PNG:
        return None
    mode, colour_type = MODES[3 if len(shape) == 3 else 1]
    if body[16:29] != struct.pack(">IIBBBBB", shape[1], shape[0], 8, colour_type, 0, 0, 0):
        return None
    position, parts = 8, []
    while True:
        length = int.from_bytes(body[position : position + 4], "big")
        kind, stop = body[position + 4 : position + 8], position + 8 + length
        if zlib.crc32(body[position + 4 : stop]) != int.from_bytes(body[stop : stop + 4], "big"):
            return None
        if kind == b"IDAT":
            parts.append(body[position + 8 : stop])
        elif kind == b"IEND":
            break
        elif position != 8:
            return None
        position = stop + 4
    from PIL import Image

    try:
        image = Image.frombytes(mode, (shape[1], shape[0]), b"".join(parts), "zip", mode, 0)
    except (ValueError, OSError):
        return None
    return np.frombuffer(image.tobytes(), np.uint8).reshape(shape)


def is_idx(body: bytes) -> bool:
    """Whether a body begins as an IDX file of images does."""
    return body[:3] == IDX and body[3:4] in (b"\x02", b"\x03", b"\x04")


def idx_images(body: bytes) -> Pixels | None:
    """Return the images of an IDX file, uint8 (N, height, width) or (N, height, width, 3); None if its size is wrong."""
    num_axes = body[3]
    sizes = struct.unpack_from(f">{num_axes}I", body, 4) if len(body) >= 4 + 4 * num_axes else ()
    count = 1
    for size in sizes:
        count *= size
    if not sizes or count == 0 or len(body) != 4 + 4 * num_axes + count or (num_axes == 4 and sizes[3] != 3):
        return None
    shape = (1, *sizes) if num_axes == 2 else sizes
    return np.frombuffer(body, np.uint8, offset=4 + 4 * num_axes).reshape(shape)
