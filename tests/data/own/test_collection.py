"""Own images: what is read from class folders, and what is refused."""

import gzip

import numpy as np
import pytest
from PIL import Image

from lenet.data.own.collection import Bad, Item, read_collection
from lenet.data.own.names import natural_key
from lenet.errors import DataError


def write(root, *names):
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 5), number, np.uint8)).save(path)
    return root


def test_class_folders(tmp_path):
    write(tmp_path, "dog/2.png", "dog/10.png", "cat/1.jpg", "cat/old/3.bmp")
    for hidden in (".DS_Store", "dog/Thumbs.db", "cat/._1.jpg", ".git/x/1.png", "__MACOSX/dog/1.png"):
        (tmp_path / hidden).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / hidden).write_bytes(b"\0")
    (tmp_path / "dog/notes.txt").write_text("x")
    collection = read_collection(tmp_path)
    assert collection.format == "class folders"
    assert collection.classes == ("cat", "dog")
    assert collection.items[0] == Item("cat/1.jpg", "cat", None)
    assert [item.label for item in collection.items] == ["cat", "cat", "dog", "dog"]
    assert collection.read(3) == (tmp_path / "dog/2.png").read_bytes()
    assert collection.arrays is None
    assert collection.notes == ("1 file that is no image is ignored (1 .txt): dog/notes.txt",)


def test_images_without_suffix(tmp_path):
    write(tmp_path, "a/1.png", "a/2.jpg", "b/1.bmp", "b/2.gif", "b/3.webp", "b/4.tif")
    for path in list(tmp_path.rglob("*.*")):
        path.rename(path.with_suffix(""))
    (tmp_path / "a/LICENSE").write_text("free")
    assert [item.name for item in read_collection(tmp_path).items] == ["a/1", "a/2", "b/1", "b/2", "b/3", "b/4"]


def test_splits_above_and_below_the_classes(tmp_path):
    names = [f"{split}/{label}/{n}.png" for split in ("Train", "valid", "test") for label in "ab" for n in "12"]
    above = read_collection(write(tmp_path / "above", *names))
    turned = ["/".join((label, split, rest)) for split, label, rest in (name.split("/") for name in names)]
    below = read_collection(write(tmp_path / "below", *turned))
    for collection in (above, below):
        splits = [item.split for item in collection.items]
        assert {split: splits.count(split) for split in splits} == {"train": 4, "validation": 4, "test": 4}
        assert collection.classes == ("a", "b")


def test_a_folder_around_the_classes_is_no_class(tmp_path):
    collection = read_collection(write(tmp_path, "set/a/1.png", "set/a/2.png", "set/b/1.png", "set/b/2.png"))
    assert collection.classes == ("a", "b")


def test_natural_order():
    assert sorted(["10", "2", "b", "A", "a", "a10", "a2"], key=natural_key) == ["2", "10", "A", "a", "a2", "a10", "b"]


def test_unlabelled_test_images_are_left_out(tmp_path):
    write(tmp_path, "train/a/1.png", "train/a/2.png", "train/b/1.png", "train/b/2.png", "test/1.png")
    collection = read_collection(tmp_path)
    assert len(collection.items) == 4
    assert collection.notes == ("test images without labels are left out: 1",)
    assert read_collection(tmp_path, for_training=False).items[0] == Item("test/1.png", None, "test")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "is empty"),
        (["a/1.png", "a/2.png"], "has one class, a; expected at least two"),
        (["a/1.png", "a/2.png", "b/1.png"], "class b has one image, b/1.png; expected at least two"),
        (["a/1.png", "a/2.png", "b/1.png", "b/2.png", "1.png"], "1.png has no label"),
        (["1.png", "2.png"], r"has no labels \(class folders, 1.png for one\); expected one for each image"),
        (
            ["train/a/1.png", "train/b/1.png", "train/a/2.png", "test/b/1.png", "test/c/1.png"],
            "class c has test images",
        ),
    ],
)
def test_what_cannot_be_trained_is_named(tmp_path, names, message):
    with pytest.raises(DataError, match=message) as error:
        read_collection(write(tmp_path, *names))
    assert error.value.hint


def test_skip_bad_lists_and_goes_on(tmp_path):
    write(tmp_path, "a/1.png", "a/2.png", "b/1.png", "b/2.png", "c/1.png", "d.png")
    (tmp_path / "e").mkdir()
    with pytest.raises(DataError, match="folder e has no images"):
        read_collection(tmp_path)
    collection = read_collection(tmp_path, skip_bad=True)
    assert collection.classes == ("a", "b")
    assert collection.bad[0] == Bad("folder e", "has no images; expected class folders with images in them")
    assert [bad.name for bad in collection.bad] == ["folder e", "d.png", "class c"]
    assert collection.read(2) == (tmp_path / "b/1.png").read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\4\x95pickle", "is a pickle, which could run any program"),
        (b"\xfd7zXZ\0" + bytes(20), "is an archive of a kind that lenet does not unpack"),
        (b"Rar!\x1a\7\0", "is an archive of a kind that lenet does not unpack"),
        (b"<!DOCTYPE html><html></html>", "is a web page"),
        (gzip.compress(b"<html>no such file</html>", mtime=0), "is a web page"),
        (b"%PDF-1.4", "is a PDF"),
        (b"\0\1\2", "is of no format that lenet knows"),
        (b"\x89PNG", "is of no format that lenet knows"),
    ],
)
def test_other_files_are_named(tmp_path, content, message):
    (tmp_path / "own.bin").write_bytes(content)
    for path in (tmp_path, tmp_path / "own.bin"):
        with pytest.raises(DataError, match=f"own.bin {message}") as error:
            read_collection(path)
        assert error.value.hint


def test_a_missing_folder(tmp_path):
    with pytest.raises(DataError, match="there is no file or folder"):
        read_collection(tmp_path / "nothing")
