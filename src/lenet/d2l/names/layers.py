"""The layers and initialisers that the chapters' code calls by name."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from lenet.pytorch.modules import xavier_uniform

init_cnn = xavier_uniform  # the book's name for it


class FlattenLayer(nn.Module):
    """`(N, …)` → `(N, features)`."""

    def forward(self, x: Tensor) -> Tensor:
        """Each picture as one row."""
        return x.view(x.shape[0], -1)


class Reshape(nn.Module):
    """Anything with 784 numbers a picture → `(N, 1, 28, 28)`."""

    def forward(self, x: Tensor) -> Tensor:
        """Each row as a picture."""
        return x.view(-1, 1, 28, 28)


def sgd(params: Iterable[Tensor], lr: float, batch_size: int) -> None:
    """A step of stochastic gradient descent: `param -= lr * gradient / batch_size`; then the gradients are zero.

    It divides by `batch_size` because the chapters sum their losses; with a loss that is a mean already, pass 1.
    """
    with torch.no_grad():
        for param in params:
            if param.grad is not None:
                param -= lr * param.grad / batch_size
                param.grad.zero_()
