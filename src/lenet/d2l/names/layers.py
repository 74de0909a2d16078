"""The layers, initialisers and SGD step that the chapters' code calls by name."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from lenet.pytorch.modules import xavier_uniform

init_cnn = xavier_uniform  # the book's name for it


class FlattenLayer(nn.Module):
    """The port's `FlattenLayer`: (N, …) to (N, features)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return each image as one row.

        Args:
            x: (N, …).

        Returns:
            (N, features), a view of the same memory.
        """
        return x.view(x.shape[0], -1)


class Reshape(nn.Module):
    """The book's `Reshape`: (N, …) with 784 numbers an image to (N, 1, 28, 28)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return each row of 784 numbers as an image.

        Args:
            x: any shape with N × 784 numbers.

        Returns:
            (N, 1, 28, 28), a view of the same memory.
        """
        return x.view(-1, 1, 28, 28)


def sgd(params: Iterable[Tensor], lr: float, batch_size: int) -> None:
    """Take a step of stochastic gradient descent and clear the gradients: the book's `sgd`.

    The step is `param -= lr * gradient / batch_size`, because the chapters sum their losses; for a loss that is a mean,
    pass 1.

    Args:
        params: tensors; those without a gradient are left as they are.
        lr: learning rate.
        batch_size: images in the batch.
    """
    with torch.no_grad():
        for param in params:
            if param.grad is not None:
                param -= lr * param.grad / batch_size
                param.grad.zero_()
