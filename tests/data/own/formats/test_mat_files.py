"""MATLAB's level 5 files: EMNIST's, SVHN's, and damaged ones."""

import struct
import zlib
from typing import Any

import numpy as np
import pytest

from lenet.data.own import streams
from lenet.data.own.collection import read_collection
from lenet.data.own.formats import matlab
from lenet.errors import DataError

TYPES = {"uint8": (2, 9), "int32": (5, 12), "float64": (9, 6), "uint16": (4, 11)}
HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"


def element(kind, content):
    if 0 < len(content) <= 4:
        return struct.pack("<HH", kind, len(content)) + content.ljust(4, b"\0")
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def matrix(name, kind, shape, content):
    flags = element(6, struct.pack("<II", kind, 0))
    return element(14, flags + element(5, struct.pack(f"<{len(shape)}i", *shape)) + element(1, name.encode()) + content)


def encode(name, value):
    if isinstance(value, dict):
        names = b"".join(key.encode().ljust(32, b"\0") for key in value)
        fields = b"".join(encode("", field) for field in value.values())
        return matrix(name, 2, (1, 1), element(5, struct.pack("<i", 32)) + element(1, names) + fields)
    if isinstance(value, list):
        return matrix(name, 1, (1, len(value)), b"".join(encode("", cell) for cell in value))
    if isinstance(value, str):
        return matrix(name, 4, (1, len(value)), element(4, value.encode("utf-16-le")))
    kind, array_class = TYPES[value.dtype.name]
    return matrix(name, array_class, value.shape, element(kind, value.tobytes(order="F")))


def write(path, variables, compress=True):
    elements = [encode(name, value) for name, value in variables.items()]
    path.write_bytes(HEADER + b"".join(element(15, zlib.compress(e)).rstrip() if compress else e for e in elements))
    if compress:  # compressed elements are not padded
        parts = [struct.pack("<II", 15, len(zlib.compress(e))) + zlib.compress(e) for e in elements]
        path.write_bytes(HEADER + b"".join(parts))
    return path


def emnist(digits):
    """EMNIST's structure; its images lie column after column."""
    halves = {}
    for split, images, labels in (("train", *digits[:2]), ("test", *digits[2:])):
        columns = images.transpose(0, 2, 1).reshape(len(images), -1)
        halves[split] = {
            "images": columns,
            "labels": labels[:, None].astype(np.float64),
            "writers": labels[:, None] * 1.0,
        }
    mapping = np.array([[0, 48], [1, 97], [2, 65], [3, 66], [4, 67]], np.float64)
    return {"dataset": {**halves, "mapping": mapping}}


@pytest.mark.parametrize("compress", [True, False])
def test_emnist(tmp_path, digits, compress):
    collection = read_collection(write(tmp_path / "emnist-own.mat", emnist(digits), compress))
    assert collection.format == "a MATLAB file"
    assert (collection.arrays == np.concatenate([digits[0], digits[2]])).all()
    assert collection.classes == ("0", "a", "A", "B", "C")
    assert [item.split for item in collection.items] == ["train"] * 20 + ["test"] * 10
    assert collection.items[21].label == "a"


def test_svhn(tmp_path, digits):
    images = np.repeat(digits[0][..., None], 3, axis=3)
    images[..., 2] = 7
    stored = np.moveaxis(images, 0, -1)
    for name in ("train_32x32.mat", "test_32x32.mat"):
        write(tmp_path / name, {"X": stored, "y": np.where(digits[1] == 0, 10, digits[1])[:, None].astype(np.uint8)})
    collection = read_collection(tmp_path)
    assert (collection.arrays == np.concatenate([images, images])).all()
    assert [item.split for item in collection.items] == ["test"] * 20 + ["train"] * 20
    assert collection.classes == ("0", "1", "2", "3", "4")


def test_values():
    values = {
        "a": np.arange(6, dtype=np.int32).reshape(2, 3),
        "s": {"t": "text", "c": ["x", np.zeros((1, 2), np.uint16)]},
    }
    content = HEADER + b"".join(encode(name, value) for name, value in values.items())
    found: Any = matlab.parse(content, "x.mat")
    assert (found["a"] == values["a"]).all()
    assert found["s"]["t"] == "text"
    assert found["s"]["c"][0] == "x"
    assert (found["s"]["c"][1] == 0).all()


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"dataset": {"train": "nothing"}}, "neither dataset.train nor dataset.test"),
        ({"dataset": {"train": {"images": "text"}}}, "no array of images in dataset.train"),
        ({"dataset": {"train": {"images": np.zeros((2, 7), np.uint8), "labels": np.zeros((2, 1))}}}, "has 7 pixels"),
        ({"a": np.zeros((2, 2))}, r"has a \(2, 2\)"),
        ({}, "has no arrays"),
    ],
)
def test_files_without_images(tmp_path, variables, message):
    with pytest.raises(DataError, match=message):
        read_collection(write(tmp_path / "x.mat", variables))


def test_truncated_and_damaged_files(tmp_path, digits):
    for compress in (True, False):
        content = write(tmp_path / "x.mat", emnist(digits), compress).read_bytes()
        for length in range(129, len(content) - 8, 53):
            with pytest.raises(DataError):
                matlab.parse(content[:length] + bytes(3), "x.mat")


def test_a_bomb(monkeypatch):
    monkeypatch.setattr(streams, "SUSPECT", 1 << 20)
    packed = zlib.compress(struct.pack("<II", 14, 2 << 20) + bytes(2 << 20))
    with pytest.raises(DataError, match="is a bomb"):
        matlab.parse(HEADER + struct.pack("<II", 15, len(packed)) + packed, "x.mat")


def test_endless_nesting():
    value: object = np.zeros((1, 1))
    for _ in range(20):
        value = [value]
    with pytest.raises(DataError, match="far too many structs or cells"):
        matlab.parse(HEADER + encode("a", value), "x.mat")


def test_hdf5_is_refused_with_a_hint(tmp_path):
    (tmp_path / "x.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n")
    with pytest.raises(DataError, match="is an HDF5 file") as error:
        read_collection(tmp_path / "x.mat")
    assert "-v7" in error.value.hint
