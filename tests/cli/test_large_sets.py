"""Data sets of every format whose arrays lie in files: what comes out is what small ones in memory give."""

import gzip
import json
import shutil

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.data import exact_groups, idx, mapped, near_groups
from lenet.data.own import row_items, store
from lenet.data.own.collection import read_collection
from lenet.data.own.stacked import Stacked

COUNT, TEST = 120, 40
NAMES = [f"{name}-{what}" for name in ("train", "t10k") for what in ("images-idx3-ubyte", "labels-idx1-ubyte")]


@pytest.fixture
def is_large(monkeypatch):
    """Every array counts as large, and is worked on a few rows at a time."""
    for name in ("LARGE", "SCRATCH"):
        monkeypatch.setattr(mapped, name, 1)
    monkeypatch.setattr(mapped, "AT_ONCE", 1000)
    monkeypatch.setattr(row_items, "AT_ONCE", 7)
    monkeypatch.setattr(exact_groups, "AT_ONCE", 7)
    monkeypatch.setattr(near_groups, "TILES", 1)
    monkeypatch.setattr(store, "IN_MEMORY", 1)
    monkeypatch.setattr("lenet.images.pixels.CHUNK", 5000)


def made():
    """Images of 28×28, some of them copies, and labels of three classes."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (COUNT + TEST, 7, 7), np.uint8).repeat(4, axis=1).repeat(4, axis=2)
    images[5], images[20], images[COUNT + 3] = images[1], images[2] // 2 + 60, images[9]
    labels = (np.arange(len(images)) % 3).astype(np.uint8)
    labels[5] = 2
    return images, labels


def as_idx(folder, images, labels, with_test=True, packed=False):
    arrays = (images[:COUNT], labels[:COUNT], images[COUNT:], labels[COUNT:]) if with_test else (images, labels)
    for name, array in zip(NAMES, arrays, strict=False):
        content = idx.dump(array)
        (folder / f"{name}{'.gz' * packed}").write_bytes(gzip.compress(content) if packed else content)


def as_npz(folder, images, labels, with_test=True):
    if with_test:
        arrays = {
            "x_train": images[:COUNT],
            "y_train": labels[:COUNT],
            "x_test": images[COUNT:],
            "y_test": labels[COUNT:],
        }
    else:
        arrays = {"images": images / np.float32(255), "labels": labels.astype(np.int64)}
    np.savez_compressed(folder / "set.npz", **arrays)


def as_npy(folder, images, labels):
    np.save(folder / "X.npy", np.asfortranarray(images))
    np.save(folder / "Y.npy", labels)


def as_csv(folder, images, labels):
    names = ["train.csv", "test.csv"]
    for name, part in zip(names, (slice(COUNT), slice(COUNT, None)), strict=True):
        table = np.column_stack([labels[part], images[part].reshape(-1, 784)])
        lines = [
            "label," + ",".join(f"pixel{i}" for i in range(784)),
            *(",".join(map(str, row)) for row in table.tolist()),
        ]
        (folder / name).write_text("\n".join(lines) + "\n")


def as_folders(folder, images, labels):
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / f"class{label}").mkdir(exist_ok=True)
        Image.fromarray(image).save(folder / f"class{label}" / f"{number:03}.png")


FORMATS = {
    "idx": as_idx,
    "idx without test": lambda *args: as_idx(*args, with_test=False),
    "idx.gz": lambda *args: as_idx(*args, packed=True),
    "npz": as_npz,
    "npz of floats without test": lambda *args: as_npz(*args, with_test=False),
    "npy": as_npy,
    "csv": as_csv,
    "folders": as_folders,
}
ORDINARY = ("idx", "npz of floats without test", "csv")  # the others are tested in long runs


@pytest.mark.parametrize(
    "kind", [kind if kind in ORDINARY else pytest.param(kind, marks=pytest.mark.proof) for kind in FORMATS]
)
def test_a_large_set_is_the_small_one(tmp_path, monkeypatch, request, lenet_command, kind):
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "set"
    folder.mkdir()
    FORMATS[kind](folder, *made())
    monkeypatch.chdir(tmp_path)
    results = []
    for _ in range(2):
        splits = lenet.data.load(folder)
        code, out, _ = lenet_command("data", "check", folder, "--json", "--sheet", f"{len(results)}.png")
        assert code == 0
        results.append((splits, json.loads(out)))
        shutil.rmtree(tmp_path / "cache")
        if len(results) == 1:
            request.getfixturevalue("is_large")
    (small, small_facts), (large, large_facts) = results
    assert large.fingerprint == small.fingerprint
    assert (large.train.classes, large.train.preprocessing) == (small.train.classes, small.train.preprocessing)
    assert large_facts == small_facts
    assert {each["name"] for each in small_facts["copies"]}
    assert (tmp_path / "0.png").read_bytes() == (tmp_path / "1.png").read_bytes()
    if kind != "folders":
        collection = read_collection(folder)
        arrays = collection.arrays.arrays if isinstance(collection.arrays, Stacked) else [collection.arrays]
        assert all(map(mapped.is_mapped, arrays))
