"""How good a trained network is: accuracy, loss, numbers for each class, and its most confident errors.

result = evaluate("runs/first")
result.accuracy, result.confusion
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.analysis.inference import computes, memory_guard
from lenet.data.dataset import Dataset, Images, Labels, Splits
from lenet.data.loading import load
from lenet.data.plan import hold_out
from lenet.errors import ConfigError, DataError
from lenet.files import untrusted
from lenet.metrics import confusion_matrix, loss_and_accuracy, softmax
from lenet.runs.data import load_data
from lenet.runs.opening import Source, Trained, logits, open_trained
from lenet.runs.run import Run

SPLITS = ("test", "train", "validation")
MAX_MISTAKES = 100  # that an Evaluation lists


@dataclass(frozen=True)
class Mistake:
    """A misclassified image.

    Attributes:
        index: its position in the evaluated images.
        label: the true class.
        predicted: the class with the highest probability.
        probability: that probability.
    """

    index: int
    label: int
    predicted: int
    probability: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How a trained network did on a set of images: the result of `lenet.evaluate`.

    Attributes:
        data: the name of the data set.
        split: "test", "train" or "validation".
        accuracy: share of images classified correctly, from 0 to 1.
        loss: mean cross-entropy.
        classes: names of the classes, in the order of their labels.
        confusion: int64 (num_classes, num_classes), counts of images: a row for each true class, a column for each
            predicted one.
        mistakes: misclassified images, the most confident first; at most 100.
        mistake_images: uint8 (len(mistakes), height, width), or (len(mistakes), height, width, 3) in colour.
    """

    data: str
    split: str
    accuracy: float
    loss: float
    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    mistakes: list[Mistake]
    mistake_images: Images

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
            "classes": list(self.classes),
            "precision": self.precision.tolist(),
            "recall": self.recall.tolist(),
            "confusion": self.confusion.tolist(),
            "mistakes": [vars(mistake) for mistake in self.mistakes],
        }


def evaluate(
    run: Source,
    data: str | Splits | None = None,
    *,
    split: str = "test",
    data_dir: str | None = None,
    device: str = "auto",
) -> Evaluation:
    """Evaluate a trained network on its own data set, or on another with images of that size and the same classes.

    Args:
        run: a run, its directory, or a weights file that lenet wrote (`.safetensors`).
        data: the name of a data set, or your own Splits; by default what the run was trained on. A weights file does not
            record that, so it needs one.
        split: "test", "train" (without the images held out for validation) or "validation".
        data_dir: the folder of the data set's files; by default LENET_DATA, else the cache.
        device: "auto", "cpu", or a GPU such as "cuda:0".

    Returns:
        The numbers, and the most confident errors.

    Raises:
        ConfigError: the split is unknown or empty, or a weights file was given without data.
        RunError: the run cannot be read, or its network gives NaN or infinite values.
        DataError: the data is not there, or does not fit the network.
        EngineError: the device is not there, or out of memory.
    """
    if split not in SPLITS:
        raise ConfigError(f"unknown split {split!r}", hint=f"choose from {', '.join(SPLITS)}")
    trained = open_trained(run)
    with memory_guard(device, "in an evaluation"):
        engine = computes(trained, device)  # before the data, so that a broken network is reported without the wait
        dataset = _part(trained, _splits(trained, data, data_dir), split)
        _check_fit(trained, dataset)
        values = logits(trained, engine, dataset.images)
    loss, accuracy = loss_and_accuracy(values, dataset.labels)
    probabilities = softmax(values)
    predicted = probabilities.argmax(axis=1)
    mistakes = _most_confident(probabilities, predicted, dataset.labels)
    return Evaluation(
        data=dataset.name,
        split=split,
        accuracy=accuracy,
        loss=loss,
        classes=trained.classes,
        confusion=confusion_matrix(dataset.labels, predicted, len(trained.classes)),
        mistakes=mistakes,
        mistake_images=dataset.images[[mistake.index for mistake in mistakes]],
    )


def _splits(trained: Trained, data: str | Splits | None, data_dir: str | None) -> Splits:
    if isinstance(data, Splits):
        return data
    if isinstance(trained, Run) and data in (None, trained.resolved.data):
        return load_data(trained, data_dir)
    if data is None:
        raise ConfigError(
            f"{trained.path} does not say what data it was trained on", hint="name a data set: --data fashion-mnist"
        )
    return load(data, data_dir)


def _part(trained: Trained, data: Splits, split: str) -> Dataset:
    """The images of a split; "train" leaves out what the run itself held out for validation."""
    if split == "test":
        return data.test
    train, validation = np.arange(len(data.train)), np.arange(0)
    if isinstance(trained, Run) and data.fingerprint == trained.environment.data_fingerprint:
        train, validation = hold_out(trained.config, len(data.train))
    if split == "train":
        return data.train.subset(train) if len(validation) else data.train
    if not len(validation):
        raise ConfigError(
            f"{trained.path} has no validation images in {data.name}",
            hint="train with --validation N, or take --split test",
        )
    return data.train.subset(validation)


def _most_confident(probabilities: NDArray[np.float64], predicted: Labels, labels: Labels) -> list[Mistake]:
    wrong = np.flatnonzero(predicted != labels)
    ordered = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:MAX_MISTAKES]
    return [Mistake(int(i), int(labels[i]), int(predicted[i]), float(probabilities[i, predicted[i]])) for i in ordered]


def _check_fit(trained: Trained, dataset: Dataset) -> None:
    if dataset.images.shape[1:] != trained.preprocessing.shape:
        raise DataError(
            f"{dataset.name} has images of {dataset.kind}; {trained.path} was trained on {trained.preprocessing.kind}",
            hint="use the run's own data set",
        )
    if dataset.classes != trained.classes:
        raise DataError(
            f"{dataset.name} has the classes {', '.join(dataset.classes)}; {trained.path} was trained on "
            f"{untrusted.printable(', '.join(trained.classes))}",
            hint="use a data set with the same classes",
        )
