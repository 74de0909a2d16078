"""Training steps by plain PyTorch."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lenet.d2l.bridge.batches import SAMPLE, no_batches, pair
from lenet.d2l.bridge.divergence import DivergenceGuard, Stateful
from lenet.d2l.bridge.evaluation import outputs, to_device
from lenet.d2l.bridge.label_errors import explain_label_error
from lenet.d2l.bridge.measuring import accuracy, number, uninterrupted
from lenet.d2l.bridge.progress import EpochProgress, report_steps
from lenet.engines import Stats


@dataclass(frozen=True)
class Forward:
    """A batch that went through the network.

    Attributes:
        loss: the tensor to differentiate.
        mean: the mean loss of the batch.
        num_correct: images classified correctly; NaN if that is not known.
        inputs: X, on the device.
        labels: y, on the device.
    """

    loss: Tensor
    mean: float
    num_correct: float
    inputs: Any
    labels: Tensor


class TorchSteps:
    """Steps by PyTorch, from any iterator; see the protocol Steps.

    Args:
        train_iter: the training batches.
        forward: computes the loss of a batch.
        update: changes the weights by what `forward` returned.
        net: the network; a module goes back to its last good state if the training diverges.
        optimizer: an optimiser of torch.optim goes back with it.
    """

    name, simulates, takes_logits = "PyTorch", False, False
    sample: Tensor | None = None
    layers: nn.Module | None = None

    def __init__(
        self,
        train_iter: Any,
        forward: Callable[[Any], Forward],
        update: Callable[[Forward], None],
        net: Any = None,
        optimizer: Any = None,
    ) -> None:
        self.train_iter, self.forward, self.update = train_iter, forward, update
        self.net = net if isinstance(net, nn.Module) else None
        parts: list[Stateful] = [self.net] if self.net is not None else []
        parts += [optimizer] if parts and isinstance(optimizer, torch.optim.Optimizer) else []
        self.guard = DivergenceGuard(*parts)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: Any) -> None:
        pass

    def epoch(self) -> Iterator[EpochProgress]:
        """Train one epoch; yield the same EpochProgress, updated, after each fifth.

        An iterator of unknown length is reported only at its end.

        Raises:
            DataError: if there is no batch.
            TrainingError: if the loss or the weights become NaN or infinite.
        """
        num_steps = len(self.train_iter) if hasattr(self.train_iter, "__len__") else None
        stops = set(report_steps(num_steps)) if num_steps else set()
        progress = EpochProgress()
        self.guard.keep()
        for step, batch in enumerate(self.train_iter, start=1):
            self._step(batch, progress, num_steps)
            if num_steps and step in stops and step < num_steps:
                self.guard.keep()
                progress.done = step / num_steps
                yield progress
        if not progress.losses:
            raise no_batches("the iterator to train on")
        if self.net is not None:
            self.guard.check_weights(self.net, len(progress.losses))
        if progress.done != 1:
            progress.done = 1
            yield progress

    def escape_epoch(self, done: int, num_epochs: int) -> float | None:
        """Return None: steps by PyTorch are not simulated."""
        return None

    def _step(self, batch: Any, progress: EpochProgress, num_steps: int | None) -> None:
        """Take one step, which Ctrl-C does not interrupt."""
        began = time.perf_counter()
        with uninterrupted():
            result = self.forward(batch)
            self.guard.check_losses([result.mean], len(progress.losses) + 1, num_steps)
            self.update(result)
            self.guard.num_steps += 1
            progress.labels.append(result.labels.detach().reshape(-1).cpu().numpy())
            self.sample = result.inputs[:SAMPLE] if isinstance(result.inputs, Tensor) else None
            size = np.array([result.labels.numel()])
            seconds = time.perf_counter() - began
            progress.add(Stats(np.array([result.mean]), size, result.num_correct, seconds))


def classification(
    net: Callable[..., Tensor], loss: Any, optimizer: torch.optim.Optimizer, device: torch.device
) -> tuple[Callable[[Any], Forward], Callable[[Forward], None]]:
    """Return `forward` and `update` of a classifier for TorchSteps.

    Args:
        net: the network.
        loss: a mean, or one number for each image.
        optimizer: changes the weights.
        device: where to compute.
    """

    def forward(batch: Any) -> Forward:
        inputs, labels = (to_device(part, device) for part in pair(batch))
        logits = outputs(net, inputs)
        try:
            value = loss(logits, labels).mean()
            return Forward(value, number(value), accuracy(logits, labels), inputs, labels)
        except (RuntimeError, IndexError, ValueError) as error:
            raise explain_label_error(logits, labels) or error from error

    def update(result: Forward) -> None:
        optimizer.zero_grad()
        result.loss.backward()
        optimizer.step()

    return forward, update
