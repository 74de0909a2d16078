"""Fashion-MNIST as the book's code loads it, in batches straight from memory.

train_iter, test_iter = load_data_fashion_mnist(256)
X, y = next(iter(train_iter))  # float32 (256, 1, 28, 28) in 0…1, int64 (256,)
"""

import os
from typing import Any

from lenet.d2l.bridge.batches import BatchIterator
from lenet.d2l.bridge.fashion_mnist import ROOT, fashion_mnist
from lenet.d2l.bridge.resize import Resize


def load_data_fashion_mnist(
    batch_size: int, resize: Resize = None, root: str | os.PathLike[str] = ROOT
) -> tuple[BatchIterator, BatchIterator]:
    """Return training set and test set of Fashion-MNIST in batches: the book's `load_data_fashion_mnist`.

    The training set is shuffled.

    Args:
        batch_size: images in a batch.
        resize: as for BatchIterator.
        root: a folder that is searched first, if it has Fashion-MNIST in it; then, as in `lenet.data.load`, LENET_DATA,
            the cache, and a download.

    Returns:
        Training batches and test batches.

    Raises:
        DataUnavailable: if it is not on this machine and cannot be downloaded.
        DataError: if a file is damaged.
        ConfigError: for a batch size or an edge below 1.
    """
    splits = fashion_mnist(root)
    return BatchIterator(splits.train, batch_size, True, resize), BatchIterator(splits.test, batch_size, False, resize)


def get_data_fashion_mnist(
    batch_size: int, resize: Resize = None, root: str | os.PathLike[str] = ROOT
) -> tuple[BatchIterator, BatchIterator]:
    """Return what `load_data_fashion_mnist` returns, by the name that private copies of the port give it.

    Args:
        batch_size: images in a batch.
        resize: as for BatchIterator.
        root: as for `load_data_fashion_mnist`.

    Returns:
        Training batches and test batches.

    Raises:
        DataUnavailable, DataError, ConfigError: as `load_data_fashion_mnist`.
    """
    return load_data_fashion_mnist(batch_size, resize, root)


def get_dataloader_workers() -> int:
    """Return 0, the number of worker processes, which are not needed here: the book's `get_dataloader_workers`.

    Returns:
        0.
    """
    return 0


def get_fashion_mnist_labels(labels: Any) -> list[str]:
    """Return the names of classes by their numbers: the book's `get_fashion_mnist_labels`.

    Args:
        labels: numbers of classes, such as int64 (N,).

    Returns:
        The book's names, such as t-shirt.
    """
    return [TEXT_LABELS[int(label)] for label in labels]


TEXT_LABELS = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]
