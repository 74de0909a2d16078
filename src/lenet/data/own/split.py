"""Which of people's own images are the test images, where the data does not say: a fifth of each class, chosen by a seed."""

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Labels

TEST_SHARE = 0.2
_STREAM = 5  # keeps this generator's numbers apart from those of data/plan.py, augmentation and initial weights


def split(labels: Labels, groups: NDArray[np.int64], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide images into a training and a test set, a fifth of each class in the test set, at least one image in each.

    Args:
        labels: int64 (N,).
        groups: int64 (N,), equal for images that are the same or nearly so: they come to the same side.
        seed: Decides which.

    Returns:
        The numbers of the training and of the test images, both ascending.
    """
    counts = np.bincount(labels)
    wanted = np.maximum(1, np.rint(TEST_SHARE * counts)).astype(np.int64)
    left = counts - 1  # of a class, images that may leave the training set
    tested = np.zeros(len(counts), np.int64)
    is_test = np.zeros(len(labels), np.bool_)
    members: dict[int, list[int]] = {}
    for number, group in enumerate(groups.tolist()):
        members.setdefault(group, []).append(number)
    random = np.random.default_rng([_STREAM, seed])
    for group in random.permutation(np.array(list(members), np.int64)).tolist():
        of_class = np.bincount(labels[members[group]], minlength=len(counts))
        present = of_class > 0
        if (tested + of_class <= wanted)[present].all() and (of_class <= left)[present].all():
            is_test[members[group]] = True
            tested, left = tested + of_class, left - of_class
    for label in np.flatnonzero((tested == 0) & (counts > 1)).tolist():  # all of it is in groups of duplicates
        is_test[int(random.choice(np.flatnonzero(labels == label)))] = True
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)
