"""The arithmetic: what an engine is. choice.py decides which one computes.

An engine is a constructor and a few methods. Everything is decided by its caller: the plan says which images, how they
are augmented, and at what learning rate. A chunk of steps is the unit, so that a device is waited for once a chunk, and the
training loop can print, save and stop between two chunks.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images
from lenet.data.plan import Plan
from lenet.engines.state import Snapshot
from lenet.networks import Network

__all__ = ["Engine", "Stats"]


@dataclass(frozen=True)
class Stats:
    """The results of a chunk of steps.

    An engine may end the chunk after a loss that is not finite, which is then the last.

    Attributes:
        losses: the mean loss of each batch, float64 (num_steps,).
        sizes: images of each batch, int64 (num_steps,).
        num_correct: images classified correctly, before each step's update; NaN if that is not known.
        seconds: duration of the steps alone.
    """

    losses: NDArray[np.float64]
    sizes: NDArray[np.int64]
    num_correct: float
    seconds: float

    @property
    def num_images(self) -> int:
        """Images of all batches."""
        return int(self.sizes.sum())


class Engine(Protocol):
    """What the training loop needs of an engine; pytorch/reference.py is the specification.

    Attributes:
        micro_batch: None while each batch is computed as a whole; else how many images at a time, their gradients added up,
            because memory is short. The engine sets it. The last bits of a training depend on it, so a resumed training
            sets it before its first step.
        notice: what a user should know about how it computes; empty for nothing.
    """

    micro_batch: int | None
    notice: str

    @property
    def network(self) -> Network:
        """The network with its present weights; on the CPU they are the engine's own memory."""

    @property
    def evaluated(self) -> Network:
        """The network that is evaluated and saved: with the averaged weights if the training averages them."""

    def train_steps(self, plan: Plan, start: int, stop: int) -> Stats:
        """Take the steps `start` to `stop - 1` of the plan, changing the weights in place."""

    def logits(self, images: Images) -> NDArray[np.float32]:
        """Return logits (N, num_classes) of uint8 images (N, height, width)."""

    def outputs(self, images: Images) -> list[NDArray[np.float32]]:
        """Return the output of every layer, (N, *shape) each, for uint8 images (N, height, width)."""

    def input_gradient(self, images: Images, classes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the gradient of one logit of each image with respect to the network's input.

        In evaluation: (N, channels, height, width) for uint8 images (N, height, width) and int64 classes (N,).
        """

    def snapshot(self) -> Snapshot:
        """Return a copy of the present state, to which a training can go back."""

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Return a copy of weights and optimiser state: `model.NAME`, `optimizer.NAME.KEY`, `optimizer.step`."""

    def load_state_dict(self, state: dict[str, NDArray[Any]]) -> None:
        """Set the state, as `state_dict` returned it."""
