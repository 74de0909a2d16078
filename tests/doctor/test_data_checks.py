"""Each check of the data: on faulty data, on good data, and just this side of its threshold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.data.dataset import Dataset
from lenet.data.duplicates import among
from lenet.doctor.data_checks import (
    ROLLS,
    labels_from_one,
    labels_misaligned,
    shared_images,
    shifted,
    unshuffled,
)
from lenet.doctor.observation import Observation


def counting(num_images, seed=0, size=28):
    return np.random.default_rng(seed).integers(0, 256, (num_images, size, size), dtype=np.uint8)


def confusion(diagonal, elsewhere=1):
    return np.full((10, 10), elsewhere) + np.diag(np.full(10, diagonal))


def dataset(images, labels=None, num_classes=10):
    labels = np.zeros(len(images), np.int64) if labels is None else labels
    return Dataset("made up", images, labels, tuple(map(str, range(num_classes))))


def shared(train, test):
    return shared_images(Observation(train=dataset(train), test=dataset(test)))


def misaligned(images, labels):
    return labels_misaligned(Observation(train=dataset(images, labels)))


def from_one(labels, num_classes):
    images = np.zeros((len(labels), 2, 2), np.uint8)
    train = Dataset("made up", images, labels % num_classes, tuple(map(str, range(num_classes))))
    return labels_from_one(Observation(train=train))


def in_stretches(labels):
    return unshuffled(Observation(order=labels))


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 5), st.data())
def test_shared_images_are_counted_exactly(num_train, num_test, size, data):
    """Whatever their size, also of images that differ in one byte alone."""
    train = counting(num_train, 1, size)
    picks = data.draw(
        st.lists(st.one_of(st.none(), st.integers(0, num_train - 1)), min_size=num_test, max_size=num_test)
    )
    test = np.stack([train[0] ^ np.uint8(1) if pick is None else train[pick] for pick in picks])
    known = {image.tobytes() for image in train}
    assert among(test, train).tolist() == [image.tobytes() in known for image in test]


def test_images_in_both_sets_are_found_from_one_in_a_thousand_on():
    train, test = counting(3000, 1), counting(2000, 2)
    assert shared(train, test) is None
    test[:2] = train[5:7]
    assert shared(train, test) is None
    test[-1] = train[-1]
    finding = shared(train, test)
    assert finding.name == "test-in-train"
    assert finding.evidence["in the training set"] == 3
    assert "3 of the 2,000" in finding.message


@pytest.mark.parametrize("roll", ROLLS)
def test_labels_some_places_off_are_found(tiny, roll):
    finding = misaligned(tiny.train.images, np.roll(tiny.train.labels, roll))
    assert finding.name == "labels-misaligned"
    assert f"image {abs(roll)} {'before' if roll > 0 else 'after'} its own" in finding.message


def test_labels_in_their_places_or_of_no_sense_are_not_misaligned(tiny):
    images, labels = tiny.train.images, tiny.train.labels
    assert misaligned(images, labels) is None
    assert misaligned(images, np.random.default_rng(0).permutation(labels)) is None
    assert misaligned(images[:1], labels[:1]) is None
    assert misaligned(images, np.sort(labels)) is None
    assert misaligned(images, np.zeros_like(labels)) is None


@given(st.integers(0, 9), st.integers(2, 50))
def test_labels_plus_a_constant_are_found(by, sure):
    finding = shifted(np.roll(confusion(sure * 10), by, axis=0))
    assert (finding is None) == (by == 0)
    if finding:
        assert finding.name == "labels-shifted"
        assert f"plus {by} (modulo 10)" in finding.message


def test_a_confusion_of_guesses_or_of_nothing_is_not_shifted():
    guessing = np.zeros((10, 10), np.int64)
    guessing[:, 3] = 100
    assert shifted(guessing) is None
    assert shifted(np.zeros((10, 10), np.int64)) is None
    assert shifted(np.roll(np.eye(10, dtype=np.int64) * 9, 1, axis=0)) is None  # nine images of each
    assert shifted(np.roll(np.eye(10, dtype=np.int64) * 10, 1, axis=0)).name == "labels-shifted"


@given(st.integers(2, 12), st.integers(0, 11), st.integers(0, 11), st.integers(1, 99))
def test_one_constant_answer_is_no_shift(num_classes, answer, largest, share):
    """Whatever is answered, and however many images are of one class."""
    counts = np.zeros((num_classes, num_classes), np.int64)
    counts[:, answer % num_classes] = 20
    counts[largest % num_classes, answer % num_classes] = 20 * num_classes * share
    assert shifted(counts) is None


def test_some_classes_that_disagree_do_not_hide_a_shift():
    counts = np.roll(confusion(100), 2, axis=0)
    counts[:3] = np.roll(counts[:3], 1, axis=1)
    assert shifted(counts).evidence["classes that agree"] == 7
    counts[3:5] = np.roll(counts[3:5], 1, axis=1)
    assert shifted(counts) is None


def test_labels_from_one():
    labels = np.arange(1, 11).repeat(5)
    assert from_one(labels, 11).name == "labels-from-one"
    assert from_one(labels - 1, 10) is None
    assert from_one(labels, 12) is None  # a class at the end without images: nothing is shifted
    assert from_one(np.ones(5, np.int64), 2) is None


@given(st.integers(2, 20), st.integers(0, 2**32))
def test_an_order_is_unshuffled_if_classes_come_in_stretches(num_classes, seed):
    labels = np.arange(num_classes).repeat(200)
    assert in_stretches(labels).name == "unshuffled"
    assert in_stretches(np.random.default_rng(seed).permutation(labels)) is None
    assert in_stretches(labels[:1]) is None
    assert in_stretches(np.zeros(50, np.int64)) is None  # one class has one order


def test_few_images_prove_little():
    """Of eight images of two classes, many orders have stretches, and many rolls of the labels look better by chance."""
    random = np.random.default_rng(0)
    labels = np.arange(8) % 2
    assert all(in_stretches(random.permutation(labels)) is None for _ in range(200))
    assert in_stretches(np.arange(40) // 20).name == "unshuffled"
    assert all(misaligned(counting(8, seed), random.permutation(labels)) is None for seed in range(100))
