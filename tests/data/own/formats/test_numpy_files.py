"""npz and npy files: their names, shapes and dtypes."""

import gzip
import io
import zipfile

import numpy as np
import pytest

from lenet.data.own import streams
from lenet.data.own.collection import read_collection
from lenet.errors import DataError


def splits(collection):
    names = [item.split for item in collection.items]
    return {split: names.count(split) for split in dict.fromkeys(names)}


def labels(collection):
    return [item.label for item in collection.items]


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("trainX", "trainY", "testX", "testY"),
        ("X_train", "Y_train", "X_test", "Y_test"),
        ("training_images", "training_labels", "test_images", "test_labels"),
    ],
)
def test_names(tmp_path, digits, names):
    path = tmp_path / "own.npz"
    np.savez_compressed(path, **dict(zip(names, digits, strict=True)))
    collection = read_collection(path)
    assert collection.format == "npz arrays"
    assert splits(collection) == {"train": 20, "test": 10}
    assert (collection.arrays == np.concatenate([digits[0], digits[2]])).all()
    assert labels(collection) == [str(label) for label in [*digits[1], *digits[3]]]
    assert (collection.read(21) == digits[2][1]).all()
    assert collection.items[20].name == f"{names[2]} of own.npz[0]"


def test_medmnist_has_validation_images(tmp_path, digits):
    train, y_train, test, y_test = digits
    np.savez(
        tmp_path / "pathmnist.npz",
        train_images=train,
        val_images=test,
        test_images=test,
        train_labels=y_train[:, None],
        val_labels=y_test[:, None],
        test_labels=y_test[:, None],
    )
    assert splits(read_collection(tmp_path / "pathmnist.npz")) == {"train": 20, "validation": 10, "test": 10}


@pytest.mark.parametrize("named", ["folder", "kmnist-train-imgs.npz", "kmnist-test-labels.npz"])
def test_kmnist_is_in_pairs_of_files(tmp_path, digits, named):
    for name, array in zip(("train-imgs", "train-labels", "test-imgs", "test-labels"), digits, strict=True):
        np.savez(tmp_path / f"kmnist-{name}.npz", array)
    collection = read_collection(tmp_path if named == "folder" else tmp_path / named)
    assert splits(collection) == {"train": 20, "test": 10}
    assert labels(collection)[:6] == ["0", "1", "2", "3", "4", "0"]


def test_npy_in_pairs_with_one_hot_labels(tmp_path, digits):
    np.save(tmp_path / "X.npy", digits[0].astype(np.float32) / 255)
    np.save(tmp_path / "Y.npy", np.eye(5)[digits[1]])
    for path in (tmp_path, tmp_path / "X.npy"):
        collection = read_collection(path)
        assert (collection.arrays == digits[0]).all()
        assert labels(collection) == [str(label) for label in digits[1]]


def test_compressed_npy(tmp_path, digits):
    for name, array in (("X", digits[0]), ("Y", digits[1])):
        file = io.BytesIO()
        np.save(file, array)
        (tmp_path / f"{name}.npy.gz").write_bytes(gzip.compress(file.getvalue()))
    assert (read_collection(tmp_path).arrays == digits[0]).all()


def test_one_npy_for_each_class(tmp_path, digits):
    for name, images in (("cat", digits[0]), ("dog", digits[2])):
        np.save(tmp_path / f"full_numpy_bitmap_{name}.npy", images.reshape(len(images), -1))
    collection = read_collection(tmp_path)
    assert collection.classes == ("cat", "dog")
    assert (collection.arrays[20:] == digits[2]).all()


