"""IDX files of any size and name, and EMNIST's .mat."""

import gzip
import shutil
import struct

import numpy as np
import pytest

from lenet.data import idx
from lenet.data.own.collection import read_collection
from lenet.errors import DataError

MNIST = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def write(folder, digits, names=MNIST, compress=False):
    folder.mkdir(exist_ok=True)
    for name, array in zip(names, digits, strict=True):
        content = idx.dump(array.astype(np.uint8))
        path = folder / (f"{name}.gz" if compress else name)
        path.write_bytes(gzip.compress(content) if compress else content)
    return folder


def counts(collection):
    splits = [item.split for item in collection.items]
    return {split: splits.count(split) for split in dict.fromkeys(splits)}


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    "names",
    [
        MNIST,
        tuple(name.replace("-idx", ".idx") for name in MNIST),
        ("train_images.idx", "train_labels.idx", "test_images.idx", "test_labels.idx"),
        ("letters-train-images", "letters-train-labels", "letters-test-images", "letters-test-labels"),
    ],
)
def test_names(tmp_path, digits, names, compress):
    folder = write(tmp_path / "own", digits, names, compress)
    for path in (folder, next(folder.iterdir())):
        collection = read_collection(path)
        assert collection.format == "IDX files"
        assert counts(collection) in ({"train": 20, "test": 10}, {"test": 10, "train": 20})
        pixels = {item.split: [] for item in collection.items}
        for item, image in zip(collection.items, collection.arrays, strict=True):
            pixels[item.split].append(image)
        assert (np.array(pixels["train"]) == digits[0]).all()
        assert [item.label for item in collection.items if item.split == "test"] == list(map(str, digits[3]))


def test_files_that_are_there_twice_count_once(tmp_path, digits):
    folder = write(tmp_path / "own", digits)
    write(folder, digits, compress=True)
    nested = folder / "train-images-idx3-ubyte.d"
    nested.mkdir()
    shutil.copy(folder / MNIST[0], nested / "train-images.idx3-ubyte")
    assert counts(read_collection(folder)) == {"test": 10, "train": 20}


def test_one_pair_without_splits(tmp_path, digits):
    folder = write(tmp_path / "own", digits[:2], ("images.idx3-ubyte", "labels.idx1-ubyte"))
    assert counts(read_collection(folder)) == {None: 20}
    write(folder, digits[:2], ("scans", "answers"))
    with pytest.raises(DataError, match=r"holds files of several data sets: answers, .*; expected those of one"):
        read_collection(folder)


def test_labels_of_qmnist_have_eight_columns(tmp_path, digits):
    folder = write(tmp_path / "own", digits[:1], ("qmnist-train-images-idx3-ubyte",), compress=True)
    labels = np.zeros((20, 8), ">i4")
    labels[:, 0], labels[:, 5] = digits[1], 99
    header = struct.pack(">BBBBII", 0, 0, 0x0C, 2, 20, 8)
    (folder / "qmnist-train-labels-idx2-int.gz").write_bytes(gzip.compress(header + labels.tobytes()))
    collection = read_collection(folder)
    assert [item.label for item in collection.items] == list(map(str, digits[1]))


@pytest.mark.parametrize(("code", "dtype"), [(0x09, "i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")])
def test_types(tmp_path, digits, code, dtype):
    images = digits[0] // 2
    header = struct.pack(">BBBBIII", 0, 0, code, 3, *images.shape)
    write(tmp_path, digits[1:2], ("train-labels",))
    (tmp_path / "train-images").write_bytes(header + np.maximum(images, 2).astype(dtype).tobytes())
    assert (read_collection(tmp_path).arrays == np.maximum(images, 2)).all()


def test_colours(tmp_path, digits):
    images = np.repeat(digits[0][..., None], 3, axis=3)
    images[..., 1] = 9
    folder = write(tmp_path / "own", (images, digits[1]), ("train-images-idx4-ubyte", "train-labels-idx1-ubyte"))
    assert (read_collection(folder).arrays == images).all()


def test_emnist_is_turned_and_has_characters(tmp_path, digits):
    turned = [array.transpose(0, 2, 1) if array.ndim == 3 else array for array in digits]
    names = [f"emnist-balanced-{split}" for split in ("train", "test")]
    kinds = ("images-idx3-ubyte", "labels-idx1-ubyte")
    folder = write(tmp_path / "own", turned, [f"{name}-{kind}" for name in names for kind in kinds], compress=True)
    (folder / "emnist-balanced-mapping.txt").write_text("0 50\n1 49\n2 97\n3 65\n4 66\n")
    collection = read_collection(folder)
    assert collection.classes == ("2", "1", "a", "A", "B")
    test, train = collection.arrays[:10], collection.arrays[10:]
    assert (train == digits[0]).all()
    assert (test == digits[2]).all()
    assert collection.notes == ("EMNIST stores its images transposed; they are turned",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / MNIST[1]).unlink(), r"no file of labels beside it; .* train-labels-idx1-ubyte"),
        (
            lambda folder: (folder / MNIST[0]).write_bytes((folder / MNIST[0]).read_bytes()[:-9]),
            "720 bytes, and has 711",
        ),
        (lambda folder: (folder / MNIST[0]).write_bytes((folder / MNIST[0]).read_bytes() + b"1"), "and has more"),
        (lambda folder: (folder / MNIST[1]).write_bytes((folder / MNIST[3]).read_bytes()), "20 images but 10 labels"),
        (lambda folder: (folder / MNIST[0]).write_bytes(b"\0\0\x08\3" + b"\xff" * 12 + b"1" * 9), "expected at most"),
        (lambda folder: [(folder / MNIST[n]).unlink() for n in (0, 2)], "holds labels; the images are not beside it"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, digits, change, message):
    folder = write(tmp_path / "own", digits)
    change(folder)
    with pytest.raises(DataError, match=message) as error:
        read_collection(folder)
    assert error.value.hint
