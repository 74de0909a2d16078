import dataclasses
import time

import numpy as np
import pytest
from faultlab import toy

import lenet
from lenet.data import idx
from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Dataset, Splits
from lenet.data.loading import load
from lenet.errors import DataError, DataUnavailable


def made(**changes):
    values = {
        "name": "toy",
        "images": np.zeros((3, 4, 5), np.uint8),
        "labels": np.array([0, 1, 1]),
        "classes": ("a", "b"),
    }
    return Dataset(**(values | changes))


def test_sizes_of_a_data_set():
    dataset = made()
    assert (len(dataset), dataset.size) == (3, (4, 5))
    part = dataset.subset(np.array([2, 0]))
    assert part.labels.tolist() == [1, 0]


def test_lists_and_strided_arrays_are_accepted():
    dataset = made(classes=["a", "b"], images=np.zeros((3, 4, 5), np.uint8)[:, ::-1])
    assert dataset.classes == ("a", "b")
    assert dataset.images.flags.c_contiguous


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": np.zeros((3, 4, 5))}, "images of toy are float64 of shape"),
        ({"images": np.zeros((3, 20), np.uint8)}, r"images of toy are uint8 of shape \(3, 20\)"),
        ({"labels": np.zeros(3, np.uint8)}, "labels of toy are uint8"),
        ({"labels": np.zeros(2, np.int64)}, "toy has 3 images but 2 labels"),
        ({"images": np.zeros((0, 4, 5), np.uint8), "labels": np.zeros(0, np.int64)}, "toy is empty"),
        ({"labels": np.array([0, 1, 2])}, "toy has a label 2; expected 0 to 1"),
        ({"labels": np.array([0, -1, 1])}, "toy has a label -1; expected 0 to 1"),
        ({"targets": np.zeros((3, 2))}, r"targets of toy are float64 of shape \(3, 2\); expected float16 or float32"),
        ({"targets": np.zeros((2, 2), np.float32)}, r"\(2, 2\); expected .* of shape \(3, 2\) or \(3, 2, 2\)"),
        ({"targets": np.zeros((3, 3, 2), np.float16)}, r"targets of toy are float16 of shape \(3, 3, 2\)"),
        ({"targets": np.zeros((3, 2, 3), np.float32)}, r"targets of toy are float32 of shape \(3, 2, 3\)"),
        ({"targets": [[0.0, 1.0]] * 3}, "targets of toy are list"),
        ({"targets": np.full((3, 2), np.inf, np.float16)}, "targets of toy have NaN or infinite numbers"),
        ({"classes": ("a", "")}, "class 1 of toy has the name ''; expected 1 to 200 characters"),
        ({"classes": ("a\nb", "c")}, r"class 0 of toy has the name 'a\\nb'"),
        ({"classes": ("a", "b" * 201)}, "class 1 of toy has the name 'b+…'"),
        ({"classes": ("a", "b", "a")}, "the classes 0 and 2 of toy have the same name, a"),
    ],
)
def test_invalid_data_sets_are_refused(changes, message):
    with pytest.raises(DataError, match=message):
        made(**changes)


def test_numbers_as_names_of_classes_become_text():
    assert made(classes=np.unique([7, 9])).classes == ("7", "9")
    assert made(classes=range(2)).classes == ("0", "1")


def test_sets_that_do_not_fit_are_refused():
    other = made(images=np.zeros((3, 5, 5), np.uint8))
    with pytest.raises(DataError, match="training and test images have different sizes: toy of 4×5 and toy of 5×5"):
        Splits(made(), other, "")
    with pytest.raises(DataError, match="different classes: class 1 is b in one and c in the other"):
        Splits(made(), made(classes=("a", "c")), "")
    with pytest.raises(DataError, match="class 2 is none in one and c in the other"):
        Splits(made(), made(classes=("a", "b", "c")), "")


def test_the_fingerprint_depends_on_every_bit(tiny):
    train, test = tiny
    assert len(tiny.fingerprint) == 64
    assert Splits(train, test, "elsewhere").fingerprint == tiny.fingerprint
    images, labels = test.images.copy(), test.labels.copy()
    images[-1, -1, -1] ^= 1
    labels[0] = (labels[0] + 1) % 10
    for other in (dataclasses.replace(test, images=images), dataclasses.replace(test, labels=labels)):
        assert Splits(train, other, "").fingerprint != tiny.fingerprint
    assert Splits(test, train, "").fingerprint != tiny.fingerprint


