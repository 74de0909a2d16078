import struct

import pytest

from lenet.files.signatures import describe


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<!DOCTYPE html><title>404</title>", "a web page"),
        (b"\xef\xbb\xbf \n<HTML><body>", "a web page"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'>", "an SVG drawing"),
        (b"<?xml version='1.0'?><Error>AccessDenied</Error>", "an XML document"),
        (struct.pack(">I", 24) + b"ftypmp42", "a video"),
        (struct.pack(">I", 24) + b"ftypqt  ", "a video"),
        (b"RIFF\0\0\0\0AVI LIST", "a video"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a WebP image"),
        (b"GIF89a", "a GIF image"),
        (b"PK\x03\x04", "a zip file"),
        (b"%PDF-1.4", "a PDF document"),
        (b"Dear Sir or Madam", None),
        (b"RIFF", None),
        (b"", None),
    ],
)
def test_a_file_is_known_by_its_first_bytes(content, kind):
    assert describe(content) == describe(bytearray(content)) == kind
