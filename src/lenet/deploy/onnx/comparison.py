"""What a program computes from an ONNX file, beside what lenet computes."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images
from lenet.deploy.onnx.runtimes import Compute, Values
from lenet.metrics import softmax

TOLERANCE = (
    1e-4  # of logits, beyond float32's own rounding of larger ones; of outlier scores, for those above 1 relative
)
ROUNDING = 1e-5  # of the largest logit
AT_ONCE, MAX_NUMBERS = 250, 1 << 20  # images, and pixels of them, where the file takes any number


@dataclass(frozen=True, eq=False)
class Expected:
    """What lenet computes.

    Attributes:
        logits: float32 (N, num_classes).
        probabilities: float64 (N, num_classes).
        scores: float64 (N,), how unlike the training images; None without a calibration.
    """

    logits: NDArray[np.float32]
    probabilities: NDArray[np.float64]
    scores: NDArray[np.float64] | None = None

    @classmethod
    def uncalibrated(cls, logits: NDArray[np.float32]) -> "Expected":
        """Return what a network without calibration computes."""
        return cls(logits, softmax(logits))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the file's outputs with these numbers."""
        return ("logits", "probabilities") + (("unknown", "outlier_score") if self.scores is not None else ())


@dataclass(frozen=True)
class Comparison:
    """How near a program comes to what is expected.

    Attributes:
        num_images: images compared.
        num_same: of these, those with the same answer.
        num_ties: those with another answer, whose two logits differ by no more than the tolerance.
        difference: the largest of the logits.
        probability_difference: the largest of the probabilities.
        tolerance: how much the logits may differ.
        num_unknown: images that are unknown; None without a calibration.
        num_judged_otherwise: images that are unknown to one of the two only, with a score that is not at the limit.
        score_difference: the largest of the outlier scores, for those above 1 relative.
    """

    num_images: int
    num_same: int
    num_ties: int
    difference: float
    probability_difference: float
    tolerance: float
    num_unknown: int | None = None
    num_judged_otherwise: int = 0
    score_difference: float = 0.0

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs by more than the tolerance, and the answers are the same; False for NaN."""
        return (
            self.num_same + self.num_ties == self.num_images
            and self.num_judged_otherwise == 0
            and self.difference <= self.tolerance
            and self.probability_difference <= self.tolerance
            and self.score_difference <= TOLERANCE
        )

    def __str__(self) -> str:
        ties = f" ({self.num_ties:,} more within the tolerance)" if self.num_ties else ""
        text = (
            f"{self.num_same:,} of {self.num_images:,} answers the same as lenet's{ties}; largest difference of logits "
            f"{self.difference:.1e}, of probabilities {self.probability_difference:.1e}"
        )
        if self.num_unknown is None:
            return text
        others = f", {self.num_judged_otherwise:,} judged otherwise" if self.num_judged_otherwise else " to both"
        return f"{text}, of outlier scores {self.score_difference:.1e}; {self.num_unknown:,} unknown{others}"


def compare(compute: Compute, batch: int | str, images: Images, expected: Expected) -> Comparison:
    """Compare what a program computes for images with what is expected.

    Args:
        compute: the program with the file; it computes `expected.outputs`.
        batch: how many images the file takes at once, or the name of that dimension.
        images: uint8 (N, height, width) or (N, height, width, 3).
        expected: what lenet computes for them.
    """
    logits, probabilities, *more = _computed(compute, batch, images)
    largest = float(np.abs(expected.logits).max())
    tolerance = max(TOLERANCE, ROUNDING * largest)
    answers, ours = logits.argmax(axis=1), expected.logits.argmax(axis=1)
    other = np.flatnonzero(answers != ours)
    margins = expected.logits[other, ours[other]] - expected.logits[other, answers[other]]
    num_unknown, otherwise, score_difference = None, 0, 0.0
    if expected.scores is not None:
        is_unknown, scores = expected.scores > 1, more[1][:, 0]
        away = np.abs(scores - expected.scores) / np.maximum(1, np.abs(expected.scores))
        is_clear = np.abs(expected.scores - 1) > TOLERANCE
        num_unknown, score_difference = int(is_unknown.sum()), float(away.max())
        otherwise = int((((more[0][:, 0] == 1) != is_unknown) & is_clear).sum())
    return Comparison(
        num_images=len(images),
        num_same=len(images) - len(other),
        num_ties=int((margins <= tolerance).sum()),
        difference=float(np.abs(logits - expected.logits).max()),
        probability_difference=float(np.abs(probabilities - expected.probabilities).max()),
        tolerance=tolerance,
        num_unknown=num_unknown,
        num_judged_otherwise=otherwise,
        score_difference=score_difference,
    )


def as_pixels(images: Images) -> Values:
    """Return what the file takes for uint8 images (N, height, width) or (N, height, width, 3)."""
    pixels = images.astype(np.float32) / np.float32(255)
    return pixels[:, None] if pixels.ndim == 3 else np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))


def _computed(compute: Compute, batch: int | str, images: Images) -> list[Values]:
    """Each output for all images; where the file takes a fixed number, black images fill up the last call."""
    size = batch if isinstance(batch, int) else max(1, min(AT_ONCE, MAX_NUMBERS // math.prod(images.shape[1:])))
    parts = []
    for start in range(0, len(images), size):
        pixels = as_pixels(images[start : start + size])
        missing = size - len(pixels) if isinstance(batch, int) else 0
        outputs = compute(np.pad(pixels, ((0, missing), (0, 0), (0, 0), (0, 0))) if missing else pixels)
        parts.append([values[: len(pixels)] for values in outputs])
    return [np.concatenate(values) for values in zip(*parts, strict=True)]
