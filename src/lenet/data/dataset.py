"""A data set in memory: uint8 images and integer labels, read once, without work for each image.

The arrays are NumPy's; an engine uses the same memory without a copy.
"""

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.catalogue import CATALOGUE
from lenet.data.class_names import checked_class_names
from lenet.data.consistency import check_fit
from lenet.data.mapped import taken, without
from lenet.data.targets import Targets, checked_targets
from lenet.errors import DataError
from lenet.images.preprocess import Preprocessing

Images = NDArray[np.uint8]  # (N, height, width), or (N, height, width, 3) with colours
Labels = NDArray[np.int64]  # (N,)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with their labels.

    Attributes:
        name: The name of the data set.
        images: uint8 (N, height, width), or (N, height, width, 3) with colours.
        labels: int64 (N,), each from 0 to len(classes) - 1.
        classes: The names of the classes, in the order of their labels; numbers become text.
        targets: A teacher's logits, soft targets of a training: float16 or float32 (N, num_classes), or (N, 2, num_classes)
            with those of each image and of its mirror image, for trainings that flip. None for a training by labels alone.
        preprocessing: How the images were made from image files, with mean 0 and std 1, so that further images are brought
            to the network in the same way. None for images that came as arrays: then it is measured.
    """

    name: str
    images: Images
    labels: Labels
    classes: tuple[str, ...]
    targets: Targets | None = None
    preprocessing: Preprocessing | None = None

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
        made = self.preprocessing
        if made is not None and (made.size, made.channels) != (self.size, self.channels):
            raise DataError(
                f"the images of {self.name} have the shape {self.images.shape[1:]}, but their preprocessing makes images of "
                f"{made.size[0]}×{made.size[1]} with {made.channels} channels",
                hint="preprocessing=None measures it",
            )

    @classmethod
    def from_arrays(
        cls, images: Any, labels: Any, classes: Iterable[Any] | None = None, name: str = "arrays"
    ) -> "Dataset":
        """Make a data set of arrays or tensors of any usual shape and range.

        Args:
            images: As `Splits.from_arrays` takes them.
            labels: The same.
            classes: The names of the classes, in the order of their labels; by default what the labels say.
            name: The name of the data set.

        Returns:
            The data set, with uint8 images and int64 labels.

        Raises:
            DataError: Shapes, ranges, labels or names make no sense.
        """
        from lenet.data.from_arrays import dataset_of

        return dataset_of(images, labels, classes, name)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images, in pixels."""
        return self.images.shape[1], self.images.shape[2]

    @property
    def channels(self) -> int:
        """1 for grey images, 3 for images with colours."""
        return 3 if self.images.ndim == 4 else 1

    @property
    def kind(self) -> str:
        """Size and colour in words, such as "28×28", or "64×64 in colour"."""
        return "{}×{}".format(*self.size) + (" in colour" if self.channels > 1 else "")

    @property
    def framing(self) -> str | None:
        """How the images of a data set of the catalogue are framed; None for others."""
        entry = CATALOGUE.get(self.name)
        return None if entry is None or self.images.shape[1:] != entry.size else entry.framing

    def subset(self, indices: NDArray[np.int64]) -> "Dataset":
        """Copy some of the images with their labels; hundreds of megabytes of images that are mapped, into a file.

        Args:
            indices: int64 (M,), which images, in which order.

        Returns:
            A data set of M images.

        Raises:
            DataError: `indices` is empty.
        """
        targets = None if self.targets is None else self.targets[indices]
        images, labels = taken(self.images, indices, self.images), taken(self.labels, indices, self.images)
        return dataclasses.replace(self, images=images, labels=labels, targets=targets)

    def without(self, indices: NDArray[np.int64]) -> "Dataset":
        """Copy all images but some, with their labels, in their order; as `subset` of the others, without their indices.

        Args:
            indices: int64 (M,), ascending, which images to leave out.

        Returns:
            A data set of N - M images; the data set itself where M is 0.

        Raises:
            DataError: No image is left.
        """
        if not len(indices):
            return self
        targets = None if self.targets is None else np.delete(self.targets, indices, axis=0)
        images, labels = without(self.images, indices, self.images), without(self.labels, indices, self.images)
        return dataclasses.replace(self, images=images, labels=labels, targets=targets)

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
        notice: What the user should know, such as why "auto" took another data set than Fashion-MNIST; None for nothing.
        folder: Where the files are, if there are any.
        validation: A validation set that the data have; a training that holds out no training images takes it.
    """

    train: Dataset
    test: Dataset
    source: str
    notice: str | None = None
    folder: Path | None = None
    validation: Dataset | None = None

    def __post_init__(self) -> None:
        check_fit(self.train, self.test, "test")
        if self.validation is not None:
            check_fit(self.train, self.validation, "validation")

    def __iter__(self) -> Iterator[Dataset]:
        return iter((self.train, self.test))

    @property
    def name(self) -> str:
        """The name of the data set."""
        return self.train.name

    @classmethod
    def from_arrays(cls, train: Any, test: Any = None, validation: Any = None, **options: Any) -> "Splits":
        """Make a training and a test set of arrays or tensors of any usual shape and range.

            lenet.Splits.from_arrays((x_train, y_train), (x_test, y_test), classes=("cat", "dog"))

        Args:
            train: Images and labels. Images: (N, height, width), (N, height, width, C) or (N, C, height, width) with 1 or 3
                channels, or (N, pixels) of square ones; bytes, or floats of 0..1, -1..1 or 0..255. Labels: (N,), numbers or
                names, or one-hot rows.
            test: The same; without it, a fifth of each class is the test, copies on one side.
            validation: The same, if there are validation images.
            **options: `classes`, the names of the classes; `name`, of the data set; `split_seed`, which decides what is the
                test.

        Returns:
            The sets, with uint8 images and int64 labels.

        Raises:
            DataError: Shapes, ranges, labels or names make no sense.
        """
        from lenet.data.from_arrays import splits_of

        return splits_of(train, test, validation, **options)

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
        """SHA-256 of shapes, images and labels of all sets, as 64 hexadecimal digits."""
        digest = hashlib.sha256()
        for dataset in (*self, *([self.validation] if self.validation is not None else [])):
            digest.update(repr(dataset.images.shape).encode())
            digest.update(dataset.images.data)
            digest.update(dataset.labels.astype("<i8", copy=False).data)
        return digest.hexdigest()
