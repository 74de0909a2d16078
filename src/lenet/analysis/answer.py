"""What a trained network answers for an image: its classes with their probabilities, or what is wrong with the image."""

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images
from lenet.errors import LenetError
from lenet.images.found import Framed


@dataclass(frozen=True, eq=False)
class Prediction:
    """The classes of one image and their probabilities: the result of `lenet.predict`.

    Attributes:
        image: the path of the image, or "image N" if it is the N-th and came from memory.
        classes: names of the classes.
        probabilities: float64 (num_classes,), adding up to 1.
        seen: uint8 (height, width), the image after preprocessing, as the network received it; (height, width, 3) with
            colours.
        expected: the class that the image's folder gives it, if it does.
        num_parts: how many parts of similar size the image shows; more than one mostly means several objects.
        framed: what was found in the image, and each step to what the network saw; None unless it was asked for.
        outlier_score: how unlike the training images it is: about 0 for most of these, above 1 if it is unknown; None if the
            network has no calibration.
        reason: why it is unknown, in words; None if it is not.
    """

    image: str
    classes: tuple[str, ...]
    probabilities: NDArray[np.float64]
    seen: Images
    expected: str | None = None
    num_parts: int = 1
    framed: Framed | None = None
    outlier_score: float | None = None
    reason: str | None = None

    @property
    def is_unknown(self) -> bool | None:
        """Whether the image is unlike those that the network was trained on; None if the network has no calibration."""
        return None if self.outlier_score is None else self.outlier_score > 1

    @property
    def label(self) -> str:
        """The most probable class, also of an image that is unknown."""
        return self.top(1)[0][0]

    @property
    def probability(self) -> float:
        """The probability of the most probable class."""
        return self.top(1)[0][1]

    def top(self, count: int = 3) -> list[tuple[str, float]]:
        """Return the most probable classes.

        Args:
            count: how many.

        Returns:
            Pairs of class and probability, the most probable first.
        """
        best = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.classes[index], float(self.probabilities[index])) for index in best]

    def __str__(self) -> str:
        answer = f"{self.label} {self.probability:.1%}"
        return f"unknown, nearest {answer}" if self.is_unknown else answer

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers as JSON values."""
        values: dict[str, Any] = {
            "image": self.image,
            "label": self.label,
            "probability": self.probability,
            "probabilities": dict(zip(self.classes, self.probabilities.tolist(), strict=True)),
            "num_parts": self.num_parts,
        }
        values |= _doubt(self)
        return values if self.expected is None else values | {"expected": self.expected}


@dataclass(frozen=True, eq=False)
class Reading:
    """What an image shows: one object, or its parts from left to right, such as the digits of a number.

    Attributes:
        image: the path or name of the image.
        parts: the prediction of each part, at least one.
        expected: the class that the image's folder gives it, if it does.
    """

    image: str
    parts: tuple[Prediction, ...]
    expected: str | None = None

    @property
    def label(self) -> str:
        """The classes of all parts: joined if all classes are single characters, such as digits; else with commas."""
        is_text = all(len(name) == 1 for name in self.parts[0].classes)
        return ("" if is_text else ", ").join(part.label for part in self.parts)

    @property
    def probability(self) -> float:
        """The probability that all parts are what they are taken for."""
        return math.prod(part.probability for part in self.parts)

    @property
    def is_unknown(self) -> bool | None:
        """Whether a part is unlike the images that the network was trained on; None if the network has no calibration."""
        return None if self.parts[0].is_unknown is None else any(part.is_unknown for part in self.parts)

    def __str__(self) -> str:
        if len(self.parts) == 1:
            return str(self.parts[0])
        return f"{self.label} {self.probability:.1%}"

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers as JSON values: those of the Prediction where there is one."""
        if len(self.parts) == 1:
            return self.parts[0].to_dict()
        values: dict[str, Any] = {
            "image": self.image,
            "label": self.label,
            "probability": self.probability,
            "num_parts": len(self.parts),
            "parts": [{"label": part.label, "probability": part.probability} | _doubt(part) for part in self.parts],
        }
        if self.is_unknown is not None:
            values["unknown"] = self.is_unknown
        return values if self.expected is None else values | {"expected": self.expected}


@dataclass(frozen=True)
class Unreadable:
    """An image that cannot be classified.

    Attributes:
        image: its path or name.
        error: what is wrong with it.
        expected: the class that its folder gives it, if it does.
    """

    image: str
    error: LenetError
    expected: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what is wrong as JSON values."""
        return {"image": self.image, "error": self.error.message, "hint": self.error.hint}


Answer: TypeAlias = Reading | Unreadable


def _doubt(part: Prediction) -> dict[str, Any]:
    """Whether an image is unknown, as JSON values; nothing without a calibration."""
    if part.is_unknown is None:
        return {}
    return {"unknown": part.is_unknown, "reason": part.reason, "outlier_score": part.outlier_score}
