"""The numbers of an evaluation, collected some images at a time: those that all images together give, to the last bit."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lenet.analysis.evaluated import Reliability
from lenet.analysis.judge import Judge, Judgement
from lenet.data.dataset import Dataset, Labels
from lenet.data.mapped import scratch
from lenet.metrics import NUM_BINS, confusion_matrix, losses, softmax, surplus_of_bins

AT_ONCE = 1 << 16  # images whose logits and probabilities are in memory
MAX_MISTAKES = 100  # that are kept


class Worst(NamedTuple):
    """The misclassified images with the highest probabilities, these first.

    Args:
        indices: int64 (M,), the images.
        predicted: int64 (M,), the classes.
        probabilities: float64 (M,).
    """

    indices: Labels
    predicted: Labels
    probabilities: NDArray[np.float64]


class Measurement:
    """How a trained network does on a set of images.

    Args:
        judge: computes what the network answers.
        dataset: the images, with the network's classes.

    Attributes:
        loss: mean cross-entropy of the logits.
        accuracy: share of images whose largest logit is that of their class.
        confusion: int64 (num_classes, num_classes).
        worst: the most confident errors.
        reliability: how far the probabilities can be trusted, and how many images are known.
    """

    def __init__(self, judge: Judge, dataset: Dataset) -> None:
        num_classes = len(dataset.classes)
        self.confusion = np.zeros((num_classes, num_classes), np.int64)
        self.worst = Worst(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        self._surplus, self._uncalibrated = np.zeros(NUM_BINS), np.zeros(NUM_BINS)
        self._correct = self._known = self._accepted = 0
        count = len(dataset)
        of_images = scratch((count,), np.float64)
        for start in range(0, count, AT_ONCE):
            part = slice(start, min(start + AT_ONCE, count))
            judgement, labels = judge(dataset.images[part]), dataset.labels[part]
            of_images[part] = losses(judgement.logits, labels)
            self._correct += int((judgement.logits.argmax(axis=1) == labels).sum())
            self._add(judgement, labels, start)
        self.loss = float(of_images.sum()) / count
        self.accuracy = self._correct / count
        self.reliability = self._reliability(judge, count)

    def _add(self, judgement: Judgement, labels: Labels, start: int) -> None:
        probabilities = judgement.probabilities
        predicted = probabilities.argmax(axis=1)
        self.confusion += confusion_matrix(labels, predicted, len(self.confusion))
        wrong = np.flatnonzero(predicted != labels)
        indices = np.concatenate([self.worst.indices, start + wrong])
        confident = np.concatenate([self.worst.probabilities, probabilities[wrong, predicted[wrong]]])
        order = np.argsort(-confident, kind="stable")[:MAX_MISTAKES]
        classes = np.concatenate([self.worst.predicted, predicted[wrong]])
        self.worst = Worst(indices[order], classes[order], confident[order])
        self._surplus = surplus_of_bins(probabilities, labels, self._surplus)
        known = judgement.known
        if known is not None:
            self._uncalibrated = surplus_of_bins(softmax(judgement.logits), labels, self._uncalibrated)
            self._known += int(known.sum())
            self._accepted += int((predicted == labels)[known].sum())

    def _reliability(self, judge: Judge, count: int) -> Reliability:
        error = float(np.abs(self._surplus).sum() / count)
        if judge.calibration is None:
            return Reliability(error, error)
        return Reliability(
            error,
            float(np.abs(self._uncalibrated).sum() / count),
            judge.calibration.temperature,
            self._known / count,
            self._accepted / self._known if self._known else None,
        )
