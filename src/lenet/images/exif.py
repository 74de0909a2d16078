"""EXIF data: the numbers of their first directory, and which way up an image is."""

import re
import struct
from typing import Any

from lenet.images.limits import MAX_HEADER, unusual

ORIENTATION = 0x0112
TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}  # bytes, by type
INTEGERS = {1: "B", 3: "H", 4: "I"}


def orientation(info: dict[Any, Any]) -> int:
    """Return the orientation of an image that Pillow has opened.

    Args:
        info: The image's `info`.

    Returns:
        1 to 8 as in EXIF; 1, upright, if it has none or the data are damaged.
    """
    exif, xmp = info.get("exif"), info.get("XML:com.adobe.xmp") or info.get("xmp")
    if exif is None and isinstance(profile := info.get("Raw profile type exif"), str):
        try:
            exif = bytes.fromhex("".join(profile.split("\n")[3:]))
        except ValueError:
            return 1
    tags = exif_numbers(exif, "") if isinstance(exif, bytes) else {}
    if ORIENTATION in tags:
        return tags[ORIENTATION]
    match = re.search(rb'tiff:Orientation(="|>)([0-9])', xmp.encode() if isinstance(xmp, str) else xmp or b"")
    return int(match[2]) if match else 1


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
        raise unusual(name, "its EXIF data overlap")
    return numbers
