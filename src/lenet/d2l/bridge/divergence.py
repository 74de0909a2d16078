"""Trainings that diverge: an error, after network and optimiser have their last good state again.

    guard = DivergenceGuard(net, optimizer)
    guard.keep()  # before some steps
    guard.check_losses([loss], first=1, num_steps=235)
    guard.num_steps += 1  # the step is taken

The state is copied before every call of the kernels, and by PyTorch after each fifth of an epoch.
"""

import copy
import math
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import nn

from lenet.errors import TrainingError
from lenet.training.rollback import Rollback


class Stateful(Protocol):
    """A network, an optimiser or an engine."""

    def state_dict(self) -> dict[str, Any]:
        """Return everything that training changes."""

    def load_state_dict(self, state: dict[str, Any]) -> Any:
        """Set the state, as `state_dict` returned it."""


class States:
    """Copies of the states of networks, optimisers or engines at one moment."""

    def __init__(self, parts: Sequence[Stateful]) -> None:
        self.parts = parts
        self.take()

    def take(self) -> None:
        """Copy the present states in place of those before."""
        self.states = [copy.deepcopy(part.state_dict()) for part in self.parts]

    def restore(self) -> None:
        """Set the states that were copied."""
        for part, state in zip(self.parts, self.states, strict=True):
            part.load_state_dict(state)


class DivergenceGuard:
    """Ends a training that diverges, and restores its last good state.

    Args:
        parts: what the training changes; none if that is not known, as for a network that is a function.

    Attributes:
        num_steps: the steps taken so far, in all epochs.
    """

    def __init__(self, *parts: Stateful) -> None:
        self.parts, self.num_steps = parts, 0
        self._rollback: Rollback[States, None] = Rollback(self)

    def snapshot(self) -> States:
        """Return a copy of the present states."""
        return States(self.parts)

    def keep(self) -> None:
        """Copy the state after the steps taken so far."""
        self._rollback.keep(self.num_steps, None)

    def check_losses(self, losses: Sequence[float], first: int, num_steps: int | None) -> None:
        """Check the losses of the next steps, before they count as taken.

        Args:
            losses: each is that of the weights before its step.
            first: the number of the first of these steps in the epoch, from 1.
            num_steps: steps of the epoch, if known.

        Raises:
            TrainingError: if one is NaN or infinite; the last good state is restored.
        """
        for offset, loss in enumerate(losses):
            if not math.isfinite(loss):
                of_all = f" of {num_steps}" if num_steps else ""
                raise self._diverged(
                    f"the loss became {loss} at step {first + offset}{of_all}", self.num_steps + offset
                )

    def check_weights(self, net: nn.Module, last: int) -> None:
        """Check the weights at the end of an epoch, which no loss has seen.

        Args:
            net: the network.
            last: the number of the last step of the epoch.

        Raises:
            TrainingError: if a weight is NaN or infinite; the last good state is restored.
        """
        if not all(bool(torch.isfinite(weights).all()) for weights in net.parameters()):
            raise self._diverged(f"weights became NaN or infinite in step {last}, the last,", self.num_steps)

    def _diverged(self, problem: str, num_steps: int) -> TrainingError:
        """The error, after the last good state was restored; num_steps: taken before the state that is bad."""
        return TrainingError(
            f"{problem} of this epoch; {self._go_back(num_steps)}",
            hint="take a smaller learning rate (lr), for example a tenth of it, and a network with new initial weights",
        )

    def _go_back(self, num_steps: int) -> str:
        if not self.parts:
            return "the present weights are not known"
        good = self._rollback.last_good(num_steps)
        if good is None:
            return "no step was taken before, so the initial weights or the images were bad"
        good.snapshot.restore()
        undone = f"{num_steps - good.step} steps" if num_steps > good.step + 1 else "step"
        return f"the weights are the last good ones, those before the last {undone}"
