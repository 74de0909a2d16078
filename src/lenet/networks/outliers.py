"""How far an image lies from the classes, in a view of its embedding; the terms of a calibration's outlier score.

docs/unknown.md has the formulas.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.files.encoded import to_array, to_number, to_text

Floats: TypeAlias = NDArray[np.floating[Any]]

TINY = 1e-6  # added to the mean square before a root: an embedding of zeros has no direction
NUMBERS = ("rest", "usual", "distance_weight", "evidence_weight")


@dataclass(frozen=True, eq=False)
class View:
    """Where the classes lie in one view of the embedding, and how its outlier score is made. All numbers are float32's.

    Attributes:
        means: (num_classes, num_directions), of the projections.
        precisions: (num_classes, num_directions), 1 / variance.
        offsets: (num_classes,), the sums of the logarithms of the variances.
        rest: 1 / variance of what the directions leave of an embedding, per number.
        usual: the median distance of the held-out images.
        distance_weight: of the distance beyond that, in the score.
        evidence_weight: of the evidence that is missing, in the score.
    """

    means: NDArray[np.float32]
    precisions: NDArray[np.float32]
    offsets: NDArray[np.float32]
    rest: float
    usual: float
    distance_weight: float
    evidence_weight: float

    def distances(self, values: Floats, directions: Floats) -> NDArray[np.float64]:
        """Return how far embeddings lie from the nearest class.

        Args:
            values: float64 (N, width), in this view.
            directions: float64 (num_directions, width).

        Returns:
            float64 (N,); the same bits for an image alone and among others.
        """
        projected = np.einsum("nd,kd->nk", values, directions)
        squares, (precisions, slopes, constants) = projected**2, self._expanded
        of_classes = np.einsum("nk,ck->nc", squares, precisions) - np.einsum("nk,ck->nc", projected, slopes) + constants
        left = (values**2).sum(axis=1) - squares.sum(axis=1)
        distances: NDArray[np.float64] = of_classes.min(axis=1) + self.rest * left
        return distances

    @cached_property
    def _expanded(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Σ (p - mean)² · precision + offset as Σ p² · precision - Σ p · slope + constant."""
        means, precisions = self.means.astype(np.float64), self.precisions.astype(np.float64)
        return precisions, 2 * means * precisions, (means**2 * precisions).sum(axis=1) + self.offsets

    def to_dict(self) -> dict[str, Any]:
        """Return the view as JSON can hold it."""
        arrays = {name: to_text(getattr(self, name)) for name in ("means", "precisions", "offsets")}
        return arrays | {name: getattr(self, name) for name in NUMBERS}

    @classmethod
    def from_dict(cls, values: Any, num_directions: int) -> "View":
        """Return the view that `to_dict` described. Raises KeyError, TypeError or ValueError for another."""
        means, precisions = (to_array(values[name], "<f4", num_directions) for name in ("means", "precisions"))
        offsets = to_array(values["offsets"], "<f4", 1)[:, 0]
        if not len(means) == len(precisions) == len(offsets) or (precisions < 0).any():
            raise ValueError("the classes of a view do not fit each other")
        return cls(means, precisions, offsets, *(to_number(values, name) for name in NUMBERS))


def evidence(logits: Floats, temperature: float) -> NDArray[np.float64]:
    """Return log Σ exp(logits / temperature) of logits (N, num_classes): low if no class has a large logit."""
    scaled = logits.astype(np.float64) / temperature
    largest = scaled.max(axis=1)
    total: NDArray[np.float64] = np.log(np.exp(scaled - largest[:, None]).sum(axis=1)) + largest
    return total


def unit(embedding: Floats) -> NDArray[np.float64]:
    """Return embeddings (N, width) divided by their root mean square."""
    values = embedding.astype(np.float64)
    units: NDArray[np.float64] = values / np.sqrt((values**2).mean(axis=1, keepdims=True) + TINY)
    return units
