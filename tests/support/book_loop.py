"""The book's training loop written out in plain PyTorch, and what a training goes through in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F


@dataclass
class Expected:
    """Of a training, computed by PyTorch; the lists of an epoch's batches begin anew in each epoch."""

    losses: list[list[float]] = field(default_factory=list)
    sizes: list[list[int]] = field(default_factory=list)
    correct: list[list[int]] = field(default_factory=list)
    val_losses: list[list[float]] = field(default_factory=list)
    val_accuracies: list[list[float]] = field(default_factory=list)
    test_accuracies: list[float] = field(default_factory=list)

    def loss(self, epoch: int, stop: int) -> float:
        """Mean loss per image of the first `stop` batches."""
        pairs = zip(self.losses[epoch][:stop], self.sizes[epoch][:stop], strict=True)
        return sum(loss * size for loss, size in pairs) / sum(self.sizes[epoch][:stop])

    def batch_loss(self, epoch: int) -> float:
        """Mean loss per batch."""
        return sum(self.losses[epoch]) / len(self.losses[epoch])

    def accuracy(self, epoch: int, stop: int) -> float:
        return sum(self.correct[epoch][:stop]) / sum(self.sizes[epoch][:stop])


def expect(net: Any, train_iter: Any, test_iter: Any, optimizer: Any, num_epochs: int = 2) -> Expected:
    """What a training with cross-entropy goes through; `net` and PyTorch's generator are changed as by the training."""
    expected = Expected()
    for _ in range(num_epochs):
        batches = []
        for images, y in train_iter:
            optimizer.zero_grad()
            logits = net(images)
            loss = F.cross_entropy(logits, y)
            loss.backward()
            optimizer.step()
            batches.append((loss.item(), len(y), int((logits.argmax(1) == y).sum())))
        losses, sizes, correct = zip(*batches, strict=True)
        expected.losses.append(list(losses))
        expected.sizes.append(list(sizes))
        expected.correct.append(list(correct))
        with torch.no_grad():
            outputs = [(net(images), y) for images, y in test_iter]
        expected.val_losses.append([F.cross_entropy(logits, y).item() for logits, y in outputs])
        expected.val_accuracies.append([float((logits.argmax(1) == y).float().mean()) for logits, y in outputs])
        right = sum(int((logits.argmax(1) == y).sum()) for logits, y in outputs)
        expected.test_accuracies.append(right / sum(len(y) for _, y in outputs))
    return expected


class Loader:
    """The same batches in something that is no BatchIterator, so that PyTorch takes the steps."""

    def __init__(self, iterator: Any) -> None:
        self.iterator = iterator

    def __iter__(self) -> Iterator[Any]:
        return iter(self.iterator)

    def __len__(self) -> int:
        return len(self.iterator)
