"""Checks of the data before the first step. docs/doctor.md has the measurements behind the thresholds."""

import math

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Dataset, Labels
from lenet.data.duplicates import among
from lenet.doctor.finding import Finding
from lenet.doctor.observation import Observation
from lenet.metrics import confusion_matrix

SHARED = 0.001  # share of the test images; Fashion-MNIST, MNIST and the digits have none in both sets
SAMPLE = 2000  # images: enough to tell a class by its mean image, in milliseconds
ROLLS = (-3, -2, -1, 1, 2, 3)  # positions by which labels are tried beside their images
EVIDENT = 0.25  # smallest gain in accuracy, or in agreement, that counts as evidence
AT_ONCE = 1 << 20  # labels counted at a time, so that a copy of them is small
FEW = 10  # images a class: with fewer, all may agree by chance
MAJORITY = 0.5  # of the images, and of the classes: random labels never agree this often


def shared_images(observation: Observation) -> Finding | None:
    """Test images that are also training images, byte for byte."""
    train, test = observation.train, observation.test
    if train is None or test is None:
        return None
    count = int(among(test.images, train.images).sum())
    if count <= SHARED * len(test):
        return None
    return Finding(
        "test-in-train",
        f"{count:,} of the {len(test):,} test images are also training images, so the test accuracy is too high",
        {"test images": len(test), "in the training set": count},
        "remove them from one of the two sets",
    )


def labels_misaligned(observation: Observation) -> Finding | None:
    """Labels that belong to an image some positions away: class means fit the images only when the labels are rolled."""
    if observation.train is None or len(observation.train.labels) < max(2, FEW * len(observation.train.classes)):
        return None
    images, labels = observation.train.images, observation.train.labels
    sample = np.linspace(0, len(labels) - 1, min(SAMPLE, len(labels))).astype(np.int64)
    pixels = images[sample].reshape(len(sample), -1).astype(np.float32)

    def accuracy(roll: int) -> float:
        rolled = labels[(sample + roll) % len(labels)]
        return float((nearest_mean(pixels[::2], rolled[::2], pixels[1::2]) == rolled[1::2]).mean())

    as_given = accuracy(0)
    if as_given > np.bincount(labels).max() / len(labels) + EVIDENT:
        return None
    rolled = {roll: accuracy(roll) for roll in ROLLS}
    best = max(ROLLS, key=lambda roll: rolled[roll])
    if rolled[best] < as_given + EVIDENT:
        return None
    return Finding(
        "labels-misaligned",
        f"each label seems to belong to the image {abs(best)} {'after' if best < 0 else 'before'} its own",
        {"accuracy of the nearest class mean": as_given, f"with the labels moved by {best:+d}": rolled[best]},
        "check how images and labels are read: a header of another size, a lost first line, two lists sorted differently",
    )


def labels_shifted_by_means(observation: Observation) -> Finding | None:
    """Test labels that are the training labels plus a constant, by the nearest class mean."""
    train, test = observation.train, observation.test
    if train is None or test is None or train.images.shape[1:] != test.images.shape[1:]:
        return None
    return shifted(_confusion_by_means(train, test))


def labels_shifted(observation: Observation) -> Finding | None:
    """Test labels that are the training labels plus a constant, by the network's predictions."""
    return None if observation.confusion is None else shifted(observation.confusion)


def shifted(confusion: NDArray[np.int64]) -> Finding | None:
    """Return a finding if predictions are the labels minus a constant.

    More than half of the classes must agree, each by its most frequent prediction: one constant prediction is no shift.

    Args:
        confusion: int64 (num_classes, num_classes), true classes down.
    """
    num_classes, total = len(confusion), int(confusion.sum())
    if total < FEW * num_classes:
        return None
    classes = np.arange(num_classes)
    agreement = [
        float(confusion[(classes + shift) % num_classes, classes].sum()) / total for shift in range(num_classes)
    ]
    best = int(np.argmax(agreement))
    if best == 0 or agreement[best] < max(MAJORITY, agreement[0] + EVIDENT):
        return None
    present = np.flatnonzero(confusion.sum(axis=1))
    agree = int((confusion[present].argmax(axis=1) == (present - best) % num_classes).sum())
    if agree < 2 or agree <= MAJORITY * len(present):
        return None
    return Finding(
        "labels-shifted",
        f"the labels of the test set seem to be those of the training set plus {best} (modulo {num_classes})",
        {"accuracy": agreement[0], f"with the labels minus {best}": agreement[best], "classes that agree": agree},
        "number the classes alike in both sets",
    )


def labels_from_one(observation: Observation) -> Finding | None:
    """Labels in which every class but class 0 has images."""
    if observation.train is None:
        return None
    num_classes = len(observation.train.classes)
    counts = np.bincount(observation.train.labels, minlength=num_classes)
    if num_classes < 3 or counts[0] or not counts[1:].all():
        return None
    return Finding(
        "labels-from-one",
        "class 0 has no images and every other class has some: the labels seem to count from 1",
        {"images of class 0": 0, "classes": num_classes},
        "subtract 1 from the labels, and name one class less",
    )


def unshuffled(observation: Observation) -> Finding | None:
    """Training labels that come in stretches of one class."""
    labels = observation.order
    if labels is None or len(labels) < 2:
        return None
    counts, same = np.zeros(int(labels.max()) + 1, np.int64), 0
    for start in range(0, len(labels), AT_ONCE):
        part, following = labels[start : start + AT_ONCE], labels[start + 1 : start + AT_ONCE + 1]
        counts += np.bincount(part, minlength=len(counts))
        same += int((part[: len(following)] == following).sum())
    expected, repeated = float(((counts / len(labels)) ** 2).sum()), same / (len(labels) - 1)
    if repeated < expected + _evident(len(labels) - 1):
        return None
    return Finding(
        "unshuffled",
        "the training images come in stretches of one class, so each step unlearns the other classes",
        {"same class as the image before": repeated, "in a shuffled order": expected},
        "shuffle the training set anew in each epoch",
    )


def nearest_mean(known: NDArray[np.float32], labels: Labels, images: NDArray[np.float32]) -> Labels:
    """Return the class (M,) whose mean row of `known` (N, D) is nearest to each row of `images` (M, D)."""
    classes = np.unique(labels)
    means = np.stack([known[labels == label].mean(axis=0) for label in classes])
    nearest: Labels = classes[(images @ means.T - (means**2).sum(1) / 2).argmax(1)]
    return nearest


def _confusion_by_means(train: Dataset, test: Dataset) -> NDArray[np.int64]:
    """The confusion matrix of the nearest class mean, on some images of each set."""
    samples = [np.linspace(0, len(part) - 1, min(SAMPLE, len(part))).astype(np.int64) for part in (train, test)]
    known, images = (
        part.images[sample].reshape(len(sample), -1).astype(np.float32)
        for part, sample in zip((train, test), samples, strict=True)
    )
    predicted = nearest_mean(known, train.labels[samples[0]], images)
    return confusion_matrix(test.labels[samples[1]], predicted, len(train.classes))


def _evident(count: int) -> float:
    """The smallest gain that counts as evidence: of few images, three standard errors of a share."""
    return max(EVIDENT, 3 * math.sqrt(0.25 / count))
