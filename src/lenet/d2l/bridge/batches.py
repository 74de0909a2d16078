"""Batches of a Dataset straight from memory, in the order that a DataLoader would draw.

X, y = next(iter(train_iter))"""

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
from lenet.images.decode import chunks

SAMPLE = 64  # images of which the doctor looks at the units
NUM_TRIED = 2  # pictures with which a network is tried before it is trusted


class ImageDataset(torch.utils.data.Dataset[tuple[Tensor, int]]):
    """A Dataset by the piece: `pictures[i]` is `(X, y)`, X float32 `(channels, height, width)` in 0…1, y an int."""

    def __init__(self, dataset: Dataset, resize: Resize = None) -> None:
        self.dataset, self.size = dataset, resized_size(dataset.size, resize)
        self.classes = list(dataset.classes)

    @property
    def data(self) -> Tensor:
        """All pictures, uint8 `(N, height, width)`, before resizing."""
        return torch.from_numpy(self.dataset.images)

    @property
    def targets(self) -> Tensor:
        """All labels, int64 `(N,)`."""
        return torch.from_numpy(self.dataset.labels)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = resize_images(self.dataset.images[index][None], self.size)
        return to_tensor(picture)[0], int(self.dataset.labels[index])


class BatchIterator:
    """Batches `(X, y)` of a Dataset, anew each time it is iterated, as a DataLoader without workers gives them.

    X: float32 `(B, channels, height, width)`, the pixels divided by 255; y: int64 `(B,)`; the last batch may be smaller.
    shuffle: in an order drawn from PyTorch's generator, the one that a DataLoader would draw. resize: the shorter edge, or
    (height, width), in pixels; as torchvision resizes a Pillow picture. Raises ConfigError for sizes below 1.
    """

    def __init__(self, dataset: Dataset, batch_size: int, shuffle: bool = False, resize: Resize = None) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise ConfigError(f"batch_size is {batch_size!r}; expected a whole number, at least 1")
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, shuffle
        self.size = resized_size(dataset.size, resize)

    def __len__(self) -> int:
        return math.ceil(len(self.dataset) / self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        _draw_seed()  # a DataLoader draws one for its workers, even without any, as soon as it is iterated
        return self._batches()

    def order(self) -> NDArray[np.int64]:
        """The next order of the pictures, `(N,)`: draws from PyTorch's generator what one iteration draws."""
        _draw_seed()
        return self._order()

    def resized_dataset(self) -> Dataset:
        """The Dataset with its pictures as large as the batches have them; computed once."""
        return self.dataset if self.size == self.dataset.size else self._resized_dataset

    def first(self, count: int) -> Tensor:
        """X of the first pictures in the order of the Dataset; draws nothing."""
        return to_tensor(resize_images(self.dataset.images[:count], self.size))

    @functools.cached_property
    def _resized_dataset(self) -> Dataset:
        images = self.dataset.images
        parts = [resize_images(images[part], self.size) for part in chunks((len(images), *self.size))]
        return Dataset(self.dataset.name, np.concatenate(parts), self.dataset.labels, self.dataset.classes)

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = self._order()
        for start in range(0, len(order), self.batch_size):
            chosen = order[start : start + self.batch_size]
            pictures = resize_images(self.dataset.images[chosen], self.size)
            yield to_tensor(pictures), torch.from_numpy(self.dataset.labels[chosen])

    def _order(self) -> NDArray[np.int64]:
        count = len(self.dataset)
        if not self.shuffle:
            return np.arange(count)
        generator = torch.Generator().manual_seed(_draw_seed())
        order: NDArray[np.int64] = torch.randperm(count, generator=generator).numpy()
        return order


def pair(batch: Any) -> tuple[Any, Tensor]:
    """Inputs and labels of a batch. Raises ConfigError if it is something else."""
    if not isinstance(batch, list | tuple) or len(batch) != 2 or not isinstance(batch[1], Tensor):
        raise ConfigError(f"a batch is a {type(batch).__name__}; expected (X, y), pictures and their labels as tensors")
    return batch[0], batch[1]


def no_batches(what: str) -> DataError:
    """The error for an iterator that gives nothing."""
    return DataError(
        f"{what} gives no batch",
        hint="a generator is empty after one pass: pass a list, a DataLoader or what load_data_fashion_mnist returns",
    )


def check_batches(data_iter: Any, what: str) -> None:
    """Raises ConfigError for what cannot be iterated."""
    if not hasattr(data_iter, "__iter__") and not hasattr(data_iter, "__getitem__"):
        raise ConfigError(f"the {what} iterator is a {type(data_iter).__name__}; expected batches (X, y)")


def first_inputs(train_iter: Any) -> Any:
    """X of the first batch, for a look before the first step; None of what can be gone through only once.

    Draws nothing from PyTorch's generator. Raises DataError if there is no batch.
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
