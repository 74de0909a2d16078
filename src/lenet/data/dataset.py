"""A data set in memory: uint8 images and integer labels, read once, without work for each image.

The arrays are NumPy's; an engine uses the same memory without a copy.
"""

import dataclasses
import hashlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenet.data import digits, idx
from lenet.data.catalogue import Entry, find_entry
from lenet.data.class_names import checked_class_names
from lenet.data.locate import cached_folder, locate
from lenet.data.targets import Targets, checked_targets
from lenet.errors import DataError, DataUnavailable

if TYPE_CHECKING:
    from lenet.data.download import MakeBar

Images = NDArray[np.uint8]  # (N, height, width), or (N, height, width, 3) with colours
Labels = NDArray[np.int64]  # (N,)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with their labels.

    Attributes:
        name: The name of the data set.
        images: uint8 (N, height, width), or (N, height, width, 3) with colours, which `lenet.train` does not take.
        labels: int64 (N,), each from 0 to len(classes) - 1.
        classes: The names of the classes, in the order of their labels; numbers become text.
        targets: A teacher's logits, soft targets of a training: float16 or float32 (N, num_classes), or (N, 2, num_classes)
            with those of each image and of its mirror image, for trainings that flip. None for a training by labels alone.
    """

    name: str
    images: Images
    labels: Labels
    classes: tuple[str, ...]
    targets: Targets | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", checked_class_names(self.name, self.classes))
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
            raise DataError(f"{self.name} is empty", hint="a data set needs at least one image")
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0 or high >= len(self.classes):
            raise DataError(
                f"{self.name} has a label {low if low < 0 else high}; expected 0 to {len(self.classes) - 1}, "
                f"one for each of its {len(self.classes)} classes"
            )
        if self.targets is not None:
            object.__setattr__(self, "targets", checked_targets(self.name, self.targets, len(self), len(self.classes)))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images, in pixels."""
        return self.images.shape[1], self.images.shape[2]

    def subset(self, indices: NDArray[np.int64]) -> "Dataset":
        """Copy some of the images with their labels.

        Args:
            indices: int64 (M,), which images, in which order.

        Returns:
            A data set of M images.

        Raises:
            DataError: `indices` is empty.
        """
        targets = None if self.targets is None else self.targets[indices]
        return Dataset(self.name, self.images[indices], self.labels[indices], self.classes, targets)

    def sample(self, count: int) -> "Dataset":
        """Copy some images, at equal distances, with their labels.

        Args:
            count: how many; all if there are fewer.

        Returns:
            A data set of at most `count` images.

        Raises:
            DataError: `count` is below 1.
        """
        return self.subset(np.linspace(0, len(self) - 1, min(count, len(self))).astype(np.int64))


@dataclass(frozen=True, eq=False)
class Splits:
    """The training and the test set of one name; `train, test = lenet.data.load("mnist")` unpacks them.

    Attributes:
        train: The training set.
        test: The test set.
        source: In words, where the data come from.
        notice: Why "auto" took another data set than Fashion-MNIST; None otherwise.
        folder: Where the files are, if there are any.
    """

    train: Dataset
    test: Dataset
    source: str
    notice: str | None = None
    folder: Path | None = None

    def __post_init__(self) -> None:
        train, test = self
        if train.images.shape[1:] != test.images.shape[1:]:
            sizes = " and ".join(f"{part.name} of {'×'.join(map(str, part.images.shape[1:]))}" for part in self)
            raise DataError(
                f"training and test images have different sizes: {sizes}", hint="bring all images to one size"
            )
        if train.classes != test.classes:
            pairs = enumerate(itertools.zip_longest(train.classes, test.classes, fillvalue="none"))
            label, (first, second) = next(pair for pair in pairs if pair[1][0] != pair[1][1])
            raise DataError(
                f"training and test set have different classes: class {label} is {first} in one and {second} in the other",
                hint="give both sets the same names in the same order",
            )

    def __iter__(self) -> Iterator[Dataset]:
        return iter((self.train, self.test))

    @property
    def name(self) -> str:
        """The name of the data set."""
        return self.train.name

    def with_targets(self, targets: Targets) -> "Splits":
        """Add a teacher's logits for the training images.

            lenet.train(lenet.data.load("mnist").with_targets(logits), temperature=4)

        Args:
            targets: float16 or float32 (N, num_classes), or (N, 2, num_classes) with those of mirror images too.

        Returns:
            The same images and labels, with targets.

        Raises:
            DataError: `targets` has another type or shape, or NaN or infinite numbers.
        """
        return dataclasses.replace(self, train=dataclasses.replace(self.train, targets=targets))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of shapes, images and labels of both sets, as 64 hexadecimal digits."""
        digest = hashlib.sha256()
        for dataset in self:
            digest.update(repr(dataset.images.shape).encode())
            digest.update(dataset.images.data)
            digest.update(dataset.labels.astype("<i8", copy=False).data)
        return digest.hexdigest()


def load(
    name: str = "auto", data_dir: str | os.PathLike[str] | None = None, *, progress: "MakeBar | None" = None
) -> Splits:
    """Load the training and the test set of a data set.

        train, test = lenet.data.load("fashion-mnist")

    They are read from the user's folder or from the cache, or downloaded into the cache.

    Args:
        name: "fashion-mnist", "mnist", "digits", or "auto": Fashion-MNIST if it can be had, otherwise the built-in digits,
            with a `notice` that says so.
        data_dir: The folder that has the files; without it, the one in the environment variable LENET_DATA.
        progress: Makes a progress bar for each file that is downloaded.

    Returns:
        Both sets: images are uint8 (60000, 28, 28) and (10000, 28, 28), labels int64 (60000,) and (10000,).

    Raises:
        DataUnavailable: The data set is not on this machine and cannot be downloaded.
        DataError: Files are truncated, damaged, or of another data set; also for "auto".
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
    entry = find_entry(name)
    folder = locate(name, data_dir)
    if folder is None:
        from lenet.data import fetch  # with what a download needs

        try:
            folder = fetch.fetch(name, progress=progress)
        except DataError:
            if entry.sources:
                raise
            return _splits(entry, _made(entry), fetch.MADE)  # the cache cannot be written
    contents = [file.read(trust_record=True) for file in folder.files]
    return dataclasses.replace(_splits(entry, contents, folder.source), folder=folder.folder.absolute())


def _made(entry: Entry) -> list[bytearray]:
    """The four files of the built-in digits, in memory."""
    contents = [bytearray(content) for content in digits.idx_files()]
    for file, content in zip(cached_folder(entry).files, contents, strict=True):
        file.check(content, file.name)
    return contents


def _splits(entry: Entry, contents: list[bytearray], source: str) -> Splits:
    arrays = [
        idx.parse(content, len(file.shape), file.name) for file, content in zip(entry.files, contents, strict=True)
    ]
    train, test = (
        Dataset(entry.name, images, labels.astype(np.int64), entry.classes)
        for images, labels in (arrays[:2], arrays[2:])
    )
    return Splits(train, test, source)
