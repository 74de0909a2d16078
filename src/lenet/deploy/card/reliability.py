"""How far the probabilities of a network can be believed: accuracy beside confidence, and the expected calibration error."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NUM_BINS = 15  # of equal width, as in "On Calibration of Modern Neural Networks" (Guo et al., 2017)


@dataclass(frozen=True)
class Bin:
    """Images whose confidence, the probability of the answer, lies in an interval.

    Attributes:
        low: where the interval begins.
        high: where it ends; the end belongs to it.
        num_images: how many there are.
        confidence: their mean confidence.
        accuracy: share of them that are classified correctly.
    """

    low: float
    high: float
    num_images: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Reliability:
    """Confidence and accuracy on a set of images.

    Attributes:
        bins: the intervals that have images, in order.
        error: expected calibration error: the mean distance of accuracy and confidence, over all images.
        confidence: mean confidence.
        accuracy: share of images classified correctly.
    """

    bins: tuple[Bin, ...]
    error: float
    confidence: float
    accuracy: float


def reliability(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> Reliability:
    """Measure how far probabilities can be believed.

    Args:
        probabilities: float64 (N, num_classes).
        labels: int64 (N,).
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    numbers = np.clip(np.ceil(confidence * NUM_BINS).astype(int) - 1, 0, NUM_BINS - 1)
    bins = []
    for number in range(NUM_BINS):
        chosen = numbers == number
        if count := int(chosen.sum()):
            means = float(confidence[chosen].mean()), float(correct[chosen].mean())
            bins.append(Bin(number / NUM_BINS, (number + 1) / NUM_BINS, count, *means))
    error = sum(each.num_images * abs(each.confidence - each.accuracy) for each in bins) / len(labels)
    return Reliability(tuple(bins), error, float(confidence.mean()), float(correct.mean()))
