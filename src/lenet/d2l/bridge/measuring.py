"""Numbers of tensors, and Ctrl-C between two steps."""

import contextlib
from collections.abc import Iterator
from typing import Any

from torch import Tensor

from lenet.training.interrupts import interrupts


def accuracy(y_hat: Tensor, y: Tensor) -> float:
    """Return how many predictions are correct: the book's `accuracy`.

    Args:
        y_hat: scores (N, num_classes), or predicted classes (N,).
        y: classes (N,).

    Returns:
        A number from 0 to N.
    """
    if y_hat.ndim > 1 and y_hat.shape[1] > 1:
        y_hat = y_hat.argmax(dim=1)
    return float((y_hat.to(y.dtype) == y).sum())


def number(value: Any) -> float:
    """Return a number, or the one in a tensor, with or without a gradient."""
    return float(value.detach()) if isinstance(value, Tensor) else float(value)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Run a block to its end before a signal such as Ctrl-C raises KeyboardInterrupt."""
    with interrupts() as interrupted:
        yield
    if interrupted.is_set():
        raise KeyboardInterrupt
