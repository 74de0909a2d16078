"""Own images in one file, of every format: archives, arrays, tables, lists; read as `lenet train --data FILE` reads them."""

import gzip
import io
import json
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from unittest import mock

import numpy as np

from lenet.data import idx
from lenet.data.own import streams
from lenet.data.own.collection import read_collection

MAX_LENGTH = 4096
# Replaces lenet's own limit: inputs that unpack to 64 MB would take most of the time.
SUSPECT = 1 << 18
MAT = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"
WORDS = (
    *(
        b"label,pixel0",
        b"file_name",
        b"/data/upload/",
        b"choices",
        b"x_train",
        b"y_train",
        b".npy",
        b"\x93NUMPY",
        b"ustar",
    ),
    *(b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6", b"../", b"\xff\xff\xff\xff", b"0\0", b"../../x", b"NaN", b"1e999"),
    *(b"\x0e\0\0\0", b"\x0f\0\0\0", b"\x06\0\0\0\x08\0\0\0", b"\xef\xbb\xbf", b"\xff\xfe", b'"', b"\r\n", b"\x1f\x8b"),
)
SIZE = 6


def seeds() -> list[bytes]:
    """Eight images of two classes in every format."""
    images = np.arange(8 * SIZE * SIZE, dtype=np.uint8).reshape(8, SIZE, SIZE)
    labels = np.arange(8) % 2
    rows = np.column_stack([labels, images.reshape(8, -1)])
    table = "\n".join(",".join(map(str, row)) for row in rows.tolist()).encode()
    header = b"label," + b",".join(b"pixel%d" % i for i in range(SIZE * SIZE)) + b"\n"
    packed = b"\n".join(b"0,%s,Training" % b" ".join(b"%d" % value for value in row) for row in rows[:, 1:].tolist())
    npz, npy = io.BytesIO(), io.BytesIO()
    np.savez(npz, x_train=images, y_train=labels.astype(np.uint8))
    np.save(npy, images)
    listed = [{"file_name": f"{i}.png", "label": "ab"[i % 2]} for i in range(4)]
    studio = [{"data": {"image": f"/data/upload/{i}.png"}, "annotations": [{"result": [CHOICE]}]} for i in range(2)]
    return [
        _zip({f"{label}/{i}.png": b"x" for label in "ab" for i in range(2)}),
        _tar({f"{label}/1.png": b"x" for label in "ab"}),
        gzip.compress(_tar({"a/1.png": b"x"}), mtime=0),
        _zip({"own.csv": table}),
        npz.getvalue(),
        npy.getvalue(),
        idx.dump(images),
        gzip.compress(idx.dump(images), mtime=0),
        MAT
        + _matrix("X", 9, (SIZE, SIZE, 8), images.tobytes())
        + _matrix("y", 9, (8, 1), labels.astype(np.uint8).tobytes()),
        MAT + _compressed(_matrix("X", 9, (SIZE, SIZE, 8), images.tobytes())),
        table,
        header + table,
        b"emotion,pixels,Usage\n" + packed,
        b"file,label\n" + b"\n".join(b"%d.png,a" % i for i in range(4)),
        json.dumps(listed).encode(),
        "\n".join(map(json.dumps, listed)).encode(),
        json.dumps(studio).encode(),
    ]


CHOICE = {"type": "choices", "value": {"choices": ["a"]}}


def read(content: bytes, folder: Path) -> None:
    """Read the input as one file of own images, and some of the images."""
    path = folder / "own"
    path.write_bytes(content)
    for i in range(4):
        if not (image := folder / f"{i}.png").exists():  # which lists name
            image.write_bytes(b"x")
    is_training = zlib.crc32(content) % 4 == 0
    with mock.patch.object(streams, "SUSPECT", SUSPECT):
        collection = read_collection(path, skip_bad=not is_training, for_training=is_training)
        for i in range(min(3, len(collection.items))):
            collection.read(i)


def mutated(content: bytes, mutate: Callable[[bytes], bytes], random: Random) -> bytes:
    """Mutate, in a compressed input, mostly the content: a changed stream hardly ever passes its checksum."""
    if content.startswith(idx.GZIP) and random.random() < 0.7:
        try:
            return gzip.compress(mutate(zlib.decompressobj(31).decompress(content, 1 << 16)), 1, mtime=0)
        except zlib.error:
            return mutate(content)
    if content.startswith(MAT) and content[128:129] == b"\x0f" and random.random() < 0.7:
        try:
            return MAT + _compressed(mutate(zlib.decompressobj().decompress(content[136:], 1 << 16)))
        except zlib.error:
            return mutate(content)
    if content.startswith(b"PK") and random.random() < 0.7:
        return _zip_mutated(content, mutate, random)
    return mutate(content)


def _zip_mutated(content: bytes, mutate: Callable[[bytes], bytes], random: Random) -> bytes:
    """Change one member of an archive, with the right checksum."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist() if info.file_size < 1 << 16}
        chosen = random.choice(sorted(members))
        members[chosen] = mutate(members[chosen])
        return _zip(members)
    except Exception:  # it is damaged already
        return mutate(content)


def _zip(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def _tar(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()[:MAX_LENGTH]  # the rest is padding


def _element(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def _matrix(name: str, kind: int, shape: tuple[int, ...], content: bytes) -> bytes:
    flags = _element(6, struct.pack("<II", kind, 0))
    dimensions = _element(5, struct.pack(f"<{len(shape)}i", *shape))
    return _element(14, flags + dimensions + _element(1, name.encode()) + _element(2, content))


def _compressed(element: bytes) -> bytes:
    packed = zlib.compress(element)
    return struct.pack("<II", 15, len(packed)) + packed
