"""Small images without Pillow's way through a file: grey or RGB PNGs of the network's own size, and IDX files.

These are what a program sends that has its images already. Everything else, and whatever is unusual, is decoded by
`lenet.images`, with its limits and its messages.
"""

import struct
import zlib

import numpy as np

from lenet.images.pixels import Pixels

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
IDX = b"\0\0\x08"  # of bytes; the number of dimensions follows


def filtered_rows(body: bytes, shape: tuple[int, ...]) -> bytes | None:
    """Take the rows out of a plain PNG, each with the number of its filter before it.

    Args:
        body: the file.
        shape: (height, width), or (height, width, 3) for a network that takes colours.

    Returns:
        The rows; None unless it is a whole PNG of that size and colour, with 8 bits, without further chunks.
    """
    if body[:16] != PNG:
        return None
    height, length = shape[0], shape[1] * (3 if len(shape) == 3 else 1) + 1
    if body[16:29] != struct.pack(">IIBBBBB", shape[1], height, 8, 2 if len(shape) == 3 else 0, 0, 0, 0):
        return None
    position, parts = 8, []
    while True:
        size = int.from_bytes(body[position : position + 4], "big")
        kind, stop = body[position + 4 : position + 8], position + 8 + size
        if zlib.crc32(body[position + 4 : stop]) != int.from_bytes(body[stop : stop + 4], "big"):
            return None
        if kind == b"IDAT":
            parts.append(body[position + 8 : stop])
        elif kind == b"IEND":
            break
        elif position != 8:
            return None
        position = stop + 4
    unpacker = zlib.decompressobj()
    try:
        rows = unpacker.decompress(b"".join(parts), height * length + 1)
    except zlib.error:
        return None
    return rows if len(rows) == height * length and unpacker.eof else None


def unfiltered(images: list[bytes], shape: tuple[int, ...]) -> Pixels:
    """Decode the rows of several images with one call of Pillow: as one high image, with a black row between them.

    Args:
        images: from `filtered_rows`.
        shape: of each.

    Returns:
        uint8 (N, *shape).

    Raises:
        ValueError: a filter has a number that PNG does not have.
    """
    from PIL import Image

    mode, num_channels = ("RGB", 3) if len(shape) == 3 else ("L", 1)
    black = bytes(
        shape[1] * num_channels + 1
    )  # the row above the next image: filters count what is above an image as 0
    content = zlib.compress(b"".join(part for image in images for part in (image, black)), 0)
    size = (shape[1], len(images) * (shape[0] + 1))
    try:
        decoded = Image.frombytes(mode, size, content, "zip", mode, 0)
    except OSError as error:
        raise ValueError(str(error)) from error
    pixels = np.frombuffer(decoded.tobytes(), np.uint8).reshape(len(images), shape[0] + 1, *shape[1:])
    return pixels[:, :-1]


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
