"""What a network knows: its confidence corrected on held-out images, and which images it has never seen the like of.

    calibration = trained.calibration                      # None for a network without
    calibration.probabilities(logits)                      # float64 (N, num_classes)
    calibration.known(logits, embedding)                   # bool (N,)

The embedding is the input of the dense layer that the calibration names; `networks/embedding.py` computes it. An image is
unknown if its outlier score is above 1. The score adds up how weak the evidence for all classes is, and how far the
embedding lies from that of the nearest class. It is the larger one of two views: of the embedding as it is, and of its
direction, without its length: noise has a familiar length and a strange direction, what is drawn in bold strokes the reverse.
docs/unknown.md has the formulas and what they reach.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.files.encoded import to_array, to_number, to_text
from lenet.files.untrusted import printable
from lenet.metrics import softmax
from lenet.networks.layers import Dense
from lenet.networks.network import Architecture
from lenet.networks.outliers import Floats, View, evidence, unit

UNIT = 4096  # directions are multiples of 1/4096: no other order of additions, as on other threads, changes one
MAX_DIRECTIONS, MAX_WIDTH = 64, 1000  # of what a file may hold; engines compute at most 1,000 outputs
TEMPERATURES = (0.05, 20.0)
FAR, WEAK = "unlike the training images", "weak evidence for every class"


@dataclass(frozen=True, eq=False)
class Calibration:
    """What a network knows of its own doubt.

    Attributes:
        temperature: by which logits are divided, so that a probability is the share of images that are classified correctly.
        coverage: share of the held-out images that the rule accepted.
        num_held_out: how many there were.
        layer: the name of the dense layer whose input is the embedding.
        directions: float32 (num_directions, width), multiples of 1/4096, in which embeddings differ most.
        evidence: the median, over the held-out images, of log Σ exp(logits / temperature).
        amount: the view of the embedding as it is.
        direction: the view of the embedding divided by its root mean square.
    """

    temperature: float
    coverage: float
    num_held_out: int
    layer: str
    directions: NDArray[np.float32]
    evidence: float
    amount: View
    direction: View

    def fits(self, architecture: Architecture) -> bool:
        """Return whether it is of a network of these layers."""
        layer = next((each for each in architecture.layers if each.name == self.layer), None)
        is_its = isinstance(layer, Dense) and layer.in_features == self.directions.shape[1]
        return is_its and architecture.num_classes == len(self.amount.offsets)

    def probabilities(self, logits: Floats) -> NDArray[np.float64]:
        """Return the calibrated probabilities of the classes.

        Args:
            logits: float (N, num_classes), finite.

        Returns:
            float64 (N, num_classes); each row adds up to 1, and its largest is that of the largest logit.
        """
        return softmax(logits.astype(np.float64) / self.temperature)

    def known(self, logits: Floats, embedding: Floats) -> NDArray[np.bool_]:
        """Return which images are like those that the network was trained on.

        Args:
            logits: float (N, num_classes).
            embedding: float (N, width), the input of the layer `layer`.

        Returns:
            bool (N,): whether the outlier score is at most 1.
        """
        return self.outlier_scores(logits, embedding) <= 1

    def outlier_scores(self, logits: Floats, embedding: Floats) -> NDArray[np.float64]:
        """Return how unlike the training images each image is: about 0 for most, above 1 for an unknown one.

        Args:
            logits: float (N, num_classes).
            embedding: float (N, width), the input of the layer `layer`.

        Returns:
            float64 (N,); the same bits for an image alone and among others.
        """
        return self.judge(logits, embedding)[0]

    def judge(self, logits: Floats, embedding: Floats) -> tuple[NDArray[np.float64], list[str | None]]:
        """Return the outlier scores, and for each image why it is unknown, in words; None for a known one.

        Args:
            logits: float (N, num_classes).
            embedding: float (N, width), the input of the layer `layer`.
        """
        values = np.ascontiguousarray(embedding, np.float64)
        missing = self.evidence - evidence(logits, self.temperature)
        views = ((self.amount, values), (self.direction, unit(values)))
        far = np.stack([view.distance_weight * (view.distances(seen, self._rows) - view.usual) for view, seen in views])
        weak = np.stack([view.evidence_weight * missing for view, _ in views])
        totals = far + weak
        scores: NDArray[np.float64] = totals.max(axis=0)
        chosen = totals.argmax(axis=0)
        reasons: list[str | None] = [None] * len(scores)
        for image in np.flatnonzero(~(scores <= 1)):
            view = chosen[image]
            reasons[image] = FAR if far[view, image] >= weak[view, image] else WEAK
        return scores, reasons

    def numbers(self) -> dict[str, Any]:
        """Return what a person can read of it, as JSON values."""
        names = ("temperature", "coverage", "num_held_out", "layer")
        return {name: getattr(self, name) for name in names} | {"num_directions": len(self.directions)}

    def to_dict(self) -> dict[str, Any]:
        """Return the calibration as JSON can hold it; arrays are little-endian, in base64."""
        return {
            "temperature": self.temperature,
            "coverage": self.coverage,
            "num_held_out": self.num_held_out,
            "layer": self.layer,
            "width": self.directions.shape[1],
            "directions": to_text(np.rint(self.directions * UNIT).astype("<i2")),
            "evidence": self.evidence,
            "amount": self.amount.to_dict(),
            "direction": self.direction.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Any) -> "Calibration":
        """Return the calibration that `to_dict` described.

        Raises:
            ValueError: if `values` describe none, or one that cannot be computed.
        """
        try:
            return cls._read(values)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"its calibration cannot be read: {type(error).__name__} {printable(error)}") from error

    @classmethod
    def _read(cls, values: Mapping[str, Any]) -> "Calibration":
        width, layer, held_out = values["width"], values["layer"], values["num_held_out"]
        if type(width) is not int or not 1 <= width <= MAX_WIDTH:
            raise ValueError(
                f"its calibration has an embedding of {printable(width)} numbers; expected at most {MAX_WIDTH}"
            )
        if type(layer) is not str or type(held_out) is not int:
            raise TypeError("layer or num_held_out")
        directions = to_array(values["directions"], "<i2", width).astype(np.float32) / np.float32(UNIT)
        count = len(directions)
        if not 1 <= count <= MAX_DIRECTIONS:
            raise ValueError(f"its calibration has {count} directions; expected 1 to {MAX_DIRECTIONS}")
        amount, direction = (View.from_dict(values[name], count) for name in ("amount", "direction"))
        if len(amount.offsets) != len(direction.offsets):
            raise ValueError("the views of its calibration have not the same classes")
        temperature, coverage = to_number(values, "temperature"), to_number(values, "coverage")
        if not TEMPERATURES[0] <= temperature <= TEMPERATURES[1] or not 0 < coverage <= 1:
            raise ValueError(f"its calibration has the temperature {temperature:g} and the coverage {coverage:g}")
        usual = to_number(values, "evidence")
        return cls(temperature, coverage, held_out, layer, directions, usual, amount, direction)

    @cached_property
    def _rows(self) -> NDArray[np.float64]:
        return np.ascontiguousarray(self.directions, np.float64)