@pytest.mark.parametrize("layout", ["last", "first", "flat last", "flat first", "one channel"])
def test_channels(tmp_path, layout):
    ramp = np.arange(64, dtype=np.uint8)
    images = np.stack(
        [np.add.outer(ramp, ramp), np.add.outer(ramp, ramp) // 2, 200 - np.add.outer(ramp, ramp)], axis=-1
    )
    images = np.stack([images, images[::-1], images[:, ::-1], images]).astype(np.uint8)
    expected = images
    stored = images if "last" in layout else images.transpose(0, 3, 1, 2)
    if layout == "one channel":
        stored, expected = images[..., :1], images[..., 0]
    stored = stored.reshape(4, -1) if "flat" in layout else stored
    np.savez(tmp_path / "own.npz", images=stored, labels=[0, 0, 1, 1])
    assert (read_collection(tmp_path / "own.npz").arrays == expected).all()


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.int64, np.float16, np.float32, np.float64, ">f4", ">u2"])
def test_dtypes(tmp_path, digits, dtype):
    images = digits[0].astype(dtype)
    images = images * 257 if np.dtype(dtype).itemsize == 2 and np.dtype(dtype).kind == "u" else images
    np.savez(tmp_path / "own.npz", images=np.asfortranarray(images), labels=digits[1].astype("S1"))
    collection = read_collection(tmp_path / "own.npz")
    assert (collection.arrays == digits[0]).all()
    assert collection.classes == ("0", "1", "2", "3", "4")


def test_masks_of_0_and_1(tmp_path, digits):
    for dtype in (bool, np.uint8, np.float32):
        np.savez(tmp_path / "own.npz", images=(digits[0] > 127).astype(dtype), labels=digits[1])
        assert set(np.unique(read_collection(tmp_path / "own.npz").arrays)) == {0, 255}


def test_names_of_classes(tmp_path, digits):
    np.savez(tmp_path / "own.npz", images=digits[0], labels=digits[1], class_names=["zebra", "ant", "b", "c", "d"])
    assert read_collection(tmp_path / "own.npz").classes == ("zebra", "ant", "b", "c", "d")


class Program:
    def __reduce__(self):
        return (print, ("executed",))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.array([Program(), 2], object), "y": np.zeros(2)}, "x of own.npz holds pickled objects"),
        ({"x_train": np.zeros((4, 3, 3)), "y_train": np.zeros(3)}, "4 images but 3 labels"),
        ({"x_train": np.zeros((4, 50)), "y_train": np.zeros(4)}, "50 pixels an image; expected those of a square"),
        ({"x": np.full((4, 3, 3), np.nan), "y": np.arange(4) % 2}, "NaN"),
        ({"x": np.zeros((4, 3, 3)), "y": np.array([0.5, 1, 0, 1])}, "the labels of x of own.npz hold 0.5"),
        ({"x": np.zeros((4, 3, 3)), "y": np.ones((4, 3), int)}, "3 columns; expected one class an image"),
        ({"y": np.zeros(4)}, r"no array of images; it has y \(4,\)"),
        (
            {
                "x_train": np.ones((4, 3, 3)),
                "y_train": np.arange(4) % 2,
                "x_test": np.ones((4, 5, 5)),
                "y_test": np.ones(4),
            },
            "images of different sizes, 3×3 and 5×5",
        ),
        ({"x": np.zeros((0, 3, 3)), "y": np.zeros(0)}, "has the shape"),
        ({"x": np.zeros((4, 8, 8, 2)), "y": np.zeros(4)}, "expected 1 or 3 channels"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, arrays, message, capsys):
    np.savez(tmp_path / "own.npz", **arrays)
    with pytest.raises(DataError, match=message):
        read_collection(tmp_path / "own.npz")
    assert capsys.readouterr().out == ""


def test_a_header_that_announces_too_much(tmp_path):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (1 << 40, 28, 28)})
    (tmp_path / "x.npy").write_bytes(file.getvalue() + bytes(100))
    with pytest.raises(DataError, match="is truncated: its header announces 1099511627776×28×28"):
        read_collection(tmp_path / "x.npy")


def test_a_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "SUSPECT", 1 << 20)
    np.savez_compressed(tmp_path / "own.npz", x=np.zeros((1, 1600, 1700), np.uint8), y=np.zeros(1))
    with pytest.raises(DataError, match="is a bomb"):
        read_collection(tmp_path / "own.npz")


def test_truncated_files(tmp_path, digits):
    path = tmp_path / "own.npz"
    np.savez_compressed(path, x=digits[0], y=digits[1])
    content = path.read_bytes()
    for length in range(6, len(content) - 1, 97):
        path.write_bytes(content[:length])
        with pytest.raises(DataError):
            read_collection(path)


def test_a_wrong_checksum(tmp_path, digits):
    path = tmp_path / "own.npz"
    np.savez(path, x=digits[0], y=digits[1])
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.infolist()[0].header_offset
    content[start + 400] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_collection(path)
