"""The book's data modules."""

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
    """Data for training and validation; subclasses have a `get_dataloader`."""

    batch_size: int

    def __init__(self, root: str | os.PathLike[str] = ROOT, num_workers: int = 0) -> None:
        self.root, self.num_workers = root, num_workers

    def get_dataloader(self, train: bool) -> Iterable[Any]:
        """An iterator over batches; a subclass makes it."""
        raise NotImplementedError

    def train_dataloader(self) -> Iterable[Any]:
        """Batches to train on."""
        return self.get_dataloader(train=True)

    def val_dataloader(self) -> Iterable[Any]:
        """Batches to measure with."""
        return self.get_dataloader(train=False)

    def get_tensorloader(
        self, tensors: Sequence[Tensor], train: bool, indices: slice = slice(0, None)
    ) -> Iterable[Any]:
        """A DataLoader over a part of some tensors, shuffled for training."""
        dataset = torch.utils.data.TensorDataset(*(tensor[indices] for tensor in tensors))
        return torch.utils.data.DataLoader(dataset, self.batch_size, shuffle=train)


class FashionMNIST(DataModule):
    """Fashion-MNIST: `train` and `val` by the piece, `get_dataloader(train)` in batches. resize, root: as the functions'."""

    def __init__(self, batch_size: int = 64, resize: Resize = (28, 28), root: str | os.PathLike[str] = ROOT) -> None:
        super().__init__(root)
        self.save_hyperparameters()
        splits = fashion_mnist(root)
        self.train, self.val = ImageDataset(splits.train, resize), ImageDataset(splits.test, resize)

    def text_labels(self, indices: Any) -> list[str]:
        """The book's names of the classes with these numbers."""
        return get_fashion_mnist_labels(indices)

    def get_dataloader(self, train: bool) -> BatchIterator:
        """Batches of the training set, shuffled, or of the validation set, which is the test set."""
        pictures = self.train if train else self.val
        return BatchIterator(pictures.dataset, self.batch_size, train, pictures.size)

    def visualize(self, batch: Any, nrows: int = 1, ncols: int = 8, labels: Sequence[str] = ()) -> None:
        """Shows the pictures of a batch, by default under their names."""
        X, y = batch
        show_images(X.squeeze(1), nrows, ncols, titles=labels or self.text_labels(y))
