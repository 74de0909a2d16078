"""When a training saves: snapshots at steps that are known before, checkpoints while they take little of the time.

Checkpoints can be asked for more often.
"""

import math
import time

from lenet.config import TrainConfig

SHARE = 0.005  # of the time since the last checkpoint, which saving another at the end of an epoch may take
LONGEST = 30.0  # seconds without a checkpoint at the end of an epoch, on a slow disk too


def snapshot_steps(num_steps: int, count: int) -> list[int]:
    """Return after which steps of a training its weights are kept: before the first, then ever further apart.

    The weights at the end are saved anyway, and are not among them.

    Args:
        num_steps: of the whole training.
        count: how many snapshots; a training of fewer steps has one for each.
    """
    steps: list[int] = []
    for number in range(min(count, num_steps)):
        steps.append(max(round(num_steps * (number / count) ** 3), number))
    return steps


class CheckpointClock:
    """When a checkpoint is due.

    Args:
        config: of the training; `checkpoint_every` sets an interval in steps or seconds.
    """

    def __init__(self, config: TrainConfig) -> None:
        self._steps, self._seconds = config.checkpoint_interval
        self._is_requested = config.checkpoint_every is not None
        self._saved_at, self._cost = time.perf_counter(), 0.0  # seconds that the fastest checkpoint took

    def steps_left(self, step: int, seconds_per_step: float) -> float:
        """Return after how many steps a checkpoint is due, at least 1.

        Args:
            step: steps taken so far.
            seconds_per_step: how long a step takes; infinite if that is not known.
        """
        if self._seconds < math.inf:
            return max(1, (self._saved_at + self._seconds - time.perf_counter()) // seconds_per_step)
        return self._steps - step % self._steps if self._steps < math.inf else math.inf

    def is_due(self, step: int) -> bool:
        """Return whether a checkpoint is due within an epoch, after that many steps."""
        return step % self._steps == 0 or time.perf_counter() - self._saved_at >= self._seconds

    def is_worthwhile(self) -> bool:
        """Return whether to save at the end of an epoch: if that was requested, or takes little of the time."""
        return self._is_requested or time.perf_counter() - self._saved_at >= min(self._cost / SHARE, LONGEST)

    def saved(self, began: float) -> None:
        """Note that a checkpoint has been saved; began: when saving it began, by time.perf_counter()."""
        self._saved_at = time.perf_counter()
        cost = self._saved_at - began
        self._cost = min(cost, self._cost or cost)
