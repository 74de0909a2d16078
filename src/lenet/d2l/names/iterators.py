"""Fashion-MNIST as the book's code wants it: things that give batches `(X, y)`, here straight from memory.

    train_iter, test_iter = load_data_fashion_mnist(256)
    X, y = next(iter(train_iter))  # (256, 1, 28, 28) float32 in 0…1, (256,) int64

A DataLoader makes each picture by itself and sends it from one process to another; these cut whole batches out of one
array, in the very order that a DataLoader would have drawn from PyTorch's generator.
"""

import functools
import math
import os
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenet.data.dataset import Dataset, Images, Splits, load
from lenet.data.locate import locate
from lenet.errors import ConfigError, DataUnavailable
from lenet.images.decode import chunks

NAME = "fashion-mnist"
ROOT = "../data"  # the English book's; the Chinese port's is ~/Datasets/FashionMNIST

Resize = int | tuple[int, int] | list[int] | None


class Pictures(torch.utils.data.Dataset[tuple[Tensor, int]]):
    """A Dataset by the piece: `pictures[i]` is `(X, y)`, X float32 `(channels, height, width)` in 0…1, y an int."""

    def __init__(self, dataset: Dataset, resize: Resize = None) -> None:
        self.dataset, self.size = dataset, size_after(dataset.size, resize)
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
        picture = resized(self.dataset.images[index][None], self.size)
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
        self.size = size_after(dataset.size, resize)

    def __len__(self) -> int:
        return math.ceil(len(self.dataset) / self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        _drawn_seed()  # a DataLoader draws one for its workers, even without any, as soon as it is iterated
        return self._batches()

    def order(self) -> NDArray[np.int64]:
        """The next order of the pictures, `(N,)`: draws from PyTorch's generator what one iteration draws."""
        _drawn_seed()
        return self._order()

    def in_size(self) -> Dataset:
        """The Dataset with its pictures as large as the batches have them; computed once."""
        return self.dataset if self.size == self.dataset.size else self._in_size

    def first(self, count: int) -> Tensor:
        """X of the first pictures in the order of the Dataset; draws nothing."""
        return to_tensor(resized(self.dataset.images[:count], self.size))

    @functools.cached_property
    def _in_size(self) -> Dataset:
        images = self.dataset.images
        parts = [resized(images[part], self.size) for part in chunks((len(images), *self.size))]
        return Dataset(self.dataset.name, np.concatenate(parts), self.dataset.labels, self.dataset.classes)

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = self._order()
        for start in range(0, len(order), self.batch_size):
            chosen = order[start : start + self.batch_size]
            pictures = resized(self.dataset.images[chosen], self.size)
            yield to_tensor(pictures), torch.from_numpy(self.dataset.labels[chosen])

    def _order(self) -> NDArray[np.int64]:
        count = len(self.dataset)
        if not self.shuffle:
            return np.arange(count)
        generator = torch.Generator().manual_seed(_drawn_seed())
        order: NDArray[np.int64] = torch.randperm(count, generator=generator).numpy()
        return order


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


def fashion_mnist(root: str | os.PathLike[str]) -> Splits:
    """Fashion-MNIST, read once for all who ask for it."""
    places = (os.environ.get("LENET_DATA"), os.environ.get("LENET_CACHE"))
    return _loaded(_folder(root), places)


_published: weakref.WeakKeyDictionary[Dataset, Dataset] = (
    weakref.WeakKeyDictionary()
)  # training sets with their test sets


def is_published(train: Dataset, test: Dataset) -> bool:
    """Whether these are training and test set of Fashion-MNIST as `fashion_mnist` read them, the SHA-256 checked."""
    return _published.get(train) is test


@functools.lru_cache(maxsize=1)
def _loaded(folder: Path | None, places: tuple[str | None, ...]) -> Splits:
    try:
        splits = load(NAME, folder, progress=_bar)
    except DataUnavailable as error:
        way = "have its four files? root=FOLDER or LENET_DATA=FOLDER finds them, lenet data import FOLDER keeps them"
        raise DataUnavailable(error.message, hint=way) from error
    _published[splits.train] = splits.test
    return splits


def _folder(root: str | os.PathLike[str]) -> Path | None:
    """The folder if Fashion-MNIST is in it; the books create theirs, so one that is not there is no mistake."""
    folder = Path(root).expanduser().absolute()
    located = locate(NAME, folder) if folder.is_dir() else None
    return folder if located and located.folder.is_relative_to(folder) and not located.holds_another() else None


def _bar(file: str, num_bytes: int) -> Any:
    """A bar for a file being downloaded; with it comes matplotlib, which data alone does not need."""
    import sys

    from lenet.display.progress import Lines, Terminal

    return (Terminal if sys.stderr.isatty() else Lines)(sys.stderr).download(file, num_bytes)


def to_tensor(pictures: Images) -> Tensor:
    """uint8 `(N, height, width)` or `(N, height, width, 3)` → float32 `(N, channels, height, width)` in 0…1."""
    pixels = torch.from_numpy(np.ascontiguousarray(pictures))
    pixels = pixels.unsqueeze(1) if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2).contiguous()
    return pixels.to(torch.float32).div_(255)


def size_after(size: tuple[int, int], resize: Resize) -> tuple[int, int]:
    """Height and width after resizing; a number alone is the shorter edge, and the proportions stay."""
    if resize is None:
        return size
    edges = list(resize) if isinstance(resize, tuple | list) else [resize]
    if len(edges) not in (1, 2) or not all(type(edge) is int and edge > 0 for edge in edges):
        raise ConfigError(
            f"resize is {resize!r}; expected an edge in pixels, or (height, width), such as 96 or (96, 96)"
        )
    if len(edges) == 2:
        return edges[0], edges[1]
    height, width = size
    return (edges[0], edges[0] * width // height) if height <= width else (edges[0] * height // width, edges[0])


def resized(pictures: Images, size: tuple[int, int]) -> Images:
    """The pictures `(N, height, width)` or `(N, height, width, 3)` at that size, each as Pillow's bilinear filter makes it.

    Pillow filters along the rows, rounds to bytes, and filters along the columns. A row knows nothing of the rows above it,
    so all pictures are filtered as one tall picture along the rows, and as one wide one along the columns: two calls. Where
    the proportions change, Pillow may take the columns first; such pictures go through it one by one.
    """
    height, width = pictures.shape[1:3]
    if (height, width) == size:
        return pictures
    if height * size[1] == width * size[0]:
        return _columns_resized(_rows_resized(pictures, size[1]), size[0])
    from PIL import Image

    filtered = (Image.fromarray(picture).resize((size[1], size[0]), Image.Resampling.BILINEAR) for picture in pictures)
    return np.stack([np.asarray(picture) for picture in filtered])


def _rows_resized(pictures: Images, width: int) -> Images:
    """`(N, height, W)` → `(N, height, width)`."""
    from PIL import Image

    count, height, _, *colours = pictures.shape
    tall = Image.fromarray(np.ascontiguousarray(pictures).reshape(count * height, -1, *colours))
    wider = tall.resize((width, tall.height), Image.Resampling.BILINEAR)
    return np.asarray(wider).reshape(count, height, width, *colours)


def _columns_resized(pictures: Images, height: int) -> Images:
    """`(N, H, width)` → `(N, height, width)`."""
    return _rows_resized(pictures.swapaxes(1, 2), height).swapaxes(1, 2)


def _drawn_seed() -> int:
    return int(torch.empty((), dtype=torch.int64).random_().item())
