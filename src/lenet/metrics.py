"""The numbers by which classifiers are judged, computed in float64 from logits and labels."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 1 << 17  # images whose logits are in memory
NUM_BINS = 15  # of the expected calibration error, as published ones mostly have


def softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Return the probabilities of the classes.

    Args:
        logits: float (N, num_classes), finite.

    Returns:
        float64 (N, num_classes); each row adds up to 1.
    """
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    probabilities: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities


def losses(logits: NDArray[Any], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the cross-entropy loss of each image.

    Args:
        logits: float (N, num_classes). Infinite logits give a loss of NaN.
        labels: int64 (N,).

    Returns:
        float64 (N,).
    """
    values = logits.astype(np.float64)
    largest = values.max(axis=1)
    own = values[np.arange(len(labels)), labels]
    with np.errstate(invalid="ignore"):  # of infinite logits; the caller looks for a loss that is not finite
        of_images: NDArray[np.float64] = np.log(np.exp(values - largest[:, None]).sum(axis=1)) + largest - own
    return of_images


def loss_and_accuracy(logits: NDArray[Any], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Return the mean cross-entropy loss and the accuracy.

    Args:
        logits: float (N, num_classes). Infinite logits give a loss of NaN.
        labels: int64 (N,).
    """
    loss = float(losses(logits, labels).sum()) / len(labels)
    return loss, int((logits.argmax(axis=1) == labels).sum()) / len(labels)


def measured_in_parts(
    compute: Callable[[NDArray[np.uint8]], NDArray[Any]], images: NDArray[np.uint8], labels: NDArray[np.int64]
) -> tuple[float, float, NDArray[np.int64]]:
    """Return the loss and the accuracy as `loss_and_accuracy`, and the predicted classes, without all logits in memory.

    Args:
        compute: gives the logits of images.
        images: uint8 (N, …).
        labels: int64 (N,).

    Returns:
        Mean loss, accuracy, and int64 (N,).
    """
    values, predicted = np.empty(len(labels)), np.empty(len(labels), np.int64)
    for start in range(0, len(labels), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        logits = compute(images[part])
        values[part], predicted[part] = losses(logits, labels[part]), logits.argmax(axis=1)
    return float(values.sum()) / len(labels), int((predicted == labels).sum()) / len(labels), predicted


def confusion_matrix(labels: NDArray[np.int64], predicted: NDArray[np.int64], num_classes: int) -> NDArray[np.int64]:
    """Count the images of each true class and predicted class.

    Args:
        labels: int64 (N,), the true classes.
        predicted: int64 (N,).
        num_classes: how many classes there are.

    Returns:
        int64 (num_classes, num_classes): a row for each true class, a column for each predicted one.
    """
    counts = np.bincount(labels * num_classes + predicted, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def calibration_error(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the expected calibration error: by how much confidence and accuracy differ (Guo et al., 2017, arXiv 1706.04599).

    Images are put into 15 bins of equal width by the probability of their predicted class; the differences between a bin's
    mean probability and its accuracy are averaged, weighted by its images.

    Args:
        probabilities: float64 (N, num_classes), N at least 1.
        labels: int64 (N,).

    Returns:
        From 0 to 1.
    """
    return float(np.abs(surplus_of_bins(probabilities, labels)).sum() / len(labels))


def surplus_of_bins(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], before: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Add up by how much confidence exceeds accuracy in the bins of the expected calibration error.

    Args:
        probabilities: float64 (N, num_classes).
        labels: int64 (N,).
        before: float64 (15,), what other images add up to; the sums are those of all images at once, to the last bit.

    Returns:
        float64 (15,).
    """
    confidence = probabilities.max(axis=1)
    surplus = confidence - (probabilities.argmax(axis=1) == labels)
    bins = np.minimum((confidence * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    if before is not None:
        bins, surplus = np.concatenate([np.arange(NUM_BINS), bins]), np.concatenate([before, surplus])
    return np.bincount(bins, surplus, NUM_BINS).astype(np.float64, copy=False)


def reliability_bins(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Compare confidence and accuracy in the bins of the expected calibration error.

    Args:
        probabilities: float64 (N, num_classes).
        labels: int64 (N,).

    Returns:
        float64 (15, 3): for each bin the number of its images, their mean probability of the predicted class, and their
        accuracy; zeros for a bin without images.
    """
    confidence = probabilities.max(axis=1)
    bins = np.minimum((confidence * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    counts = np.bincount(bins, minlength=NUM_BINS)
    sums = [np.bincount(bins, each, NUM_BINS) for each in (confidence, probabilities.argmax(axis=1) == labels)]
    return np.stack([counts, *(each / np.maximum(counts, 1) for each in sums)], axis=1)
