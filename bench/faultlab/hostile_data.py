"""Hostile data sets: archives, arrays and tables that run a program, leave their folder, or use up memory and time."""

import gzip
import io
import json
import os
import pickle
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lenet.data import idx

Make = bytes | Callable[[Path], object]  # a file's content, or what puts something in its place
SIZE = 8
MAT = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"


def hostile_data(program: object, image: bytes) -> dict[str, Make]:
    """Data sets of one file, valid and not, by what is wrong with them.

    Args:
        program: An object whose pickle leaves a mark when it is opened.
        image: The content of an image file.
    """
    return {**_archives(image), **_arrays(program), **_tables(), **_others(program)}


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return file.getvalue()


def tarred(*members: tuple[tarfile.TarInfo | str, bytes]) -> bytes:
    """A tar archive."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for member, content in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def _entry(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def _archives(image: bytes) -> dict[str, Make]:
    plain = {f"{label}/{i}.png": image for label in ("cat", "dog") for i in range(3)}
    good = zipped(plain)
    link = zipfile.ZipInfo("cat/passwd.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    linked = io.BytesIO(good)
    with zipfile.ZipFile(linked, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    start = good.rfind(b"PK\5\6")
    members = list(plain.items())
    made: dict[str, Make] = {
        "plain.zip": good,
        "plain.tar": tarred(*members),
        "up.zip": zipped({**plain, "../../../escaped.png": image}),
        "absolute.zip": zipped({**plain, "/tmp/escaped.png": image}),
        "drive.zip": zipped({**plain, "C:\\escaped.png": image}),
        "link.zip": linked.getvalue(),
        "twice.zip": good + good,
        "names of escapes.zip": zipped({**plain, "cat/\x1b]0;owned\x07.png": image}),
        "bomb.zip": zipped({"cat/1.png": bytes(500 << 20), "dog/1.png": image}),
        "bomb of bombs.zip": zipped({**plain, "inner.zip": zipped({"0": bytes(100 << 20)})}),
        "bzip2 bomb.zip": zipped({"cat/1.png": bytes(400 << 20), "dog/1.png": image}, zipfile.ZIP_BZIP2),
        "lzma bomb.zip": zipped({"cat/1.png": bytes(100 << 20), "dog/1.png": image}, zipfile.ZIP_LZMA),
        "overlapping.zip": _overlapping(image),
        "directory of 4 GB.zip": good[: start + 12] + struct.pack("<I", 0xFFFFFFF0) + good[start + 16 :],
        "200,000 members.zip": zipped({f"{i:x}": b"" for i in range(200_000)}),
        "up.tar": tarred(*members, ("../../../escaped.png", image)),
        "link.tar": tarred(*members, (_entry("cat/passwd.png", tarfile.SYMTYPE, "/etc/passwd"), b"")),
        "device.tar": tarred(*members, (_entry("cat/zero.png", tarfile.CHRTYPE), b"")),
        "pipe.tar": tarred(*members, (_entry("cat/pipe.png", tarfile.FIFOTYPE), b"")),
        "endless.tar": _claimed_tar(image),
        "long names.tar": tarred(("cat/" + "x" * (4 << 20) + ".png", image)),
        "bomb.tgz": gzip.compress(tarred(("cat/1.png", bytes(300 << 20))), 1),
        "endless.gz": gzip.compress(bytes(300 << 20)),
    }
    return made


def _overlapping(image: bytes) -> bytes:
    """An archive whose members all are the same bytes: each of them is the whole file."""
    content = bytearray(zipped({f"cat/{i}.png": image for i in range(100)}, zipfile.ZIP_STORED))
    for start in [i for i in range(len(content) - 4) if content[i : i + 4] == b"PK\1\2"]:
        struct.pack_into("<II", content, start + 20, len(content) // 2, len(content) // 2)
        struct.pack_into("<I", content, start + 42, 0)
    return bytes(content)


def _claimed_tar(image: bytes) -> bytes:
    """A tar whose first member claims eight gigabytes, and has a header for them."""
    info = tarfile.TarInfo("cat/1.png")
    info.size = (8 << 30) - 1
    return info.tobuf(tarfile.USTAR_FORMAT) + image + bytes(1024)


def _npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def _npy(header: dict[str, Any] | bytes, content: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else repr(header).encode()
    text = text.ljust(118) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + content


def _arrays(program: object) -> dict[str, Make]:
    images = np.arange(10 * SIZE * SIZE, dtype=np.uint8).reshape(10, SIZE, SIZE)
    labels = np.arange(10) % 2
    header = {"descr": "|u1", "fortran_order": False, "shape": (4, 8, 8)}
    pickled = io.BytesIO()
    np.save(pickled, np.array([program], dtype=object))
    dump = idx.dump(images)
    labelled = {"x.npy": _npy(header, bytes(256)), "y.npy": pickled.getvalue()}
    return {
        "plain.npz": _npz(x_train=images, y_train=labels),
        "pickled.npz": _npz(x=np.array([program] * 2, dtype=object), y=labels),
        "pickled labels.npz": zipped(labelled),
        "pickled.npy": pickled.getvalue(),
        "bomb.npz": _npz(x=np.zeros((10, 6000, 6000), np.uint8), y=labels),
        "terabyte.npy": _npy({**header, "shape": (1 << 20, 1 << 20)}, bytes(99)),
        "negative.npy": _npy({**header, "shape": (-1, 8, 8)}, bytes(999)),
        "overflowing.npy": _npy({**header, "shape": (1 << 62, 1 << 62)}, bytes(999)),
        "40 dimensions.npy": _npy({**header, "shape": (1,) * 40}, bytes(999)),
        "code.npy": _npy(b"__import__('os').mknod('run-by-a-file')"),
        "nested.npy": _npy(b"(" * 5000),
        "void.npy": _npy({**header, "descr": "|V8"}, bytes(999)),
        "objects.npy": _npy({**header, "descr": "|O"}, pickle.dumps(program)),
        "NaN.npz": _npz(x=np.full((10, SIZE, SIZE), np.nan), y=labels),
        "1e308.npz": _npz(x=1e308 * np.linspace(-1, 1, 640).reshape(10, SIZE, SIZE), y=labels),
        "many classes.npz": _npz(x=np.ones((20_000, 2, 2), np.uint8), y=np.arange(20_000)),
        "terabyte.idx": dump[:4] + struct.pack(">III", 1 << 20, 1 << 20, 1) + dump[16:],
        "overflowing.idx": dump[:4] + b"\xff" * 12 + dump[16:],
        "endless.idx.gz": gzip.compress(dump[:4] + struct.pack(">III", 300, 1000, 1000) + bytes(300 << 20)),
    }


def _tables() -> dict[str, Make]:
    return {
        "wide.csv": b"label," + b"1," * 3_000_000 + b"1\n",
        "no line end.csv": b"1," * 20_000_000,
        "quote.csv": b'label,"' + b"x" * (20 << 20),
        "numbers.csv": b"\n".join(b",".join([b"9" * 400] * 65) for _ in range(100)),
        "infinite.csv": b"\n".join(b",".join([b"1e999"] * 65) for _ in range(100)),
        "zeros.csv": bytes(1 << 20),
        "escapes.csv": b"file,label\n" + b"\x1b]0;owned\x07.png,a\n" * 9,
        "up.csv": b"file,label\n" + b"../../../../etc/passwd,a\n/etc/shadow,b\n/dev/zero,c\n/dev/zero,c\n",
        "bomb.csv.gz": gzip.compress(b"1,2,3\n" * 40_000_000),
        "nested.json": b"[" * 3_000_000,
        "deep.json": b'{"a":' * 500_000,
        "lists.json": b"[" + b"[]," * 2_000_000 + b"[]]",
        "keys.json": json.dumps([{f"{i} {k}": 1 for k in range(50)} for i in range(5000)]).encode(),
        "numbers.json": b'[{"file": ' + b"9" * 1_000_000 + b', "label": 1}]',
        "lines.jsonl": b'{"file": "1.png"}\n' * 500_000,
    }


def _element(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def _matrix(kind: int, shape: tuple[int, ...], content: bytes) -> bytes:
    flags = _element(6, struct.pack("<II", kind, 0))
    return _element(14, flags + _element(5, struct.pack(f"<{len(shape)}i", *shape)) + _element(1, b"X") + content)


def _others(program: object) -> dict[str, Make]:
    nested = _matrix(9, (1, 1), _element(2, b"1"))
    for _ in range(500):
        nested = _matrix(1, (1, 1), nested)
    bomb = zlib.compress(struct.pack("<II", 14, 500 << 20) + bytes(500 << 20))
    return {
        "plain.mat": MAT + _matrix(9, (8, 8, 4), _element(2, bytes(range(256)))),
        "nested.mat": MAT + nested,
        "cells of 10^9.mat": MAT + _matrix(1, (1 << 30, 1), b""),
        "array of 10^9.mat": MAT + _matrix(9, (1 << 30, 1 << 30), _element(2, b"1" * 99)),
        "negative.mat": MAT + _matrix(9, (-1, 8), _element(2, b"1" * 99)),
        "bomb.mat": MAT + struct.pack("<II", 15, len(bomb)) + bomb,
        "pickle.pkl": pickle.dumps(program),
        "pickle.npz": zipped({"x/data.pkl": pickle.dumps(program)}),
        "half.parquet": b"PAR1" + bytes(1000) + b"PAR1",
        "huge footer.parquet": b"PAR1" + bytes(100) + b"\xff\xff\xff\x7fPAR1",
        "empty": b"",
        "pipe": os.mkfifo,
        "device": lambda path: path.symlink_to("/dev/zero"),
        "loop": lambda path: path.symlink_to(path),
        "folder": lambda path: path.mkdir(),
    }
