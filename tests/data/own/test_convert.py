"""What `convert` writes, `read_collection` reads again, bit for bit."""

import errno
import io

import numpy as np
import pytest
from PIL import Image

from lenet.data.own import convert as module
from lenet.data.own.class_folders import folder_names
from lenet.data.own.collection import read_collection
from lenet.data.own.convert import convert
from lenet.data.own.items import Collection, Item
from lenet.data.own.measuring import pixels_of
from lenet.errors import DataError

GENERATED = 8  # collections of each format


def made_up(seed, *, colours=False, splits=True, classes=("cat", "dog", "10", "2")):
    """A collection of arrays with a random size, number of images, and order of labels."""
    random = np.random.default_rng(seed)
    size, count = tuple(random.integers(4, 13, 2).tolist()), int(random.integers(3, 6)) * len(classes) * 3
    images = random.integers(0, 256, (count, *size, 3) if colours else (count, *size), dtype=np.uint8)
    images[:, 0, 0] = 255  # otherwise a set of dark images may be a mask
    labels = [classes[i % len(classes)] for i in range(count)]
    parts = random.permutation(np.repeat(["train", "validation", "test"], count // 3)) if splits else [None] * count
    parts = [part if part is None else str(part) for part in parts]
    items = [Item(f"image {i}", label, part) for i, (label, part) in enumerate(zip(labels, parts, strict=True))]
    return Collection("made up", "arrays", items, classes, (), lambda i: images[i], images)


def contents(collection):
    """Split, class and pixels of every image, in an order of their own."""
    return sorted(
        (item.split or "", item.label or "", pixels_of(collection, i).shape, pixels_of(collection, i).tobytes())
        for i, item in enumerate(collection.items)
    )


@pytest.mark.parametrize("seed", range(GENERATED))
@pytest.mark.parametrize("to", ["idx", "npz", "csv", "folders"])
def test_what_is_written_is_read_again_bit_for_bit(tmp_path, to, seed):
    colours = seed % 2 == 1 and to != "csv"
    collection = made_up(seed, colours=colours, splits=seed % 3 > 0)
    suffix = {"npz": ".npz", "csv": ".csv"}.get(to, "")
    out = convert(collection, to, tmp_path / f"out{suffix}")
    again = read_collection(out)
    assert contents(again) == contents(collection)
    if to in ("idx", "npz"):
        assert again.classes == collection.classes  # in their order
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_numbers_as_class_names_stay_the_labels_of_idx_files(tmp_path):
    collection = made_up(1, classes=("3", "7", "11"))
    out = convert(collection, "idx", tmp_path / "out")
    assert sorted(path.name for path in out.iterdir()) == [
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "validation-images-idx3-ubyte",
        "validation-labels-idx1-ubyte",
    ]
    assert set((out / "train-labels-idx1-ubyte").read_bytes()[8:]) == {3, 7, 11}
    assert contents(read_collection(out)) == contents(collection)


def test_many_classes_need_larger_numbers(tmp_path):
    names = tuple(f"class {i}" for i in range(300))
    collection = made_up(2, classes=names, splits=False)
    again = read_collection(convert(collection, "idx", tmp_path / "out"))
    assert (again.classes, contents(again)) == (names, contents(collection))


def test_image_files_are_copied_as_they_are(tmp_path):
    for name in ("a/x.jpg", "a/sub/x.jpg", "b/y.png", "b/z.png"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(len(name)).integers(0, 256, (9, 7, 3), dtype=np.uint8)).save(path)
    out = convert(read_collection(tmp_path / "photos"), "folders", tmp_path / "out")
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*.*")) == [
        "a/x-2.jpg",
        "a/x.jpg",
        "b/y.png",
        "b/z.png",
    ]
    assert (out / "a/x-2.jpg").read_bytes() == (tmp_path / "photos/a/x.jpg").read_bytes()


def as_png(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def mixed_sizes():
    images = [np.full((8, 8, 3), 7, np.uint8), np.full((8, 6), 9, np.uint8)] * 2
    images[0][0, 0] = 1, 2, 3
    items = [Item(f"{label}.png", label) for label in ("a", "a", "b", "b")]
    return Collection("mixed", "files", items, ("a", "b"), (), lambda i: as_png(images[i]))


def test_different_sizes_need_one(tmp_path):
    with pytest.raises(DataError, match=r"a.png has 8×8 pixels and a.png 8×6; expected one size") as caught:
        convert(mixed_sizes(), "npz", tmp_path / "out.npz")
    assert "--size 64" in caught.value.hint
    out = convert(mixed_sizes(), "npz", tmp_path / "out.npz", size=(8, 8))
    assert read_collection(out).arrays.shape == (4, 8, 8, 3)
    assert len(read_collection(convert(mixed_sizes(), "folders", tmp_path / "folders")).items) == 4


def test_what_a_format_cannot_hold_is_refused(tmp_path):
    with pytest.raises(DataError, match="images in colour; a CSV of pixels holds grey ones"):
        convert(made_up(0, colours=True), "csv", tmp_path / "out")
    with pytest.raises(DataError, match="class a,b has a comma"):
        convert(made_up(0, classes=("a,b", "c")), "csv", tmp_path / "out")
    tiny = np.zeros((2, 3, 3), np.uint8)
    items = [Item("0", "a"), Item("1", "b")]
    with pytest.raises(DataError, match="images of 9 pixels; a CSV of pixels has at least 16"):
        convert(Collection("tiny", "arrays", items, ("a", "b"), (), lambda i: tiny[i], tiny), "csv", tmp_path / "out")
    with pytest.raises(DataError, match="unknown format 'png'") as caught:
        convert(made_up(0), "png", tmp_path / "out")
    assert "idx, npz, csv, folders" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "out").mkdir()
    convert(made_up(0), "idx", tmp_path / "out")
    for to in ("idx", "npz", "folders"):
        with pytest.raises(DataError, match="out exists; expected a new file or folder"):
            convert(made_up(0), to, tmp_path / "out")


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(module.WRITERS, "idx", full)
    with pytest.raises(DataError, match="out cannot be written: the disk is full"):
        convert(made_up(0), "idx", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_class_names_become_names_of_folders():
    names = ["T-shirt/top", "a", "A", "CON", "test", ".hidden", "..", "x: y", "tail."]
    assert folder_names(names) == ["T-shirt_top", "a", "A-2", "_CON", "_test", "_.hidden", "_", "x_ y", "tail"]