def test_a_sample_has_images_at_equal_distances(tiny):
    sample = tiny.train.sample(4)
    assert np.array_equal(sample.images, tiny.train.images[[0, 333, 666, 999]])
    assert np.array_equal(sample.labels, tiny.train.labels[[0, 333, 666, 999]])
    assert len(tiny.train.sample(2000)) == 1000


@pytest.mark.parametrize("shape", [(3, 2), (3, 2, 2)])
def test_targets_belong_to_the_images(shape):
    targets = np.arange(np.prod(shape), dtype=np.float16).reshape(shape)
    dataset = made(targets=targets)
    assert dataset.targets is targets
    assert np.array_equal(dataset.subset(np.array([2, 0])).targets, targets[[2, 0]])
    splits = Splits(made(), made(), "")
    with_targets = splits.with_targets(targets)
    assert (with_targets.train.targets is targets, with_targets.test) == (True, splits.test)
    assert with_targets.fingerprint == splits.fingerprint  # of images and labels; a run records targets by themselves


def test_digits_are_always_available(monkeypatch, tmp_path):
    first = load("digits")
    assert first.train.images.shape == (60_000, 28, 28)
    assert first.test.labels.dtype == np.int64
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "file"))
    again = load("Digits")
    assert again.source == "made on this machine"
    assert again.fingerprint == first.fingerprint


def test_a_data_set_of_another_shape_needs_only_its_entry(monkeypatch, tmp_path):
    contents = toy.make(6, 2, size=(4, 5))
    entry = toy.describe(contents, "http://name.invalid/")
    monkeypatch.setitem(CATALOGUE, "toy", entry)
    for file, content in zip(entry.files, contents, strict=True):
        (tmp_path / file.name).write_bytes(content)
    (tmp_path / entry.files[2].name).write_bytes(idx.dump(np.zeros((3, 4, 5), np.uint8)))
    with pytest.raises(DataError, match="holds 3 images; Toy has 2 images there"):
        load("toy", tmp_path)
    (tmp_path / entry.files[2].name).write_bytes(contents[2])
    train, test = load("toy", tmp_path)
    assert (entry.size, entry.num_train, entry.num_test) == ((4, 5), 6, 2)
    assert (train.images.shape, test.images.shape) == ((6, 4, 5), (2, 4, 5))


def test_fashion_mnist_is_the_published_one(real_data):
    train, test = lenet.data.load("fashion-mnist", real_data)
    assert (train.images.shape, test.images.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert train.classes[train.labels[0]] == "Ankle boot"
    assert np.bincount(train.labels).tolist() == [6_000] * 10
    assert train.images.mean() / 255 == pytest.approx(0.2860, abs=1e-4)


def test_real_data_loads_fast(real_data):
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        load("mnist", real_data)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 2


def test_auto_takes_fashion_mnist_if_it_is_there(real_data, monkeypatch):
    monkeypatch.setenv("LENET_DATA", str(real_data))
    splits = load()
    assert (splits.name, splits.notice) == ("fashion-mnist", None)
    assert splits.source == f"{real_data / 'fashion-mnist'}, LENET_DATA"


def test_auto_without_fashion_mnist_takes_the_digits_and_says_so(no_network):
    began = time.perf_counter()
    splits = load("auto")
    assert time.perf_counter() - began < 5
    assert splits.name == "digits"
    assert "Fashion-MNIST is not on this machine, and there is no network to download it" in splits.notice
    assert "Taking the built-in digits instead" in splits.notice
    assert "lenet data import DIR" in splits.notice
    with pytest.raises(DataUnavailable):
        load("fashion-mnist")


def test_auto_does_not_ignore_wrong_files(tmp_path, real_data):
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    for file in CATALOGUE["mnist"].files:
        (folder / f"{file.name}.gz").symlink_to(real_data / "mnist" / f"{file.name}.gz")
    with pytest.raises(DataError, match="holds MNIST, not Fashion-MNIST"):
        load("auto", tmp_path)
