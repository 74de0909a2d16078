"""What a file is, judging by its first bytes: for messages about files that are not what was expected."""

import re

SIGNATURES = (
    (b"PK\x03\x04", "a zip file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"BZh", "a bzip2 file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z file"),
    (b"Rar!\x1a\x07", "a RAR file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"PAR1", "a Parquet file"),
    (b"\x89HDF\r\n", "an HDF5 file"),
    (b"MATLAB 5.0", "a MATLAB file"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"8BPS", "a Photoshop image"),
    (b"\0\0\1\0", "an icon"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"<svg", "an SVG drawing"),
    (b"\x1a\x45\xdf\xa3", "a video"),
    (b"%PDF-", "a PDF document"),
    (b"version https://git-lfs", "a pointer of Git LFS, without the file itself"),
)
FURTHER = {b"AVI ": "a video", b"WAVE": "a sound", b"WEBP": "a WebP image"}  # after RIFF and four bytes
VIDEOS = (b"isom", b"iso2", b"iso5", b"mp41", b"mp42", b"M4V ", b"qt  ", b"3gp4", b"3gp5", b"avc1", b"dash")
ONNX = re.compile(rb"\x08[\x01-\x1f]\x12[\x01-\x7f][ -~]{3}")  # the version of its format, and who made it
MARKUP = (b"<!doctype html", b"<html", b"<head", b"<script", b"<body")


def describe(content: bytes | bytearray) -> str | None:
    """Return in words what a content is, such as "a web page"; None if its first bytes do not tell.

    Args:
        content: the content, or at least its first 200 bytes.
    """
    for signature, what in SIGNATURES:
        if content.startswith(signature):
            return what
    if ONNX.match(content):
        return "an ONNX network"
    if content.startswith(b"RIFF") and bytes(content[8:12]) in FURTHER:
        return FURTHER[bytes(content[8:12])]
    if content[4:8] == b"ftyp" and content[8:12] in VIDEOS:
        return "a video"
    start = bytes(content[:200]).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(MARKUP):
        return "a web page"
    if b"<svg" in start:
        return "an SVG drawing"
    return "an XML document" if start.startswith((b"<?xml", b"<error")) else None
