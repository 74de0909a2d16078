"""Which of people's own images are trained on, and which are the test: as the data say, else a fifth of each class is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Labels
from lenet.data.mapped import parts, positions, scratch
from lenet.data.own.row_items import Coded
from lenet.errors import DataError

Indices = NDArray[np.int64]

TEST_SHARE = 0.2
FEW, SOME = 30, 100  # test images: below, the accuracy means nothing, or is uncertain by five points and more
_STREAM = 5  # keeps this generator's numbers apart from those of data/plan.py, augmentation and initial weights


@dataclass(frozen=True, eq=False)
class Parts:
    """Which images belong to which set.

    Attributes:
        train: int64, the numbers of the training images, ascending.
        validation: int64, those of the validation images; empty if there are none.
        test: int64, those of the test images.
        notes: sentences for the user about what was decided.
    """

    train: Indices
    validation: Indices
    test: Indices
    notes: tuple[str, ...] = ()


def parts_of(given: Coded, labels: Labels, groups: Callable[[], tuple[Indices, Indices]], seed: int) -> Parts:
    """Divide a collection as its data say, else by the seed.

    Args:
        given: The split of each image: "train", "validation", "test" or None.
        labels: int64 (N,).
        groups: Gives, each int64 (N,), the first image that is equal to each one, and the first that is equal or nearly so;
            called only where the data do not say what the test is.
        seed: Decides which images are the test.

    Raises:
        DataError: There are no training images.
    """
    names = (("train", None), ("validation",), ("test",))
    train, validation, test = (positions(given.in_split(*each)) for each in names)
    if len(train) == 0:
        raise DataError("the data have no training images", hint="put them into a folder train, beside the others")
    if len(test):
        return Parts(train, validation, test)
    if len(validation):
        note = "there are no test images, so the validation images are the test, and decide nothing"
        return Parts(train, validation[:0], validation, (note,))
    train, test = split(labels, *groups(), seed)
    return Parts(train, validation, test)


def split(labels: Labels, same: Indices, near: Indices, seed: int) -> tuple[Indices, Indices]:
    """Divide images into a training and a test set, a fifth of each class in the test set, at least one image in each.

    Args:
        labels: int64 (N,).
        same: int64 (N,), the first image that is equal to each one.
        near: int64 (N,), the first image that is equal to each one or nearly so: these come to the same side. Where all of a
            class are nearly the same, only equal ones do; where all are equal, one of them is the test.
        seed: Decides which.

    Returns:
        The numbers of the training and of the test images, both ascending.
    """
    owners = scratch(labels.shape, np.int64)  # of copies with several labels: that of the first
    for part in parts(labels.shape, labels.itemsize):
        owners[part] = labels[near[part]]
    is_test = np.zeros(len(labels), np.bool_)
    for label in range(int(labels.max()) + 1):
        members = positions(owners == label)
        if len(members) == 0:
            continue  # each is a copy of another class's
        first = near[members]
        first = same[members] if (first == first[0]).all() else first
        first = members if (first == first[0]).all() else first
        groups, sizes = np.unique(first, return_counts=True)
        order = np.random.default_rng([_STREAM, seed, label]).permutation(len(groups))
        wanted = max(1, round(TEST_SHARE * len(members)))
        is_test[members[np.isin(first, _taken(groups[order], sizes[order], wanted))]] = True
    return positions(~is_test), positions(is_test)


def warnings(num_test: int) -> list[str]:
    """Return what to say of so few test images that the accuracy means little, if they are few."""
    if num_test >= SOME:
        return []
    images = "is one test image" if num_test == 1 else f"are {num_test:,} test images"
    if num_test < FEW:
        return [f"there {images}: the test accuracy means nothing, as one image is {100 / num_test:.3g} points of it"]
    error = 100 * (0.25 / num_test) ** 0.5
    return [f"there {images}: the test accuracy is uncertain by up to {error:.0f} percentage points"]


def _taken(groups: Indices, sizes: Indices, wanted: int) -> Indices:
    """Groups, in their order, that together have about so many images; at least one, and never all."""
    if len(groups) < 2:
        return groups[:0]
    chosen: list[int] = []
    count = 0
    for number, size in enumerate(sizes.tolist()):
        if count + size <= wanted and len(chosen) < len(groups) - 1:
            chosen.append(number)
            count += size
        if count == wanted:
            break
    return groups[chosen] if chosen else groups[[int(sizes.argmin())]]
