"""Files of HTTP requests, as load_generator.cpp takes them: each request, and the text that its answer must contain."""

import struct
from collections.abc import Sequence
from pathlib import Path

Requests = list[tuple[bytes, bytes]]
HEAD = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n"


def requests_for(media_type: str, bodies: Sequence[bytes], expected: Sequence[bytes]) -> Requests:
    """Requests to classify, and what their answers must contain."""
    heads = [HEAD.format(media_type, len(body)).encode() for body in bodies]
    return [(head + body, text) for head, body, text in zip(heads, bodies, expected, strict=True)]


def requests_in(file: Path) -> Requests:
    """The requests of a file, each with the text that its answer must contain."""
    content, position, parts = file.read_bytes(), 0, []
    while position < len(content):
        (length,) = struct.unpack_from("<I", content, position)
        parts.append(content[position + 4 : position + 4 + length])
        position += 4 + length
    return list(zip(parts[::2], parts[1::2], strict=True))


def request_file(requests: Requests) -> bytes:
    """The content of such a file."""
    parts = (part for request in requests for part in request)
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)
