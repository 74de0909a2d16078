"""Errors for a loss or weights that are NaN or infinite."""

import numpy as np
import torch
from torch import nn

from lenet.d2l.bridge.optimizers import LastGood
from lenet.d2l.bridge.progress import Tally
from lenet.errors import TrainingError


def must_be_finite(loss: float, tally: Tally, num_steps: int | None, good: LastGood, taken: int) -> None:
    """loss: of the next step; taken: the steps before it, of all epochs, whose weights it tells of."""
    if not np.isfinite(loss):
        of_all = f" of {num_steps}" if num_steps else ""
        raise _broken(f"the loss became {loss} at step {len(tally.losses) + 1}{of_all}", good, taken)


def must_end_finite(net: nn.Module, tally: Tally, good: LastGood, taken: int) -> None:
    """What the last step of an epoch did no loss tells of."""
    if not all(bool(torch.isfinite(weights).all()) for weights in net.parameters()):
        raise _broken(f"weights became nan or infinite in step {len(tally.losses)}, the last,", good, taken)


def _broken(what: str, good: LastGood, taken: int) -> TrainingError:
    return TrainingError(
        f"{what} of this epoch; {good.restore(taken)}",
        hint="take a smaller learning rate (lr), a tenth of it say, and a network with fresh weights",
    )
