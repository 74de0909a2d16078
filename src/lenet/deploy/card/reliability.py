"""Accuracy beside confidence, in the bins of the expected calibration error (`lenet.metrics.calibration_error`)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.metrics import NUM_BINS


@dataclass(frozen=True)
class Bin:
    """Images whose confidence, the probability of the answer, lies in an interval.

    Attributes:
        low: where the interval begins.
        high: where it ends.
        num_images: how many there are.
        confidence: their mean confidence.
        accuracy: share of them that are classified correctly.
    """

    low: float
    high: float
    num_images: int
    confidence: float
    accuracy: float


def confidence_bins(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[Bin, ...]:
    """Return the bins that have images, in order.

    Args:
        probabilities: float64 (N, num_classes).
        labels: int64 (N,).
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    numbers = np.minimum((confidence * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    bins = []
    for number in np.unique(numbers).tolist():
        chosen = numbers == number
        means = float(confidence[chosen].mean()), float(correct[chosen].mean())
        bins.append(Bin(number / NUM_BINS, (number + 1) / NUM_BINS, int(chosen.sum()), *means))
    return tuple(bins)
