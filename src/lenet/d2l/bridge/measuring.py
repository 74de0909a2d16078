"""Numbers of tensors: what loops count with."""

from typing import Any

from torch import Tensor


def accuracy(y_hat: Tensor, y: Tensor) -> float:
    """How many predictions are right. y_hat: scores `(N, num_classes)` or predicted classes `(N,)`; y: classes `(N,)`."""
    if y_hat.ndim > 1 and y_hat.shape[1] > 1:
        y_hat = y_hat.argmax(dim=1)
    return float((y_hat.to(y.dtype) == y).sum())


def number(value: Any) -> float:
    """A number, or the one in a tensor, whether or not it has a gradient."""
    return float(value.detach()) if isinstance(value, Tensor) else float(value)
