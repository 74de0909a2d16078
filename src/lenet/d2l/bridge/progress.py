"""The metrics of an epoch so far, and the steps after which they are reported."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lenet.engines import Stats
from lenet.training.position import Tally

POINTS = 5  # of an epoch in the book's charts


@dataclass
class EpochProgress:
    """An epoch so far.

    Attributes:
        tally: sums over its images.
        losses: mean loss of each batch.
        labels: int64 (n,) each, in the order in which the images came; of the kernels, those of the whole epoch.
        done: share of its steps, 0 to 1.
    """

    tally: Tally = field(default_factory=Tally)
    losses: list[float] = field(default_factory=list)
    labels: list[NDArray[np.int64]] = field(default_factory=list)
    done: float = 0.0

    def add(self, stats: Stats) -> None:
        """Add the results of some steps."""
        self.tally.add(stats)
        self.losses.extend(stats.losses.tolist())

    @property
    def batch_loss(self) -> float:
        """Mean loss per batch, in which a small last batch weighs as much as the others."""
        return sum(self.losses) / len(self.losses)


def report_steps(num_steps: int) -> list[int]:
    """Return the steps after which an epoch is reported: every fifth of it, as published, and the last."""
    fifth = max(1, num_steps // POINTS)
    return [step for step in range(1, num_steps + 1) if step % fifth == 0 or step == num_steps]
