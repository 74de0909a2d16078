"""What kind of file something is, by its first bytes."""

import bz2
import json
import re
import zlib
from pathlib import PurePosixPath

from lenet.data.own.listing import Files
from lenet.errors import DataError

HEAD = 1 << 16  # bytes; a line of Kaggle's CSV has 3,000, one of 128×128 pixels in three colours 200,000
MAX_OTHERS = 1000  # files that are no images, of which the kind is found out
MAGIC = {
    b"\x93NUMPY": "npy",
    b"PAR1": "parquet",
    b"MATLAB 5.0 MAT-file": "mat",
    b"MATLAB 7.3 MAT-file": "hdf5",
    b"\x89HDF\r\n": "hdf5",
    b"ARROW1": "arrow",
    b"%PDF": "pdf",
    b"\xfd7zXZ\0": "packed",
    b"\x28\xb5\x2f\xfd": "packed",  # zstd
    b"7z\xbc\xaf'\x1c": "packed",
    b"Rar!": "packed",
}
IMAGE = re.compile(
    rb"\x89PNG|\xff\xd8\xff|GIF8|BM.{4}\0{4}|RIFF.{4}WEBP|II\*\0|MM\0\*|.{4}ftyp(?:heic|mif1|avif)", re.S
)
IDX_TYPES = (0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E)
PROMISING = {
    *(
        ".csv",
        ".tsv",
        ".jsonl",
        ".json",
        ".txt",
        ".npz",
        ".npy",
        ".mat",
        ".parquet",
        ".gz",
        ".bz2",
        ".zip",
        ".tar",
        ".tgz",
    ),
    *("", ".idx", ".idx1-ubyte", ".idx3-ubyte", ".idx2-int"),
}
TEXT_CONTROLS = {9, 10, 13}


def head(files: Files, name: str) -> bytes:
    """Read the first bytes of a file, unpacked if it is gzip or bzip2; raises DataError."""
    start = files.head(name, HEAD)
    try:
        if start.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(31).decompress(start, HEAD)
        if start.startswith(b"BZh"):
            return bz2.BZ2Decompressor().decompress(start, HEAD)
    except (zlib.error, OSError) as error:
        raise DataError(f"{name} is damaged: {error}", hint="get the file again") from error
    return start


def begins_like_image(files: Files, name: str) -> bool:
    """Return whether a file begins as images do; one that cannot be read does not."""
    try:
        return IMAGE.match(files.head(name, 16)) is not None
    except DataError:
        return False


def kind(start: bytes) -> str:
    """Return the kind of a file that begins with `start`, such as "npz"; "unknown" if it is none that lenet knows."""
    for magic, name in MAGIC.items():
        if start.startswith(magic):
            return name
    if start.startswith((b"PK\3\4", b"PK\5\6")):
        member = start[30 : 30 + int.from_bytes(start[26:28], "little")]
        if member == b"[Content_Types].xml":
            return "office"
        return "npz" if member.endswith(b".npy") else "pickle" if member.endswith(b"data.pkl") else "zip"
    if start[257:262] == b"ustar":
        return "tar"
    if start[:2] == b"\0\0" and len(start) >= 8 and start[2] in IDX_TYPES and 1 <= start[3] <= 5:
        return "idx"
    if start[:1] == b"\x80" and start[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        return "pickle"
    return _text_kind(start)


def _text_kind(start: bytes) -> str:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "table"
    if not start or any(byte < 32 and byte not in TEXT_CONTROLS for byte in set(start)):
        return "unknown"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:14].lower().startswith((b"<!doctype html", b"<html")):
        return "html"
    if not text.startswith((b"{", b"[")):
        return "table"
    try:
        is_line = isinstance(json.loads(text.split(b"\n", 1)[0]), dict)
    except (ValueError, RecursionError):
        is_line = False
    return "jsonl" if is_line and b"\n" in text.strip() else "json"


def promising(names: list[str]) -> list[str]:
    """Sort names so that those come first that are likely to hold images or labels."""
    return sorted(names, key=lambda name: (PurePosixPath(name).suffix.lower() not in PROMISING, name.count("/"), name))


def kinds(files: Files, names: list[str]) -> dict[str, list[str]]:
    """Group files by their kind.

    Args:
        files: A folder or an archive.
        names: Some of its files; at most MAX_OTHERS are looked at.

    Returns:
        Names by kind.
    """
    groups: dict[str, list[str]] = {}
    for name in names[:MAX_OTHERS]:
        try:
            groups.setdefault(kind(head(files, name)), []).append(name)
        except DataError:
            groups.setdefault("unreadable", []).append(name)
    return groups
