"""Which images the page holds: the worst mistakes, some of every confused pair, some of every class.

    positions = choose(labels, predicted, losses, count=1000)

The same numbers give the same images in the same order.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images, Labels

MOST, MOST_TRAIN = 1000, 300  # images of the test set, and of the training set for the nearest ones
BUDGET = 720_000  # bytes that the page may take for test images: 1,000 of Fashion-MNIST take 600,000
SAMPLE = 64  # images whose size is measured
MISTAKES = 0.75  # of the images that may be mistakes, if there are that many; half of them the worst ones
BASE64 = 4 / 3


def choose(
    labels: Labels, predicted: Labels, losses: NDArray[np.float64], count: int, first: Labels | None = None
) -> NDArray[np.int64]:
    """Choose test images: mistakes in the order of their loss, the largest first, then correct ones, class by class.

    Args:
        labels: int64 (N,), the true classes.
        predicted: int64 (N,), the classes that the network answers.
        losses: float64 (N,), of each image.
        count: how many images to choose, if there are so many.
        first: positions that are chosen in any case, such as images on which two networks disagree.

    Returns:
        Positions in the test set, int64 (at most count,).
    """
    wrong = np.flatnonzero(predicted != labels)
    wrong = wrong[np.argsort(-losses[wrong], kind="stable")]
    quota = min(len(wrong), int(MISTAKES * count))
    worst, rest = wrong[: quota // 2], wrong[quota // 2 :]
    classes = int(max(labels.max(), predicted.max())) + 1
    of_pairs = rest[interleaved(labels[rest] * classes + predicted[rest])]
    correct = np.flatnonzero(predicted == labels)
    correct = correct[interleaved(labels[correct])]
    order = [first if first is not None else wrong[:0], worst, of_pairs[: quota - len(worst)], correct, of_pairs]
    kept = _distinct(np.concatenate(order))[:count]
    is_wrong = predicted[kept] != labels[kept]
    mistakes, others = kept[is_wrong], kept[~is_wrong]
    by_loss = mistakes[np.argsort(-losses[mistakes], kind="stable")]
    return np.concatenate([by_loss, others]).astype(np.int64)


def interleaved(groups: Labels) -> NDArray[np.int64]:
    """Return an order in which the first of each group come first, then the second ones, and so on.

    Args:
        groups: int64 (N,), the group of each.

    Returns:
        int64 (N,), the positions in that order.
    """
    order = np.argsort(groups, kind="stable")
    sorted_groups = groups[order]
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - np.searchsorted(sorted_groups, sorted_groups)
    return np.argsort(ranks, kind="stable")


def affordable(images: Images, most: int = MOST) -> int:
    """Return how many images of a set fit into the budget of the page, at least one of two dozen.

    Args:
        images: uint8 (N, height, width) or (N, height, width, 3).
        most: how many to take at most.
    """
    sample = images[np.linspace(0, len(images) - 1, min(SAMPLE, len(images))).astype(np.int64)]
    each = len(zlib.compress(sample.tobytes(), 9)) * BASE64 / len(sample)
    return min(len(images), most, max(24, int(BUDGET / each)))


def _distinct(positions: Labels) -> Labels:
    """The positions without those that were there before, in their order."""
    _, places = np.unique(positions, return_index=True)
    distinct: Labels = positions[np.sort(places)]
    return distinct
