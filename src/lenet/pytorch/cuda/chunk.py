"""A chunk of steps: stage by stage, each a few launches; the device is waited for once, when the losses are read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenet.config import TrainConfig
from lenet.data.plan import Plan
from lenet.pytorch.cuda.replay import Replay
from lenet.pytorch.cuda.stage import Stage
from lenet.pytorch.cuda.vectors import Vectors, stacked, step_numbers


@dataclass(frozen=True, eq=False)
class Result:
    """What a chunk of steps gave, for one network or for each of K.

    Attributes:
        losses: float64 (n, …).
        num_correct: int64 (…).
    """

    losses: NDArray[np.float64]
    num_correct: NDArray[np.int64]


def num_good_steps(losses: NDArray[np.float64]) -> int:
    """Return how many steps were taken before the first loss that is not finite; losses: (n,)."""
    bad = ~np.isfinite(losses)
    return int(bad.argmax()) if bad.any() else len(losses)


class Chunks:
    """Takes chunks of steps with one stage.

    Args:
        stage: the batches.
        vectors: what the steps change.
        replay: takes the steps.
        configs: the settings of each network.
    """

    def __init__(self, stage: Stage, vectors: Vectors, replay: Replay, configs: Sequence[TrainConfig]) -> None:
        self.stage, self.vectors, self.replay, self.configs = stage, vectors, replay, configs

    def run(self, plans: Sequence[Plan], start: int, stop: int, num_steps: Sequence[int]) -> Result:
        """Take the steps `start` to `stop - 1`.

        Args:
            plans: of each network.
            start: the first step.
            stop: the step after the last.
            num_steps: steps that each network's optimiser has taken before.
        """
        stage, size = self.stage, len(plans[0].order)
        last = min(stop * stage.batch_size, size) - (stop - 1) * stage.batch_size  # images of the last step
        num_full = stop - start - (last < stage.batch_size)
        for count, times in ((stage.batch_size, min(num_full, stage.rows)), (last, int(last < stage.batch_size))):
            self.replay.prepare(count, times)
        losses: list[Tensor] = []
        correct = torch.zeros(stage.lead, dtype=torch.int64, device=stage.placed.device)
        for first in range(start, stop, stage.rows):
            end = min(first + stage.rows, stop)
            numbers = [
                step_numbers(config, plan.learning_rates[first:end], taken + first - start)
                for config, plan, taken in zip(self.configs, plans, num_steps, strict=True)
            ]
            stage.fill(plans, first, end, stacked(numbers) if stage.lead else numbers[0])
            of_last = last if end == stop else stage.batch_size
            num_full = end - first - (of_last < stage.batch_size)
            self.replay.run(stage.batch_size, num_full)
            if of_last < stage.batch_size:
                self.replay.run(of_last, 1)
            losses.append(stage.losses[: end - first].clone())
            correct += stage.num_correct(end - first, of_last)
        return Result(torch.cat(losses).double().cpu().numpy(), correct.cpu().numpy())
