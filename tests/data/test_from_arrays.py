"""Data sets of arrays and tensors in the shapes and ranges that people have."""

import numpy as np
import pytest

import lenet
from lenet.errors import DataError

BYTES = np.random.default_rng(0).integers(0, 256, (20, 8, 6, 3), np.uint8)
LABELS = np.arange(20) % 2


@pytest.mark.parametrize(
    "images",
    [
        BYTES,
        BYTES.astype(np.int64),
        np.moveaxis(BYTES, 3, 1),
        BYTES / 255,
        (BYTES / 255).astype(np.float32),
        BYTES / 127.5 - 1,
        np.moveaxis(BYTES, 3, 1).astype(np.float64),
    ],
)
def test_ranges_and_channels(images):
    dataset = lenet.Dataset.from_arrays(images, LABELS)
    np.testing.assert_array_equal(dataset.images, BYTES)
    assert dataset.classes == ("0", "1")


@pytest.mark.parametrize("shape", [(-1, 1, 8, 6), (-1, 8, 6, 1), (-1, 8, 6)])
def test_grey_images(shape):
    dataset = lenet.Dataset.from_arrays(BYTES[..., 0].reshape(shape), LABELS, ("cat", "dog"), "pets")
    np.testing.assert_array_equal(dataset.images, BYTES[..., 0])
    assert (dataset.name, dataset.classes) == ("pets", ("cat", "dog"))


def test_flat_rows_and_grey_in_three_channels():
    rows = BYTES[:, :6, :6, 0].reshape(20, 36)
    assert lenet.Dataset.from_arrays(rows, LABELS).size == (6, 6)
    grey = np.repeat(BYTES[..., :1], 3, axis=3)
    assert lenet.Dataset.from_arrays(grey, LABELS).channels == 1


@pytest.mark.torch
def test_tensors():
    import torch

    images = torch.from_numpy(np.moveaxis(BYTES, 3, 1).copy()).float() / 255
    dataset = lenet.Dataset.from_arrays(images, torch.from_numpy(LABELS))
    np.testing.assert_array_equal(dataset.images, BYTES)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (LABELS.astype(np.float32), ("0", "1")),
        (LABELS[:, None], ("0", "1")),
        (np.eye(2)[LABELS], ("0", "1")),
        (np.where(LABELS, 7, 3), ("3", "7")),
        (np.where(LABELS, "class 10", "class 9"), ("class 9", "class 10")),
        (["dog" if label else "cat" for label in LABELS], ("cat", "dog")),
    ],
)
def test_labels(labels, classes):
    dataset = lenet.Dataset.from_arrays(BYTES, labels)
    assert dataset.classes == classes
    np.testing.assert_array_equal(dataset.labels, LABELS)


def test_sets_share_their_range_and_classes():
    dark = BYTES[:4] // 4 / 255
    splits = lenet.Splits.from_arrays((BYTES / 255, LABELS), (dark, LABELS[:4]), (dark, LABELS[:4]), classes=(4, 9))
    np.testing.assert_array_equal(splits.test.images, BYTES[:4] // 4)
    assert (splits.train.classes, len(splits.validation)) == (("4", "9"), 4)


def test_without_test_images_a_fifth_is_the_test():
    splits = lenet.Splits.from_arrays((BYTES, LABELS))
    assert (len(splits.train), len(splits.test)) == (16, 4)
    assert "means nothing" in splits.notice
    other = lenet.Splits.from_arrays((BYTES, LABELS), split_seed=1)
    assert other.fingerprint != splits.fingerprint


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (BYTES[0, 0], LABELS, "the images of arrays have the shape (6, 3)"),
        (BYTES[..., :2], LABELS, "the images of arrays have the shape (20, 8, 6, 2)"),
        (np.full((20, 8, 6), np.nan), LABELS, "the images of arrays holds values that are NaN, infinite"),
        (BYTES, LABELS + 0.5, "the labels of arrays are not whole numbers"),
        (BYTES, LABELS[:5], "arrays has 20 images but 5 labels"),
        (BYTES, np.zeros((20, 2)), "the labels of arrays have rows with several classes or none"),
    ],
)
def test_what_makes_no_sense_is_refused(images, labels, message):
    with pytest.raises(DataError) as caught:
        lenet.Dataset.from_arrays(images, labels)
    assert message in caught.value.message


def test_halves_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="the images have different shapes"):
        lenet.Splits.from_arrays((BYTES, LABELS), (BYTES[:, :5], LABELS))
    with pytest.raises(DataError, match="expected a pair of images and labels"):
        lenet.Splits.from_arrays(BYTES)
