"""Fitting a calibration: the temperature and the operating point on held-out images, the classes on training images.

Pure NumPy, in float64, some tens of milliseconds. What is stored is rounded, so that the order in which a computer adds
cannot change a bit of it: the same training ends with the same weights file on any number of threads.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.metrics import softmax
from lenet.networks.calibration import MAX_DIRECTIONS, TEMPERATURES, UNIT, Calibration
from lenet.networks.outliers import View, evidence, unit

COVERAGE = 0.99  # share of the held-out images that are accepted
MAX_NUMBERS = 8192  # in all directions: 32 KB as floats, 16 KB in sixteen bits
FEW = 10  # images of a class at which its own variances weigh as much as those of all classes
FLOOR = 0.01  # of the mean variance, added to each
NEWTON_STEPS, NEWTON_END = 50, 1e-10

Values = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Measured:
    """What a network computes for labelled images.

    Attributes:
        logits: float (N, num_classes).
        embedding: float (N, width).
        labels: int64 (N,).
    """

    logits: Values
    embedding: Values
    labels: Labels


def fit(held_out: Measured, train: Measured, layer: str, coverage: float = COVERAGE) -> Calibration:
    """Return the calibration of a network.

    Args:
        held_out: of images that it was not trained on: they decide the temperature, and from which score on an image is
            unknown.
        train: of images that it was trained on: they say where the classes lie.
        layer: the dense layer whose input is the embedding.
        coverage: share of the held-out images that are to be accepted.
    """
    temperature = fit_temperature(held_out.logits, held_out.labels)
    strength = evidence(held_out.logits, temperature)
    num_classes = held_out.logits.shape[1]
    directions = _directions(unit(train.embedding), train.labels, num_classes)
    views, scores = [], []
    for seen in (lambda values: values.astype(np.float64), unit):
        view = _view(seen(train.embedding), train.labels, num_classes, directions)
        distances = view.distances(np.ascontiguousarray(seen(held_out.embedding)), directions)
        usual, weights = np.median(distances), (1 / _spread(distances), 1 / _spread(strength))
        score = weights[0] * (distances - usual) + weights[1] * (np.median(strength) - strength)
        limit = _positive(np.quantile(score, coverage))
        views.append((view, usual, weights, limit))
        scores.append(score / limit)
    limit = _positive(np.quantile(np.max(scores, axis=0), coverage, method="higher"))
    amount, direction = (
        View(
            view.means,
            view.precisions,
            view.offsets,
            rest=view.rest,
            usual=_float32(usual),
            distance_weight=_float32(weights[0] / own / limit),
            evidence_weight=_float32(weights[1] / own / limit),
        )
        for view, usual, weights, own in views
    )
    return Calibration(
        temperature=temperature,
        coverage=coverage,
        num_held_out=len(held_out.labels),
        layer=layer,
        directions=directions.astype(np.float32),
        evidence=_float32(np.median(strength)),
        amount=amount,
        direction=direction,
    )


def fit_temperature(logits: Values, labels: Labels) -> float:
    """Return the temperature that makes the labels of held-out images most probable (Guo et al., 2017, arXiv 1706.04599).

    Its inverse is found by Newton's method: the loss is convex in it. A weak prior at 1, of the weight of one image, keeps it
    finite where all images are classified correctly.
    """
    values = logits.astype(np.float64)
    values -= values.max(axis=1, keepdims=True)
    own = values[np.arange(len(labels)), labels]
    inverse = 1.0
    for _ in range(NEWTON_STEPS):
        probabilities = softmax(values * inverse)
        means = (probabilities * values).sum(axis=1)
        slope = (means - own).sum() + inverse - 1
        curvature = ((probabilities * values**2).sum(axis=1) - means**2).sum() + 1
        step = slope / curvature
        inverse = max(inverse - step, inverse / 4)
        if abs(step) < NEWTON_END:
            break
    return _float32(np.clip(1 / inverse, *TEMPERATURES))


def _directions(units: NDArray[np.float64], labels: Labels, num_classes: int) -> NDArray[np.float64]:
    """The directions to look at, orthonormal float64 (num_directions, width), rounded to multiples of 1/UNIT.

    They span the space of the largest second moments, turned so that within the classes no two of them are correlated.
    """
    width = units.shape[1]
    count = max(1, min(MAX_DIRECTIONS, MAX_NUMBERS // width, width))
    _, vectors = np.linalg.eigh(units.T @ units)
    space = vectors[:, ::-1][:, :count]
    projected = units @ space
    within = projected - _means(projected, labels, num_classes)[labels]
    _, turn = np.linalg.eigh(within.T @ within)
    chosen = (space @ turn).T
    largest = np.abs(chosen).argmax(axis=1)
    chosen = chosen * np.sign(chosen[np.arange(count), largest])[:, None]  # an eigenvector has no sign of its own
    return np.ascontiguousarray(np.rint(chosen * UNIT) / UNIT)


def _means(values: NDArray[np.float64], labels: Labels, num_classes: int) -> NDArray[np.float64]:
    """The mean of each class, (num_classes, …); of a class without images that of all."""
    means = np.tile(values.mean(axis=0), (num_classes, 1))
    for label in np.unique(labels):
        means[label] = values[labels == label].mean(axis=0)
    return means


def _view(values: NDArray[np.float64], labels: Labels, num_classes: int, directions: NDArray[np.float64]) -> View:
    """Where the classes lie; its score is not yet scaled."""
    projected = values @ directions.T
    counts = np.bincount(labels, minlength=num_classes)
    means = _means(projected, labels, num_classes)
    squares = (projected - means[labels]) ** 2
    variances = np.tile(squares.mean(axis=0) * FEW, (num_classes, 1))
    for label in np.flatnonzero(counts):
        variances[label] += squares[labels == label].sum(axis=0)
    variances /= (counts + FEW)[:, None]
    variances += FLOOR * variances.mean(axis=1, keepdims=True) + np.finfo(np.float32).tiny
    left = (values**2).sum(axis=1) - (projected**2).sum(axis=1)
    unseen = values.shape[1] - len(directions)
    rest = _float32(unseen / _positive(left.mean())) if unseen else 0.0
    return View(
        means.astype(np.float32),
        (1 / variances).astype(np.float32),
        np.log(variances).sum(axis=1).astype(np.float32),
        rest=rest,
        usual=0.0,
        distance_weight=1.0,
        evidence_weight=1.0,
    )


def _spread(values: NDArray[np.float64]) -> float:
    return _positive(values.std())


def _positive(value: Any) -> float:
    return max(float(value), 1e-12)


def _float32(value: Any) -> float:
    return float(np.float32(value))
