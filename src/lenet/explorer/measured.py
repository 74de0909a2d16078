"""What the page holds of a network that needs images: answers for the test set, the images, embeddings, units."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.analysis.inference import engine_for
from lenet.data.dataset import Dataset, Images, Labels, Splits
from lenet.data.plan import held_out
from lenet.explorer import embedding, units
from lenet.explorer.chosen import MOST, MOST_TRAIN, affordable, choose, interleaved
from lenet.metrics import confusion_matrix, losses, reliability_bins, softmax
from lenet.networks.trained import TrainedNetwork
from lenet.runs.opening import logits, network_of
from lenet.runs.run import Run

Network = Run | TrainedNetwork

NOTHING: dict[str, Any] = {
    "test": None,
    "images": {"test": None, "train": None},
    "embeddings": None,
    "units": [],
    "top": {},
}


@dataclass(frozen=True, eq=False)
class Answers:
    """What a network answers for the test images.

    Attributes:
        predicted: int64 (N,).
        losses: float64 (N,).
        probability: float64 (N,), softmax of the logits, of the predicted class.
        confusion: int64 (num_classes, num_classes), a row for each true class.
        reliability: accuracy by confidence (`reliability_bins`), of the softmax and of calibrated probabilities.
    """

    predicted: Labels
    losses: NDArray[np.float64]
    probability: NDArray[np.float64]
    confusion: NDArray[np.int64]
    reliability: dict[str, list[list[float]]]

    @classmethod
    def of(cls, trained: Network, test: Dataset) -> "Answers":
        """Compute them.

        Raises:
            RunError: if the network computes NaN or infinite values.
        """
        computed = logits(trained, engine_for(trained, "cpu"), test.images)
        predicted = computed.argmax(axis=1)
        confusion = confusion_matrix(test.labels, predicted, len(test.classes))
        probabilities = {"softmax": softmax(computed)}
        if calibration := network_of(trained).calibration:
            probabilities["calibrated"] = calibration.probabilities(computed)
        reliability = {
            name: np.round(reliability_bins(each, test.labels), 5).tolist() for name, each in probabilities.items()
        }
        probability = np.exp(-losses(computed, predicted))
        return cls(predicted, losses(computed, test.labels), probability, confusion, reliability)

    def to_dict(self) -> dict[str, Any]:
        """Return accuracy, loss, number of images and confusion matrix, as the page has them."""
        count = len(self.predicted)
        return {
            "accuracy": int(np.trace(self.confusion)) / count,
            "loss": float(self.losses.sum()) / count,
            "count": count,
            "confusion": self.confusion.astype(np.int32),
            "reliability": self.reliability,
        }


@dataclass(frozen=True, eq=False)
class Shown:
    """The images of the page.

    Attributes:
        test: the test set.
        chosen: positions of the page's images in it, int64 (N,).
        train: the training set.
        near: positions of the page's training images in it, int64 (n,).
    """

    test: Dataset
    chosen: Labels
    train: Dataset
    near: Labels

    @property
    def all(self) -> Images:
        """The test images, then the training images."""
        return np.concatenate([self.test.images[self.chosen], self.train.images[self.near]])

    def to_dict(self) -> dict[str, Any]:
        """Return both sets as the page has them."""
        return {"test": _set(self.test, self.chosen), "train": _set(self.train, self.near)}


def measure(
    networks: list[Network], splits: Splits, num_images: int | None, positions: Sequence[int] | None = None
) -> tuple[Shown, list[dict[str, Any]]]:
    """Measure one network, or two that the page compares, on the same images.

    Args:
        networks: the networks; the images are chosen by the first one's answers.
        splits: the data set.
        num_images: test images of the page; by default as many as its budget allows.
        positions: of these images in the test set, in their order, if they are known.

    Returns:
        The images, and an entry a network for its part of the page.

    Raises:
        RunError: if a network computes NaN or infinite values.
    """
    test = splits.test
    answers = [Answers.of(network, test) for network in networks]
    count = affordable(test.images) if num_images is None else min(num_images, len(test))
    differing = _differing(answers)
    first = answers[0]
    if positions is None:
        chosen = choose(test.labels, first.predicted, first.losses, count, differing[: count // 3])
    else:
        chosen = np.asarray(positions, np.int64)
        count = len(chosen)
    shown = Shown(test, chosen, splits.train, _near(networks[0], splits, count))
    parts = [_part(network, answer, shown) for network, answer in zip(networks, answers, strict=True)]
    parts[0]["images"] = shown.to_dict()
    if len(networks) > 1:
        parts[1]["disagreements"] = _disagreements(answers, test.labels, differing, shown)
    return shown, parts


def _part(network: Network, answers: Answers, shown: Shown) -> dict[str, Any]:
    trained = network_of(network)
    statistics, top = units.examine(trained, shown.test.images[shown.chosen])
    values = embedding.embedded(trained, shown.all)
    part = {"test": answers.to_dict(), "images": None, "units": statistics, "top": top, "embeddings": None}
    if values is not None:
        layer = embedding.layer_of(trained)
        centre, axes = embedding.principal_axes(values)
        part["embeddings"] = {
            "layer": layer.name if layer else "",
            "map": embedding.projected(values, centre, axes),
            "centre": centre.astype(np.float32),  # with the axes: where any other image lies on the map
            "axes": axes.astype(np.float32),
        }
    return part


def _near(network: Network, splits: Splits, count: int) -> Labels:
    """Positions of images that the network was trained on, as many of every class; not of those that it held out."""
    positions = np.arange(len(splits.train))
    if isinstance(network, Run) and splits.fingerprint == network.environment.data_fingerprint:
        positions = np.delete(positions, held_out(network.config, len(splits.train)))
    most = max(1, min(MOST_TRAIN, count * MOST_TRAIN // MOST)) if count < MOST else MOST_TRAIN
    order = interleaved(splits.train.labels[positions])[:most]
    chosen: Labels = positions[order]
    return chosen


def _differing(answers: list[Answers]) -> Labels:
    """The positions at which two networks answer differently, the largest difference of their losses first."""
    if len(answers) < 2:
        return np.empty(0, np.int64)
    one, two = answers
    differing = np.flatnonzero(one.predicted != two.predicted)
    order = np.argsort(-np.abs(one.losses - two.losses)[differing], kind="stable")
    return differing[order].astype(np.int64)


def _disagreements(answers: list[Answers], labels: Labels, differing: Labels, shown: Shown) -> dict[str, Any]:
    """How often two networks disagree and which of them is right then, and the page's images of these, the worst first."""
    right = [int((each.predicted == labels)[differing].sum()) for each in answers]
    numbers = {int(position): number for number, position in enumerate(shown.chosen)}
    held = np.array([position for position in differing if int(position) in numbers], np.int64)
    return {
        "count": len(differing),
        "images": np.array([numbers[int(position)] for position in held], np.int32),
        "predicted": np.stack([each.predicted[held] for each in answers], axis=1).astype(np.int32),
        "probability": np.stack([each.probability[held] for each in answers], axis=1).astype(np.float32),
        "right": [*right, len(differing) - sum(right)],
    }


def _set(dataset: Dataset, positions: Labels) -> dict[str, Any]:
    return {
        "pixels": dataset.images[positions],
        "labels": dataset.labels[positions].astype(np.int32),
        "positions": positions.astype(np.int32),
    }
