"""An epoch so far, and at which steps it is reported."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

POINTS = 5  # in an epoch: how often the chart gets one
SAMPLE = 64  # pictures of which the doctor looks at the units


@dataclass
class Tally:
    """An epoch so far. losses: the mean loss of each batch; seconds: of the steps alone; done: share of the epoch;
    labels: as they came, in parts."""

    losses: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    num_correct: float = 0.0
    seconds: float = 0.0
    done: float = 0.0
    labels: list[NDArray[np.int64]] = field(default_factory=list)

    @property
    def num_images(self) -> int:
        return sum(self.sizes)

    @property
    def loss(self) -> float:
        """Mean over the pictures."""
        return float(np.dot(self.losses, self.sizes)) / self.num_images

    @property
    def batch_loss(self) -> float:
        """Mean over the batches, in which a small last batch weighs as much as the others."""
        return sum(self.losses) / len(self.losses)

    @property
    def accuracy(self) -> float:
        return self.num_correct / self.num_images


def report_steps(num_steps: int) -> list[int]:
    """After which steps the chart gets a point: every fifth of an epoch, as published, and the last."""
    fifth = max(1, num_steps // POINTS)
    return [step for step in range(1, num_steps + 1) if step % fifth == 0 or step == num_steps]
