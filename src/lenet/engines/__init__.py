"""The arithmetic: what an engine is. `choice.py` decides which one computes.

An engine is a constructor and five methods. It is told everything: the plan says which pictures, how they are turned,
and at what rate; nothing is drawn by chance inside. A chunk of steps is the unit, so that a device is waited for once
per chunk and the trainer can print, save and stop between two.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from lenet.data.dataset import Images
from lenet.data.plan import Plan
from lenet.engines.state import Snapshot

__all__ = ["Engine", "Stats"]


@dataclass(frozen=True)
class Stats:
    """What a chunk of steps did. losses: the mean loss of each batch, float64 `(num_steps,)`.

    An engine may end the chunk after a loss that is not finite, which is then the last.
    """

    losses: NDArray[np.float64]
    sizes: NDArray[np.int64]  # pictures of each batch, `(num_steps,)`
    num_correct: int
    seconds: float  # of the steps alone

    @property
    def num_images(self) -> int:
        return int(self.sizes.sum())


class Engine(Protocol):
    """What the trainer needs of an engine; `reference.py` is the specification.

    micro_batch: None while each batch is computed as a whole; else how many pictures at a time, their gradients added up,
    because memory is short. An engine sets it when it has to. It is part of what a training's last bits depend on: one that
    is resumed sets it before its first step.
    """

    model: nn.Module
    micro_batch: int | None

    def train_steps(self, plan: Plan, start: int, stop: int) -> Stats:
        """Takes the steps `start` to `stop - 1` of the plan, changing the weights in place."""

    def logits(self, images: Images) -> Tensor:
        """Logits `(N, num_classes)`, float32 on the CPU, of uint8 pictures `(N, height, width)`; keeps the mode."""

    def snapshot(self) -> Snapshot:
        """A copy of the state of now, to which a training can go back."""

    def state_dict(self) -> dict[str, Tensor]:
        """Weights and optimiser state, flat, CPU tensors: `model.NAME`, `optimizer.NAME.KEY`."""

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """The inverse of `state_dict`."""
