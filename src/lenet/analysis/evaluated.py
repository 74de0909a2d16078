"""The numbers of an evaluation: accuracy, loss, those of each class, and the most confident errors."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.analysis.answer import Unreadable
from lenet.data.dataset import Images


@dataclass(frozen=True)
class Mistake:
    """A misclassified image.

    Attributes:
        index: its position in the evaluated images.
        label: the true class.
        predicted: the class with the highest probability.
        probability: that probability.
        name: its file, or its line in a table, if it is one of the user's own images.
    """

    index: int
    label: int
    predicted: int
    probability: float
    name: str | None = None


@dataclass(frozen=True)
class Reliability:
    """How far a network can be trusted on a set of images.

    Attributes:
        error: expected calibration error of the probabilities, from 0 to 1: by how much confidence and accuracy differ.
        uncalibrated_error: that of the softmax of the logits alone; the same without a calibration.
        temperature: by which a calibration divides the logits; None without one.
        coverage: share of the images that are not unknown; None without a calibration.
        accepted_accuracy: the accuracy on them; None without a calibration, or if all are unknown.
    """

    error: float
    uncalibrated_error: float
    temperature: float | None = None
    coverage: float | None = None
    accepted_accuracy: float | None = None


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How a trained network did on a set of images: the result of `lenet.evaluate`.

    Attributes:
        data: the name of the data set.
        split: "test", "train" or "validation"; "labelled" for all of the user's own images, where they have no splits.
        accuracy: share of images classified correctly, from 0 to 1.
        loss: mean cross-entropy of the logits, without a calibration's temperature.
        classes: names of the classes, in the order of their labels.
        confusion: int64 (num_classes, num_classes), counts of images: a row for each true class, a column for each
            predicted one.
        mistakes: misclassified images, the most confident first; at most 100.
        mistake_images: uint8 (len(mistakes), height, width), or (len(mistakes), height, width, 3) in colour.
        reliability: how far the probabilities can be trusted, and how many images are known.
        unreadable: those of the user's own images that cannot be read, and are left out.
    """

    data: str
    split: str
    accuracy: float
    loss: float
    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    mistakes: list[Mistake]
    mistake_images: Images
    reliability: Reliability
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def num_images(self) -> int:
        """How many images were evaluated."""
        return int(self.confusion.sum())

    @property
    def num_mistakes(self) -> int:
        """How many of them were misclassified."""
        return int(self.confusion.sum() - np.trace(self.confusion))

    @property
    def support(self) -> NDArray[np.int64]:
        """Number of images of each class, int64 (num_classes,)."""
        support: NDArray[np.int64] = self.confusion.sum(axis=1)
        return support

    @property
    def precision(self) -> NDArray[np.float64]:
        """Share of the images predicted as each class that are of it, float64 (num_classes,); 0 if never predicted."""
        precision: NDArray[np.float64] = np.diagonal(self.confusion) / np.maximum(self.confusion.sum(axis=0), 1)
        return precision

    @property
    def recall(self) -> NDArray[np.float64]:
        """Share of the images of each class that are classified correctly, float64 (num_classes,); 0 without images."""
        return np.diagonal(self.confusion) / np.maximum(self.support, 1)

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers as JSON values."""
        return {
            "data": self.data,
            "split": self.split,
            "num_images": self.num_images,
            "accuracy": self.accuracy,
            "loss": self.loss,
            "reliability": vars(self.reliability),
            "classes": list(self.classes),
            "precision": self.precision.tolist(),
            "recall": self.recall.tolist(),
            "confusion": self.confusion.tolist(),
            "mistakes": [vars(mistake) for mistake in self.mistakes],
            "unreadable": [image.to_dict() for image in self.unreadable],
        }
