"""A data set in memory: uint8 pictures and integer labels, read once, nothing per sample.

NumPy, not PyTorch, so that looking at data never waits for PyTorch to load; an engine takes the same memory without a copy.
"""

import dataclasses
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenet.data import digits, idx, integrity
from lenet.data.catalogue import Entry, entry
from lenet.data.download import Progress
from lenet.data.fetch import fetch
from lenet.data.locate import locate
from lenet.errors import DataError, DataUnavailable

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Pictures with their labels.

    images: uint8, shape `(N, height, width)`, or `(N, height, width, 3)` with colours, which the engines take and
    `lenet.train` does not; labels: int64, shape `(N,)`, each in `0 … len(classes) - 1`; classes: the names of the classes,
    in the order of their labels.
    """

    name: str
    images: Images
    labels: Labels
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "images", np.ascontiguousarray(self.images))
        object.__setattr__(self, "labels", np.ascontiguousarray(self.labels))
        if self.images.dtype != np.uint8 or not (self.images.ndim == 3 or self.images.shape[3:] == (3,)):
            raise DataError(
                f"the images of {self.name} are {self.images.dtype} of shape {self.images.shape}; "
                "expected uint8 of shape (N, height, width) or (N, height, width, 3)"
            )
        if self.labels.dtype != np.int64 or self.labels.ndim != 1:
            raise DataError(
                f"the labels of {self.name} are {self.labels.dtype} of shape {self.labels.shape}; "
                "expected int64 of shape (N,)"
            )
        if len(self.images) != len(self.labels):
            raise DataError(f"{self.name} has {len(self.images):,} images but {len(self.labels):,} labels")
        if len(self.labels) == 0:
            raise DataError(f"{self.name} is empty", hint="a data set needs at least one picture")
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0 or high >= len(self.classes):
            raise DataError(
                f"{self.name} has a label {low if low < 0 else high}; expected 0 to {len(self.classes) - 1}, "
                f"one for each of its {len(self.classes)} classes"
            )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pictures, in pixels."""
        return self.images.shape[1], self.images.shape[2]

    def subset(self, indices: NDArray[np.int64]) -> "Dataset":
        """The pictures at `indices`, shape `(M,)`, in that order (a copy)."""
        return Dataset(self.name, self.images[indices], self.labels[indices], self.classes)


@dataclass(frozen=True, eq=False)
class Splits:
    """The training and the test set of one name; `train, test = lenet.data.load("mnist")` unpacks them.

    source says in words where the pictures came from; folder is where their files lie, if they do; notice is set when
    `auto` had to take another data set than the one hoped for, and says why.
    """

    train: Dataset
    test: Dataset
    source: str
    notice: str | None = None
    folder: Path | None = None

    def __iter__(self) -> Iterator[Dataset]:
        return iter((self.train, self.test))

    @property
    def name(self) -> str:
        return self.train.name

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, as 64 hexadecimal digits, over shapes, images and labels of both sets."""
        digest = hashlib.sha256()
        for dataset in self:
            digest.update(repr(dataset.images.shape).encode())
            digest.update(dataset.images.data)
            digest.update(dataset.labels.astype("<i8", copy=False).data)
        return digest.hexdigest()


def load(
    name: str = "auto", data_dir: str | os.PathLike[str] | None = None, *, progress: Progress | None = None
) -> Splits:
    """The training and test set of that name: "fashion-mnist", "mnist", "digits" or "auto".

    Images are uint8 `(60000, 28, 28)` and `(10000, 28, 28)`, labels int64 `(60000,)` and `(10000,)`:

        train, test = lenet.data.load("fashion-mnist")

    Read from `data_dir` (or else the folder in the environment variable LENET_DATA), from the cache, or by download into it;
    progress makes a bar for each file that is downloaded. "auto" takes Fashion-MNIST where it can be had, otherwise the
    built-in digits, and says so in `notice`.

    Raises DataUnavailable if the set is nowhere and cannot be downloaded, DataError for files that are truncated, damaged
    or of another data set; "auto" too never passes over such files in silence.
    """
    name = name.lower()
    if name == "auto":
        try:
            return load("fashion-mnist", data_dir, progress=progress)
        except DataUnavailable as error:
            notice = (
                f"{error.message}. Taking the built-in digits instead: the numbers that follow are not those of "
                f"Fashion-MNIST. To get it, {error.hint}"
            )
            return dataclasses.replace(load("digits", data_dir), notice=notice)
    found = entry(name)
    located = locate(name, data_dir)
    if located is None:
        try:
            located = fetch(name, progress=progress)
        except DataError:
            if found.sources:
                raise
            contents = [bytearray(content) for content in digits.idx_files()]
            for file, content in zip(found.files, contents, strict=True):
                integrity.check(found, file, content, file.name)
            return _splits(found, contents, "made on this machine")
    contents = [integrity.read(found, file, located.path(file), remembered=True) for file in found.files]
    return dataclasses.replace(_splits(found, contents, located.source), folder=located.folder.absolute())


def _splits(found: Entry, contents: list[bytearray], source: str) -> Splits:
    datasets = []
    for images, labels in ((0, 1), (2, 3)):
        datasets.append(
            Dataset(
                found.name,
                idx.parse(contents[images], 3, found.files[images].name),
                idx.parse(contents[labels], 1, found.files[labels].name).astype(np.int64),
                found.classes,
            )
        )
    return Splits(datasets[0], datasets[1], source)
