"""The arithmetic: what an engine is, and how one is chosen.

An engine is a constructor and four methods. It is told everything: the plan says which pictures, how they are turned,
and at what rate; nothing is drawn by chance inside. A chunk of steps is the unit, so that a device is waited for once
per chunk and the trainer can print, save and stop between two.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lenet.data.batches import Plan
from lenet.data.dataset import Images
from lenet.errors import EngineError

__all__ = ["Choice", "Engine", "Stats", "choose_device", "choose_engine"]


@dataclass(frozen=True)
class Stats:
    """What a chunk of steps did. losses: the mean loss of each batch, float64 `(num_steps,)`."""

    losses: NDArray[np.float64]
    loss_sum: float  # over pictures, so that a small last batch weighs what it should
    num_correct: int
    num_images: int
    seconds: float  # of the steps alone


class Engine(Protocol):
    """What the trainer needs of an engine; `reference.py` is the specification."""

    model: nn.Module

    def train_steps(self, plan: Plan, start: int, stop: int) -> Stats:
        """Takes the steps `start` to `stop - 1` of the plan, changing the weights in place."""

    def logits(self, images: Images) -> Tensor:
        """Logits `(N, num_classes)`, float32 on the CPU, of uint8 pictures `(N, height, width)`; keeps the mode."""

    def state_dict(self) -> dict[str, Tensor]:
        """Weights and optimiser state, flat, CPU tensors: `model.NAME`, `optimizer.NAME.KEY`."""

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """The inverse of `state_dict`."""


@dataclass(frozen=True)
class Choice:
    """A decision made for the user, and why."""

    name: str
    reason: str


def choose_device(requested: str) -> Choice:
    """The device to compute on; `auto` takes a GPU where there is one. Raises EngineError if it is not there."""
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    present = ["cpu", *(f"cuda:{number}" for number in range(gpus))]
    has_mps = torch.backends.mps.is_available()
    if requested == "auto":
        if gpus:
            return Choice("cuda:0", "auto: a GPU is there")
        return Choice("cpu", "auto: --device mps is there, but untried" if has_mps else "auto: no GPU found")
    present += ["mps"] if has_mps else []
    wanted = "cuda:0" if requested == "cuda" else requested
    if wanted not in present:
        raise EngineError(
            f"no device {requested!r} on this machine", hint=f"there is {', '.join(present)}; --device auto picks one"
        )
    return Choice(wanted, "as asked")


def choose_engine(requested: str) -> Choice:
    """The engine to compute with; so far there is one."""
    return Choice("reference", "auto: plain PyTorch" if requested == "auto" else "as asked")
