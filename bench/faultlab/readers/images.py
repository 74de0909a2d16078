"""Image files of every allowed format, from the file to the network's input."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image, ImageOps

from lenet.images import limits
from lenet.images.framing import FRAMINGS
from lenet.images.preprocess import GROUNDS, Preprocessing

Image.init()  # imports the plugins of all formats now, while branches are being counted

MAX_LENGTH = 2048
# Replaces lenet's own limits: a few bytes can decode to 16 megapixels, and such inputs would take most of the time.
MAX_PIXELS = 1 << 14
PNG = b"\x89PNG\r\n\x1a\n"
COMPRESSED = {b"IDAT": 0, b"fdAT": 4}  # chunks of PNG that are zlib, from which byte on
MARKERS = (
    b"IHDR PLTE tRNS IDAT IEND gAMA iCCP zTXt iTXt eXIf acTL fcTL Adobe JFIF Exif MPF GIF87a GIF89a NETSCAPE2.0 "
    b"RIFF WEBP VP8 VP8L VP8X ANIM ANMF ALPH BM II* II+ P1 P2 P3 P4 P5 P6 P7 Pf PF 65535"
)
BINARY = "ffd8 ffc0 ffc2 ffc4 ffd9 ffda ffdb ffdd ffe1 4d4d002a 457869660000 21f904 2c 3b 00000000 ffffffff"
WORDS = (*MARKERS.split(), *map(bytes.fromhex, BINARY.split()))
SIZE = (14, 12)  # of the seeds: an image in the network's own size is not resized, which is fast
PREPROCESSINGS = [
    Preprocessing(size, 0.3, 0.4, ground, framing)
    for size in (SIZE, (28, 28))
    for ground in GROUNDS
    for framing in FRAMINGS
]


def seeds() -> list[bytes]:
    """A ring in every format, and in every pixel type of the format."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    ring = (255 * (np.abs(np.hypot(y - 6.5, x - 5.5) - 4) < 1.5)).astype(np.uint8)
    grey = Image.fromarray(ring)
    colour = Image.merge("RGB", (grey, grey.transpose(Image.Transpose.FLIP_LEFT_RIGHT), grey))
    clear = colour.copy()
    clear.putalpha(grey)
    wide = Image.fromarray(ring.astype(np.uint16) * 257)
    real = Image.fromarray(ring.astype(np.float32) / 255)
    orientation = Image.Exif()
    orientation[0x0112] = 6
    forms: list[tuple[str, Image.Image, dict[str, Any]]] = [
        *(("PNG", grey.convert(mode), {}) for mode in ("1", "L", "LA", "P", "RGB", "RGBA")),
        *(("PNG", image, {}) for image in (wide, clear, clear.convert("P"))),
        ("PNG", grey.convert("P"), {"transparency": 0}),
        ("PNG", colour, {"exif": orientation}),
        ("PNG", grey, {"save_all": True, "append_images": [ImageOps.invert(grey)]}),
        *(("JPEG", image, {}) for image in (grey, colour, colour.convert("CMYK"))),
        ("JPEG", colour, {"progressive": True, "exif": orientation}),
        *(("BMP", image, {}) for image in (grey.convert("1"), grey, colour, clear)),
        *(("GIF", image, {}) for image in (grey, clear)),
        ("GIF", grey, {"save_all": True, "append_images": [ImageOps.invert(grey)]}),
        *(("WEBP", image, {"lossless": lossless}) for image in (grey, clear) for lossless in (False, True)),
        ("WEBP", colour, {"save_all": True, "append_images": [ImageOps.invert(colour)], "exif": orientation}),
        *(("TIFF", image, {}) for image in (grey.convert("1"), grey, wide, real, colour, clear, grey.convert("P"))),
        *(("TIFF", colour, {"compression": way}) for way in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")),
        ("TIFF", grey.convert("1"), {"compression": "group4"}),
        ("TIFF", colour.convert("CMYK"), {"exif": orientation}),
        *(("PPM", image, {}) for image in (grey.convert("1"), grey, wide, real, colour)),
    ]
    return [
        *(_saved(*form) for form in forms),
        b"P2\n3 2\n7\n0 1 2 3 4 7\n",
        b"P3\n2 2\n255\n9 9 9 0 255 0 9 9 9 1 2 3\n",
    ]


def read(content: bytes, folder: Path) -> None:
    """Read the input for one of several networks, which the input itself chooses."""
    path = folder / "image"
    path.write_bytes(content)
    with mock.patch.multiple(limits, MAX_PIXELS=MAX_PIXELS, MAX_WEBP_PIXELS=MAX_PIXELS, MAX_JPEG_PIXELS=4 * MAX_PIXELS):
        PREPROCESSINGS[zlib.crc32(content) % len(PREPROCESSINGS)].apply(path)


def mutated(content: bytes, mutate: Callable[[bytes], bytes], random: Random) -> bytes:
    """Mutate, in a PNG, mostly the content of one chunk, decompressed if needed, and correct its length and checksum."""
    chunks = _chunks(content)
    if not chunks or random.random() < 0.2:
        return mutate(content)
    number = random.randrange(len(chunks))
    kind, body = chunks[number]
    start = COMPRESSED.get(kind)
    if start is not None and random.random() < 0.8:
        try:
            raw = zlib.decompressobj().decompress(body[start:], 1 << 16)
            chunks[number] = kind, body[:start] + zlib.compress(mutate(raw))
        except zlib.error:
            chunks[number] = kind, mutate(body)
    else:
        match random.randrange(8):
            case 0:
                chunks.insert(number, (mutate(kind)[:4].ljust(4), body))
            case 1:
                chunks.insert(random.randrange(len(chunks)), chunks.pop(number))
            case _:
                chunks[number] = kind, mutate(body)
    return PNG + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def _chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and content of the complete chunks of a PNG; no chunks for any other file."""
    chunks: list[tuple[bytes, bytes]] = []
    start = len(PNG) if content.startswith(PNG) else len(content)
    while start + 12 <= len(content):
        length = int.from_bytes(content[start : start + 4], "big")
        chunks.append((content[start + 4 : start + 8], content[start + 8 : start + 8 + length]))
        start += 12 + length
    return chunks


def _saved(form: str, image: Image.Image, options: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()
