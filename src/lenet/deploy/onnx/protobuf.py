"""The binary form of Protocol Buffers: a message is its fields one after another, each with its number and its type."""

import struct

VARINT, BYTES, FLOAT = 0, 2, 5  # types of fields


def varint(number: int) -> bytes:
    """Return a whole number, seven bits a byte, the lowest first; a negative one as its 64-bit complement."""
    number &= (1 << 64) - 1
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def integer(field: int, number: int) -> bytes:
    """Return a field that holds a whole number."""
    return varint(field << 3 | VARINT) + varint(number)


def real(field: int, number: float) -> bytes:
    """Return a field that holds a float32."""
    return varint(field << 3 | FLOAT) + struct.pack("<f", number)


def data(field: int, content: bytes) -> bytes:
    """Return a field that holds bytes, or a message."""
    return varint(field << 3 | BYTES) + varint(len(content)) + content


def text(field: int, content: str) -> bytes:
    """Return a field that holds a text."""
    return data(field, content.encode())
