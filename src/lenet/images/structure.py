"""The structure of an image file, checked before Pillow opens it.

A file of a few kilobytes can be written so that a decoder needs hours or gigabytes. So Pillow gets a file that can be read
only so far, and first the chunks of a PNG, the segments and scans of a JPEG and the frame of a GIF are checked.
"""

import io
import os
import re
import struct
from dataclasses import dataclass
from typing import BinaryIO

from lenet.errors import ImageError
from lenet.files import signatures
from lenet.images.exif import exif_numbers
from lenet.images.limits import (
    FORMATS,
    MAX_BYTES,
    MAX_CHUNKS,
    MAX_COEFFICIENTS,
    MAX_HEADER,
    MAX_PIXELS,
    MAX_SCANS,
    MAX_SEGMENTS,
    MAX_WEBP_BYTES,
    RESAVE,
    check_size,
    unusual,
)

READ = {"a PNG image", "a JPEG image", "a GIF image", "a WebP image"}
HINTS = {
    "": "get it again",
    "a web page": "the page was saved instead of the image: open it in a browser, and save the image itself",
    "a video": "save one frame of it as PNG or JPEG",
    "a zip file": "unpack it first",
    "a gzip file": "unpack it first",
    "a pointer of Git LFS, without the file itself": "git lfs pull",
    "a NumPy array": "in Python: lenet.predict(run, numpy.load(path))",
    "a PDF document": "save the page as PNG or JPEG",
}
START = 1 << 20  # bytes that are read at once; most files are smaller
MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # of a JPEG's segment; scans contain other markers
# The markers of a JPEG's frame, which says its size, and those of frames that are coded in several scans over all pixels.
FRAMES = tuple(bytes([0xC0 + number]) for number in range(16) if number not in (4, 8, 12))
HELD_WHOLE = (b"\xc2", b"\xc6", b"\xca", b"\xce")


@dataclass(frozen=True)
class Frame:
    """What a JPEG's frame says.

    Args:
        is_held_whole: Whether a decoder holds all its coefficients, as it is progressive.
        height: Of the image, in pixels.
        width: The same.
        samplings: For each component a byte, with its blocks of 8 × 8 across and down in four bits each.
    """

    is_held_whole: bool
    height: int
    width: int
    samplings: bytes

    def num_bytes(self) -> int:
        """The bytes of all coefficients: 2 each, 64 a block, in whole units of the largest sampling."""
        blocks = [(sampling >> 4, sampling & 15) for sampling in self.samplings]
        across, down = (max([1, *sampling]) for sampling in zip(*blocks, strict=True)) if blocks else (1, 1)
        units = -(-self.width // (8 * across)) * -(-self.height // (8 * down))
        return 128 * units * sum(across * down for across, down in blocks)


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


def check_kind(start: bytes, name: str) -> None:
    """Raise ImageError if a file is empty, or known to be something else than an image that lenet reads.

    Args:
        start: Its first bytes.
        name: What errors call it.
    """
    kind = signatures.describe(start)
    if not start or (kind and kind not in READ):
        what = "it is empty" if not start else f"it is {kind}"
        hint = HINTS.get(kind or "", f"known formats: {', '.join(FORMATS)}; save it as PNG or JPEG")
        raise ImageError(f"{name} is not an image that lenet can read: {what}", hint=hint)


def check_file(file: BinaryIO, size: int, name: str) -> BinaryIO | LimitedFile:
    """Check the structure of an image file before Pillow opens it.

    Args:
        file: The file, open for reading, at its beginning.
        size: Its size in bytes.
        name: What errors call it.

    Returns:
        The file for Pillow, of which only a header may be read; or a small JPEG's content, which is read once.

    Raises:
        ImageError: It is no image, or would take too long or too much memory to decode.
    """
    start = file.read(START)
    check_kind(start, name)
    if start.startswith(b"\xff\xd8"):
        file.seek(0)
        content = start if size < START else file.read(MAX_BYTES)
        _check_jpeg(content, name)
        if len(content) <= MAX_HEADER:
            return io.BytesIO(content)
    elif start.startswith(b"\x89PNG"):
        _check_png(file, size, name)
    elif start.startswith(b"GIF8"):
        _check_gif(file, name)
    limit = MAX_HEADER
    if (start[:4] == b"RIFF" and start[8:12] == b"WEBP") or start[4:8] == b"ftyp":
        limit = MAX_WEBP_BYTES  # Pillow reads all of it first, as of AVIF
    elif start.startswith(b"P"):
        limit = 1 << 16  # the comments of a PPM are read byte by byte
    file.seek(0)
    return LimitedFile(file, limit, name)


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
    raise unusual(name, "it has too many chunks, or too much in chunks without pixels")


def _check_jpeg(content: bytes, name: str) -> None:
    """Check a JPEG: not too many segments and scans, no tables that take much memory to read, and not too large."""
    position, scans, exif, frame = 2, 0, b"", None
    for _ in range(MAX_SEGMENTS):
        marker = MARKER.search(content, position)
        if marker is None or marker[1] == b"\xd9":
            if frame is not None:
                _check_frame(frame, scans, name)
            return
        position = marker.end()
        if marker[1] in (b"\x01", b"\xd8"):  # these have no length
            continue
        length = max(2, int.from_bytes(content[position : position + 2], "big"))
        segment = content[position + 2 : position + length]
        position += length
        scans += marker[1] == b"\xda"
        if marker[1] in FRAMES and frame is None and len(segment) >= 6:
            height, width = struct.unpack(">xHH", segment[:5])
            frame = Frame(marker[1] in HELD_WHOLE, height, width, segment[7::3])
        if marker[1] == b"\xe1" and segment.startswith(b"Exif\0\0"):
            exif += segment[6:]
            exif_numbers(exif, name)
        if marker[1] == b"\xe2" and segment.startswith(b"MPF\0"):
            exif_numbers(segment[4:], name)
        if scans > MAX_SCANS or len(exif) > MAX_HEADER:
            break
    raise unusual(name, "it has too many segments or scans")


def _check_frame(frame: Frame, num_scans: int, name: str) -> None:
    """Check how much a decoder holds in memory: of one scan a few rows, of several all coefficients."""
    if not (frame.is_held_whole or num_scans > 1) or frame.num_bytes() <= MAX_COEFFICIENTS:
        return
    raise ImageError(
        f"{name} is too large: {frame.width:,} × {frame.height:,} pixels in a progressive JPEG, whose decoder holds "
        f"{frame.num_bytes() / 1e6:,.0f} MB; expected at most {MAX_COEFFICIENTS / 1e6:g} MB",
        hint="save it as a JPEG that is not progressive, or make it smaller first",
    )
