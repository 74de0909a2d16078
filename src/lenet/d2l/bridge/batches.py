"""Batches of a Dataset straight from memory, in the order in which a DataLoader would draw them.

    train_iter = BatchIterator(dataset, 256, shuffle=True)
    X, y = next(iter(train_iter))  # float32 (256, 1, 28, 28) in 0…1, int64 (256,)

A DataLoader makes each image by itself and sends it from one process to another; a BatchIterator cuts whole batches out of
one array.
"""

import functools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenet.d2l.bridge.resize import Resize, resize_images, resized_size, to_tensor
from lenet.data.dataset import Dataset
from lenet.errors import ConfigError, DataError
from lenet.images.pixels import chunks

SAMPLE = 64  # images of which the doctor looks at the units
NUM_TRIED = 2  # images with which a network is tried before its training


class ImageDataset(torch.utils.data.Dataset[tuple[Tensor, int]]):
    """A Dataset image by image: `images[i]` is `(X, y)`, X float32 (channels, height, width) in 0…1, y an int.

    Args:
        dataset: the images and their labels.
        resize: as for BatchIterator.
    """

    def __init__(self, dataset: Dataset, resize: Resize = None) -> None:
        self.dataset, self.size = dataset, resized_size(dataset.size, resize)
        self.classes = list(dataset.classes)

    @property
    def data(self) -> Tensor:
        """Return all images, uint8 (N, height, width), before resizing."""
        return torch.from_numpy(self.dataset.images)

    @property
    def targets(self) -> Tensor:
        """Return all labels, int64 (N,)."""
        return torch.from_numpy(self.dataset.labels)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = resize_images(self.dataset.images[index][None], self.size)
        return to_tensor(image)[0], int(self.dataset.labels[index])


class BatchIterator:
    """Batches `(X, y)` of a Dataset, as a DataLoader without workers gives them.

    X is float32 (batch, channels, height, width), the pixels divided by 255, and y int64 (batch,). The last batch may be
    smaller.

    Args:
        dataset: the images and their labels.
        batch_size: images in a batch.
        shuffle: whether the order is drawn from PyTorch's generator; it is the one that a DataLoader would draw.
        resize: the shorter edge, or (height, width), in pixels; None for the size that the images have. Images are resized as
            torchvision resizes Pillow images.

    Raises:
        ConfigError: for a batch size or an edge below 1.
    """

    def __init__(self, dataset: Dataset, batch_size: int, shuffle: bool = False, resize: Resize = None) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise ConfigError(f"batch_size is {batch_size!r}; expected a whole number, at least 1")
        self.source, self.batch_size, self.shuffle = dataset, batch_size, shuffle
        self.size = resized_size(dataset.size, resize)

    @functools.cached_property
    def dataset(self) -> ImageDataset:
        """Return the images one by one, as a DataLoader has them: `dataset[0]`, `dataset.targets`, `dataset.data`."""
        return ImageDataset(self.source, self.size)

    def __len__(self) -> int:
        return math.ceil(len(self.source) / self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        _draw_seed()  # a DataLoader draws one for its workers, even without any, as soon as it is iterated
        return self._batches()

    def order(self) -> NDArray[np.int64]:
        """Return the order of the images in the next iteration, with the random draws of one.

        Returns:
            Indices of images, int64 (N,).
        """
        _draw_seed()
        return self._order()

    def resized_dataset(self) -> Dataset:
        """Return the Dataset with images in the size of the batches; they are resized once.

        Returns:
            The images as uint8 (N, height, width), with their labels.
        """
        return self.source if self.size == self.source.size else self._resized_dataset

    def first(self, count: int) -> Tensor:
        """Return X of the first images of the Dataset; draws nothing from PyTorch's generator.

        Args:
            count: number of images.

        Returns:
            float32 (count, channels, height, width) in 0…1.
        """
        return to_tensor(resize_images(self.source.images[:count], self.size))

    @functools.cached_property
    def _resized_dataset(self) -> Dataset:
        images = self.source.images
        parts = [resize_images(images[part], self.size) for part in chunks((len(images), *self.size))]
        return Dataset(self.source.name, np.concatenate(parts), self.source.labels, self.source.classes)

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = self._order()
        for start in range(0, len(order), self.batch_size):
            chosen = order[start : start + self.batch_size]
            images = resize_images(self.source.images[chosen], self.size)
            yield to_tensor(images), torch.from_numpy(self.source.labels[chosen])

    def _order(self) -> NDArray[np.int64]:
        count = len(self.source)
        if not self.shuffle:
            return np.arange(count)
        generator = torch.Generator().manual_seed(_draw_seed())
        order: NDArray[np.int64] = torch.randperm(count, generator=generator).numpy()
        return order


def pair(batch: Any) -> tuple[Any, Tensor]:
    """Return inputs and labels of a batch.

    Raises:
        ConfigError: if it is not a pair.
    """
    if not isinstance(batch, list | tuple) or len(batch) != 2 or not isinstance(batch[1], Tensor):
        raise ConfigError(f"a batch is a {type(batch).__name__}; expected (X, y), images and their labels as tensors")
    return batch[0], batch[1]


def no_batches(what: str) -> DataError:
    """Return the error for an iterator without batches; what: which iterator, for the message."""
    return DataError(
        f"{what} gives no batch",
        hint="a generator is empty after one pass: pass a list, a DataLoader or what load_data_fashion_mnist returns",
    )


def check_batches(data_iter: Any, what: str) -> None:
    """Check that batches can be iterated.

    Args:
        data_iter: the iterator.
        what: what it is for, for the message: training or test.

    Raises:
        ConfigError: if it cannot be iterated.
    """
    if not hasattr(data_iter, "__iter__") and not hasattr(data_iter, "__getitem__"):
        raise ConfigError(f"the {what} iterator is a {type(data_iter).__name__}; expected batches (X, y)")


def first_inputs(train_iter: Any) -> Any:
    """Return X of the first batch; None for an iterator that can be iterated only once.

    Draws nothing from PyTorch's generator.

    Raises:
        DataError: if there is no batch.
    """
    if isinstance(train_iter, BatchIterator):
        return train_iter.first(NUM_TRIED)
    if hasattr(train_iter, "__next__"):
        return None
    with torch.random.fork_rng(devices=[]):
        for batch in train_iter:
            return pair(batch)[0]
    raise no_batches("the iterator to train on")


def _draw_seed() -> int:
    return int(torch.empty((), dtype=torch.int64).random_().item())
