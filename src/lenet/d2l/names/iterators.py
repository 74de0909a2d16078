"""Fashion-MNIST as the book's code wants it: things that give batches `(X, y)`, here straight from memory.

    train_iter, test_iter = load_data_fashion_mnist(256)
    X, y = next(iter(train_iter))  # (256, 1, 28, 28) float32 in 0…1, (256,) int64

A DataLoader makes each picture by itself and sends it from one process to another; these cut whole batches out of one
array, in the very order that a DataLoader would have drawn from PyTorch's generator."""

import os
from typing import Any

from lenet.d2l.bridge.batches import BatchIterator
from lenet.d2l.bridge.fashion_mnist import ROOT, fashion_mnist
from lenet.d2l.bridge.resize import Resize


def load_data_fashion_mnist(
    batch_size: int, resize: Resize = None, root: str | os.PathLike[str] = ROOT
) -> tuple[BatchIterator, BatchIterator]:
    """The training set, shuffled, and the test set of Fashion-MNIST, in batches.

    resize: as BatchIterator. root: looked into first, if it is a folder with Fashion-MNIST in it; then, as lenet.data.load,
    LENET_DATA, the cache, a download. Raises DataUnavailable or DataError as that does.
    """
    splits = fashion_mnist(root)
    return BatchIterator(splits.train, batch_size, True, resize), BatchIterator(splits.test, batch_size, False, resize)


def get_data_fashion_mnist(
    batch_size: int, resize: Resize = None, root: str | os.PathLike[str] = ROOT
) -> tuple[BatchIterator, BatchIterator]:
    """The same under the name that private copies of the port give it."""
    return load_data_fashion_mnist(batch_size, resize, root)


def get_dataloader_workers() -> int:
    """How many processes read data: none, which is faster here."""
    return 0


def get_fashion_mnist_labels(labels: Any) -> list[str]:
    """The book's names of the classes with these numbers."""
    return [TEXT_LABELS[int(label)] for label in labels]


TEXT_LABELS = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]
