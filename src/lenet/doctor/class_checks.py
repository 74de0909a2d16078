"""Checks of the classes and labels of people's own images: how many, where, and whether they belong to the images."""

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Dataset
from lenet.data.mapped import positions, scratch
from lenet.data.own.stacked import taken_images
from lenet.data.own.survey import Survey
from lenet.doctor import data_checks
from lenet.doctor.finding import Finding
from lenet.doctor.observation import Observation
from lenet.doctor.wording import NAMED, count, listed

FEW = 20  # images of a class: with fewer the accuracy on a fifth of them means little
IMBALANCE = 5.0  # of the largest class to the smallest
ENOUGH_TO_COMPARE = 200  # images: with fewer, labels may fit by chance


def unlabelled(survey: Survey) -> Finding | None:
    """Images without a class."""
    number = survey.coded.count(None)
    if not number:
        return None
    images = survey.coded.positions(np.array([label is None for label in survey.coded.labels]))
    names = [survey.items[i].name for i in images[:NAMED].tolist()]
    return Finding(
        "unlabelled",
        f"{count(number, 'image')} without a class",
        {"images": listed(names, number)},
        "put them into the folder of a class, or give them a label; test images without labels are left out",
    )


def too_few(survey: Survey) -> Finding | None:
    """Too few classes, or too few images of one."""
    classes = survey.collection.classes
    counts = _counts(survey)
    smallest = int(counts.min()) if len(classes) else 0
    evidence = {"classes": len(classes), "images of the smallest": smallest}
    if len(classes) < 2:
        what = f"there is one class, {classes[0]}" if classes else "there are no classes"
        return Finding("too-few", f"{what}; expected at least two", evidence, "one folder for each class")
    if smallest >= FEW:
        return None
    name = classes[int(counts.argmin())]
    if smallest < 2:
        return Finding(
            "too-few", f"class {name} has one image; expected at least two", evidence, "add images, or delete the class"
        )
    return Finding(
        "too-few",
        f"class {name} has {smallest} images: the accuracy on a fifth of them means little",
        evidence,
        f"add images, to at least {FEW} of each class",
    )


def missing_in_a_split(survey: Survey) -> Finding | None:
    """Classes that only one split has."""
    names = [name for name in ("train", "test") if name in survey.splits]
    if len(names) < 2:
        return None
    train, test = (survey.counts(name) for name in names)
    if not train.any() or not test.any():
        return None  # images without labels, as in Kaggle's test.csv
    only_test, only_train = np.flatnonzero((train == 0) & (test > 0)), np.flatnonzero((train > 0) & (test == 0))
    if not len(only_test) and not len(only_train):
        return None
    classes = survey.collection.classes
    parts = [
        f"{where} images alone: {listed([classes[label] for label in labels])}"
        for where, labels in (("test", only_test), ("training", only_train))
        if len(labels)
    ]
    return Finding(
        "missing-in-a-split",
        f"{count(len(only_test) + len(only_train), 'class', 'classes')} in only one of the splits",
        {"classes": "; ".join(parts)},
        "give each class images in both, under the same name",
    )


def imbalance(survey: Survey) -> Finding | None:
    """Classes of very different size."""
    counts = _counts(survey)
    if len(counts) < 2 or counts.max() < IMBALANCE * max(1, counts.min()):
        return None
    names = survey.collection.classes
    largest, smallest = int(counts.argmax()), int(counts.argmin())
    return Finding(
        "imbalance",
        f"class {names[largest]} has {counts.max() / max(1, counts.min()):,.1f} times as many images as {names[smallest]}",
        {names[largest]: int(counts.max()), names[smallest]: int(counts.min())},
        "--class-weights balanced makes each class count alike; or add images of the small ones",
    )


def labels_of_arrays(survey: Survey) -> Finding | None:
    """Labels that were moved or shifted, as where two files are read side by side."""
    if survey.collection.arrays is None or len(survey.items) < ENOUGH_TO_COMPARE:
        return None
    small = survey.thumbnails if survey.thumbnails.ndim == 3 else survey.thumbnails[..., 1]
    labelled = survey.labels >= 0
    parts = [survey.in_split(split) & labelled for split in ("train", "test")]
    if not parts[0].any():
        parts[0] = labelled
    train, test = (_of_part(survey, small, part) for part in parts)
    seen = Observation(train=train, test=test)
    checks = (data_checks.labels_misaligned, data_checks.labels_shifted_by_means)
    return next((finding for finding in (check(seen) for check in checks) if finding), None)


def _counts(survey: Survey) -> NDArray[np.int64]:
    """The images of each class, in all splits."""
    counts: NDArray[np.int64] = np.sum(
        [survey.counts(split) for split in survey.splits], axis=0, initial=0, dtype=np.int64
    )
    return counts


def _of_part(survey: Survey, small: NDArray[np.uint8], part: NDArray[np.bool_]) -> Dataset | None:
    """The thumbnails of some images as a data set; the array itself where they are one stretch of it."""
    chosen = positions(part)
    if not len(chosen):
        return None
    if chosen[-1] - chosen[0] + 1 == len(chosen):
        stretch = slice(int(chosen[0]), int(chosen[-1]) + 1)
        return Dataset("the data", small[stretch], survey.labels[stretch], survey.collection.classes)
    labels = scratch(chosen.shape, np.int64)
    labels[:] = survey.labels[chosen]
    return Dataset("the data", taken_images(small, chosen), labels, survey.collection.classes)
