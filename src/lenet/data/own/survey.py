"""What is known of each image of a collection before any training, and what follows from it, for `lenet data check`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Labels
from lenet.data.mapped import parts, positions, scratch
from lenet.data.near_groups import Indices, Watch, near_groups
from lenet.data.own.items import Bad, Collection, Item, Pixels
from lenet.data.own.row_items import Coded, coded

EMPTY = 0.002  # share of pixels that show something; of 28×28, one


@dataclass(frozen=True, eq=False)
class Survey:
    """What was measured of the readable images of a collection.

    Attributes:
        collection: The collection.
        items: Its readable items.
        numbers: their numbers in the collection.
        bad: What cannot be read, with the reason.
        sizes: int64 (N, 2), height and width.
        is_colour: bool (N,), whether an image has colours.
        is_light: bool (N,), whether its corners are lighter than middle grey.
        ink: float32 (N,), the share of its pixels that differ from the corners.
        same: int64 (N,), the first image with equal pixels.
        thumbnails: uint8 (N, 16, 16) or (N, 16, 16, 3).
        watch: takes how far the search for images that are nearly the same is.
    """

    collection: Collection
    items: Sequence[Item]
    numbers: Sequence[int]
    bad: tuple[Bad, ...]
    sizes: NDArray[np.int64]
    is_colour: NDArray[np.bool_]
    is_light: NDArray[np.bool_]
    ink: NDArray[np.float32]
    same: NDArray[np.int64]
    thumbnails: Pixels
    watch: Watch | None = None

    @cached_property
    def labels(self) -> Labels:
        """int64 (N,), the number of each image's class; -1 for images without."""
        known: dict[str | None, int] = {name: label for label, name in enumerate(self.collection.classes)}
        labels: Labels = self.coded.numbers([known.get(label, -1) for label in self.coded.labels])
        return labels

    @cached_property
    def coded(self) -> Coded:
        """The labels and splits of the images, as numbers."""
        return coded(self.items)

    @property
    def splits(self) -> set[str]:
        """The splits that there are, "" for images in none."""
        return {split or "" for split in self.coded.splits}

    def in_split(self, *splits: str) -> NDArray[np.bool_]:
        """Whether each image is in one of some splits, bool (N,); "" for images in none."""
        return self.coded.in_split(*(split or None for split in splits))

    @cached_property
    def near(self) -> NDArray[np.int64]:
        """The first image that is equal to each one or nearly so, int64 (N,)."""
        return near_groups(self.same, self.thumbnails, self.watch) if len(self.same) else self.same

    @property
    def near_empty(self) -> Indices:
        """The images that show next to nothing: nearly all pixels are like the corners."""
        return positions(self.ink <= EMPTY)

    def conflicts(self, groups: Indices) -> "Copies":
        """Return images and the first of their group where the two have different classes; `groups` is `same` or `near`."""

        def are_conflicts(part: slice) -> NDArray[np.bool_]:
            own, first = self.labels[part], self.labels[groups[part]]
            differ: NDArray[np.bool_] = (own != first) & (np.minimum(own, first) >= 0)
            return differ

        return Copies.where(are_conflicts, groups)

    def shared(self, groups: Indices) -> "Copies":
        """Return the test and validation images that are also training images; `groups` is `same` or `near`."""
        held, trained = self.in_split("test", "validation"), self.in_split("train")
        has_trained = scratch(groups.shape, np.bool_)
        has_trained[:] = False
        for part in parts(groups.shape, groups.itemsize):
            has_trained[groups[part][trained[part]]] = True
        return Copies.where(lambda part: held[part] & has_trained[groups[part]], groups)

    @property
    def all_copies(self) -> "Copies":
        """The images that are equal to one before them, or nearly so, in any split."""
        return Copies.where(lambda part: self.near[part] != np.arange(part.start, part.stop), self.near)

    def copies(self, groups: Indices) -> "Copies":
        """Return images and the first of their group that is in the same split; `groups` is `same` or `near`."""
        splits = self.coded.split_codes
        first = scratch((len(self.coded.splits), len(groups)), np.int64)  # of each group, by its first image
        first[:] = len(groups)
        for part in parts(groups.shape, groups.itemsize):
            np.minimum.at(first, (splits[part], groups[part]), np.arange(part.start, part.stop))
        own = scratch(groups.shape, np.int64)
        for part in parts(groups.shape, groups.itemsize):
            own[part] = first[splits[part], groups[part]]
        return Copies.where(lambda part: own[part] != np.arange(part.start, part.stop), own)

    @property
    def num_channels(self) -> int:
        """3 if any image has colours, else 1."""
        return 3 if self.is_colour.any() else 1

    def counts(self, split: str) -> Labels:
        """Count the images of each class in a split, int64 (num_classes,)."""
        known, column = self.coded, (split or None)
        if column not in known.splits:
            return np.zeros(len(self.collection.classes), np.int64)
        of_labels = dict(zip(known.labels, known.counts[:, known.splits.index(column)].tolist(), strict=True))
        return np.array([of_labels.get(name, 0) for name in self.collection.classes], np.int64)


@dataclass(frozen=True, eq=False)
class Copies:
    """Images that are the same as others.

    Attributes:
        indices: int64 (M,), the images, ascending.
        firsts: int64 (N,), for each image of the survey one that is the same.
    """

    indices: Indices
    firsts: Indices

    @classmethod
    def where(cls, chosen: Callable[[slice], NDArray[np.bool_]], firsts: Indices) -> "Copies":
        """Return those of which `chosen` says, for a part of all images, that they are such."""
        are_such = scratch(firsts.shape, np.bool_)
        for part in parts(firsts.shape, firsts.itemsize):
            are_such[part] = chosen(part)
        return cls(positions(are_such), firsts)

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield each image and the one that is the same, some at a time."""
        for part in parts(self.indices.shape, self.indices.itemsize):
            indices = self.indices[part]
            yield from zip(indices.tolist(), self.firsts[indices].tolist(), strict=True)
