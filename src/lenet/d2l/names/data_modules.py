"""The book's data modules: `DataModule` and `FashionMNIST`."""

import os
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from lenet.d2l.bridge.batches import BatchIterator, ImageDataset
from lenet.d2l.bridge.fashion_mnist import ROOT, fashion_mnist
from lenet.d2l.bridge.resize import Resize
from lenet.d2l.names.hyperparameters import HyperParameters
from lenet.d2l.names.images import show_images
from lenet.d2l.names.iterators import get_fashion_mnist_labels


class DataModule(HyperParameters):
    """The book's `DataModule`: batches for training and validation; subclasses define `get_dataloader`.

    Args:
        root: a folder for the data.
        num_workers: as published; not used here.
    """

    batch_size: int

    def __init__(self, root: str | os.PathLike[str] = ROOT, num_workers: int = 0) -> None:
        self.root, self.num_workers = root, num_workers

    def get_dataloader(self, train: bool) -> Iterable[Any]:
        """Return an iterator over batches; a subclass defines it.

        Args:
            train: whether the batches are for training or for validation.

        Returns:
            The iterator.
        """
        raise NotImplementedError

    def train_dataloader(self) -> Iterable[Any]:
        """Return the training batches.

        Returns:
            What `get_dataloader(train=True)` returns.
        """
        return self.get_dataloader(train=True)

    def val_dataloader(self) -> Iterable[Any]:
        """Return the validation batches.

        Returns:
            What `get_dataloader(train=False)` returns.
        """
        return self.get_dataloader(train=False)

    def get_tensorloader(
        self, tensors: Sequence[Tensor], train: bool, indices: slice = slice(0, None)
    ) -> Iterable[Any]:
        """Return a DataLoader over a part of some tensors.

        Args:
            tensors: of the same length.
            train: whether to shuffle.
            indices: the part.

        Returns:
            The DataLoader.
        """
        dataset = torch.utils.data.TensorDataset(*(tensor[indices] for tensor in tensors))
        return torch.utils.data.DataLoader(dataset, self.batch_size, shuffle=train)


class FashionMNIST(DataModule):
    """The book's `FashionMNIST`: the sets `train` and `val`, and their batches.

    Args:
        batch_size: images in a batch.
        resize: as for BatchIterator.
        root: as for `load_data_fashion_mnist`.

    Raises:
        DataUnavailable, DataError, ConfigError: as `load_data_fashion_mnist`.
    """

    def __init__(self, batch_size: int = 64, resize: Resize = (28, 28), root: str | os.PathLike[str] = ROOT) -> None:
        super().__init__(root)
        self.save_hyperparameters()
        splits = fashion_mnist(root)
        self.train, self.val = ImageDataset(splits.train, resize), ImageDataset(splits.test, resize)

    def text_labels(self, indices: Any) -> list[str]:
        """Return the names of classes by their numbers.

        Args:
            indices: numbers of classes.

        Returns:
            The names.
        """
        return get_fashion_mnist_labels(indices)

    def get_dataloader(self, train: bool) -> BatchIterator:
        """Return the training set in shuffled batches, or the validation set, which is the test set, in batches.

        Args:
            train: whether the batches are for training or for validation.

        Returns:
            The batches.

        Raises:
            ConfigError: for a batch size below 1.
        """
        images = self.train if train else self.val
        batches = BatchIterator(images.dataset, self.batch_size, train, images.size)
        batches.dataset = images
        return batches

    def visualize(self, batch: Any, nrows: int = 1, ncols: int = 8, labels: Sequence[str] = ()) -> None:
        """Show the images of a batch.

        Args:
            batch: images and labels.
            nrows: rows of images.
            ncols: images in a row.
            labels: titles of the images; without any, the names of their classes.

        Raises:
            ConfigError: for less than one row or column.
        """
        X, y = batch
        show_images(X.squeeze(1), nrows, ncols, titles=labels or self.text_labels(y))
