"""The two ways to train an epoch: lenet's own kernels, and plain PyTorch for everything that they cannot compute.

    steps = choose_steps(net, train_iter, loss, rule, device)
    with steps:
        for progress in steps.epoch():  # after each fifth of the epoch
            print(progress.done, progress.tally.loss)

Both take the same batches in the same order; their results differ only by rounding.
"""

import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from lenet.d2l.bridge.batches import NUM_TRIED, check_batches
from lenet.d2l.bridge.kernel_steps import KernelSteps, is_cross_entropy
from lenet.d2l.bridge.optimizers import Rule
from lenet.d2l.bridge.progress import EpochProgress
from lenet.d2l.bridge.shape_errors import explain_shape_error
from lenet.d2l.bridge.torch_steps import TorchSteps, classification
from lenet.engines import kernels
from lenet.errors import ConfigError, EngineError, ModelError
from lenet.pytorch.tensors import keep_freed_memory


class Steps(Protocol):
    """What the loop needs: a context manager, at whose end weights and optimiser are the user's own again.

    Attributes:
        name: of the engine, for the user.
        train_iter: the training batches.
        sample: some images as the network takes them, once known.
        takes_logits: whether the loss is a cross-entropy, which applies the softmax itself.
        simulates: whether `escape_epoch` can predict that a training at chance level escapes the plateau.
        layers: the network as a chain of layers, if it is known to be one.
    """

    name: str
    train_iter: Any
    sample: Tensor | None
    takes_logits: bool
    simulates: bool

    @property
    def layers(self) -> nn.Module | None: ...

    def __enter__(self) -> Any: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def epoch(self) -> Iterator[EpochProgress]:
        """Train one epoch; yield the same EpochProgress, updated, after each fifth."""

    def escape_epoch(self, done: int, num_epochs: int) -> float | None:
        """Return the epoch in which a training at chance level escapes the plateau, or None.

        Args:
            done: epochs done.
            num_epochs: the last epoch to consider.
        """


def choose_steps(net: nn.Module, train_iter: Any, loss: Any, rule: Rule, device: torch.device) -> Steps:
    """Choose lenet's kernels if they can compute all of it, else PyTorch; write which, and why, to stderr.

    Args:
        net: the network to train.
        train_iter: the training batches.
        loss: computes the loss of logits and labels.
        rule: the optimiser.
        device: where to compute.

    Raises:
        ConfigError: if the iterator cannot be iterated.
        ModelError: if the network does not take the images.
    """
    check_batches(train_iter, "training")
    steps: Steps
    try:
        steps = KernelSteps(net, train_iter, loss, rule, device)
    except (EngineError, ModelError, ConfigError) as error:
        hint = f"; {error.hint}" if isinstance(error, kernels.KernelsMissing) else ""
        keep_freed_memory()
        optimizer = rule.optimizer()
        steps = TorchSteps(train_iter, *classification(net, loss, optimizer, device), net, optimizer)
        steps.takes_logits = is_cross_entropy(loss)
        steps.name = f"PyTorch on {device} ({error.message}{hint})"
    except RuntimeError as error:  # PyTorch's, of the images with which the network was tried
        raise explain_shape_error(net, train_iter.first(NUM_TRIED), error) or error from error
    announce(steps)
    return steps


def announce(steps: Steps) -> None:
    """Write to stderr which engine computes, and why."""
    sys.stderr.write(f"engine  {steps.name}\n")
