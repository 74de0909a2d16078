"""The two ways to take the steps of an epoch: lenet's own kernels, and plain PyTorch for everything they do not know.

    steps = choose_steps(net, train_iter, loss, rule, device)
    with steps:
        for progress in steps.epoch():  # every fifth of an epoch
            print(progress.done, progress.tally.loss)

Both take the same batches in the same order and make the same steps, to the last digits that rounding leaves.
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
    """What the loop needs. Left in any case, so that weights and optimiser are the user's own again.

    sample: some pictures as the network takes them, if they are known; layers: the network as a chain, if it is known to be
    one; takes_logits: whether the loss is cross-entropy, which applies the softmax itself; simulates: whether
    `escape_epoch` can predict that a training at chance level escapes it.
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
        """One pass over the training pictures; the same EpochProgress, updated, after each fifth."""

    def escape_epoch(self, done: int, num_epochs: int) -> float | None:
        """The epoch in which a training at chance level after `done` epochs escapes it; None: not within `num_epochs`."""


def choose_steps(net: nn.Module, train_iter: Any, loss: Any, rule: Rule, device: torch.device) -> Steps:
    """lenet's kernels if they know all of it, else PyTorch; said in one line on stderr, with the reason.

    Raises ModelError if the network does not take the pictures.
    """
    check_batches(train_iter, "training")
    steps: Steps
    try:
        steps = KernelSteps(net, train_iter, loss, rule, device)
    except (EngineError, ModelError, ConfigError) as error:
        way_out = f"; {error.hint}" if isinstance(error, kernels.KernelsMissing) else ""
        keep_freed_memory()
        optimizer = rule.optimizer()
        steps = TorchSteps(train_iter, *classification(net, loss, optimizer, device), net, optimizer)
        steps.takes_logits = is_cross_entropy(loss)
        steps.name = f"PyTorch on {device} ({error.message}{way_out})"
    except RuntimeError as error:  # PyTorch's, from a first look at two pictures
        raise explain_shape_error(net, train_iter.first(NUM_TRIED), error) or error from error
    announce(steps)
    return steps


def announce(steps: Steps) -> None:
    """Says which of the two computes, and why."""
    sys.stderr.write(f"engine  {steps.name}\n")
