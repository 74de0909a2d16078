"""IDX files, plain and gzip, read as `lenet.data` reads them."""

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np

from lenet.data import idx

MAX_LENGTH = 512
WORDS = (idx.GZIP, b"\x00\x00\x08\x01", b"\x00\x00\x08\x03", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00")


def seeds() -> list[bytes]:
    """Images and labels, some and none, plain, compressed, and compressed in two members."""
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    plain = [idx.dump(array) for array in (images, images[:0], images[:, 0, 0], images[:0, 0, 0])]
    compressed = [gzip.compress(content, mtime=0) for content in plain]
    return [*plain, *compressed, gzip.compress(plain[0][:9], mtime=0) + gzip.compress(plain[0][9:], mtime=0)]


def read(content: bytes, folder: Path) -> None:
    """Read labels if the magic number is theirs, otherwise images."""
    path = folder / "file"
    path.write_bytes(content)
    raw = idx.read_content(path)
    idx.parse(raw, 1 if raw[3:4] == b"\x01" else 3, path).sum()


def mutated(content: bytes, mutate: Callable[[bytes], bytes], random: Random) -> bytes:
    """Mutate, in a compressed input, mostly the content: a changed stream hardly ever passes its checksum."""
    if content.startswith(idx.GZIP) and random.random() < 0.7:
        stream = zlib.decompressobj(31)
        try:
            raw = stream.decompress(content, 1 << 16)
        except zlib.error:
            return mutate(content)
        return gzip.compress(mutate(raw), random.choice((0, 6)), mtime=0) + stream.unused_data
    return mutate(content)
