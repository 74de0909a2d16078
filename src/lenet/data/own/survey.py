"""What can be measured of each image of a collection before any training, for `lenet data check`."""

import io
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lenet.data import duplicates
from lenet.data.dataset import Dataset, Labels, Splits
from lenet.data.exact_groups import exact_groups
from lenet.data.mapped import parts, positions, scratch
from lenet.data.near_groups import Indices, Watch, near_groups
from lenet.data.own.items import Bad, Collection, Item, Pixels
from lenet.data.own.row_items import Coded, RowItems, Rows, coded
from lenet.data.own.stacked import stacked
from lenet.errors import LenetError
from lenet.images.decode import decode
from lenet.images.fit import with_channels
from lenet.images.framing import corners
from lenet.images.pixels import chunks

EMPTY = 0.002  # share of pixels that show something; of 28×28, one
INK = 16  # of 255 above or below the corners: a pixel that differs more shows something


class Measured(NamedTuple):
    """What is measured of one image.

    Args:
        size: Height and width in the file.
        is_colour: Whether it has colours.
        is_light: Whether its corners are lighter than middle grey.
        ink: The share of pixels that differ from the corners.
        digest: A hash of its pixels.
        thumbnail: uint8 (16, 16, 3).
    """

    size: tuple[int, int]
    is_colour: bool
    is_light: bool
    ink: float
    digest: bytes
    thumbnail: Pixels


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


def survey(collection: Collection, watch: Watch | None = None) -> Survey:
    """Measure every image of a collection.

    Of images in arrays, memory is constant: what is known of each lies in files of the cache, if they are many.

    Args:
        collection: From `read_collection`, or `as_collection`.
        watch: Takes how far that is.

    Raises:
        DataError: An archive or a file of arrays can no longer be read.
    """
    advance = watch("measuring", len(collection.items)) if watch else None
    if collection.arrays is not None:
        return _of_arrays(collection, watch, advance)
    measured = _of_files(collection, advance)
    numbers = [i for i, each in enumerate(measured) if isinstance(each, Measured)]
    found = [each for each in measured if isinstance(each, Measured)]
    digests = np.frombuffer(b"".join(each.digest for each in found), np.uint8).reshape(-1, duplicates.DIGEST)
    return Survey(
        collection,
        [collection.items[i] for i in numbers],
        numbers,
        (*collection.bad, *(each for each in measured if isinstance(each, Bad))),
        np.array([each.size for each in found], np.int64).reshape(-1, 2),
        np.array([each.is_colour for each in found], np.bool_),
        np.array([each.is_light for each in found], np.bool_),
        np.array([each.ink for each in found], np.float32),
        exact_groups(digests),
        np.array([each.thumbnail for each in found], np.uint8),
        watch,
    )


def as_collection(splits: Splits) -> Collection:
    """Make a collection of a data set of the catalogue, to check it as one's own."""
    rows = [
        Rows(lambda i, part=part: f"{part} image {i}", splits.train.classes, small_labels(dataset), part)  # type: ignore[misc]
        for part, dataset in (("train", splits.train), ("test", splits.test))
    ]
    images = stacked([splits.train.images, splits.test.images])
    path = splits.folder or Path(splits.name)
    return Collection(path, "IDX files", RowItems(rows), splits.train.classes, (), lambda i: images[i], images)


def small_labels(dataset: Dataset) -> NDArray[np.unsignedinteger[Any]]:
    """The labels of a data set in a small type."""
    labels = scratch(dataset.labels.shape, np.min_scalar_type(len(dataset.classes)))
    for part in parts(labels.shape, 8):
        labels[part] = dataset.labels[part]
    return labels


def readable(collection: Collection) -> Collection:
    """Leave out the items that cannot be decoded, and list them in `bad`."""
    if collection.arrays is not None:
        return collection

    def reason(number: int) -> Bad | None:
        try:
            pixels_of(collection, number)
        except LenetError as error:
            return Bad(collection.items[number].name, error.message)
        return None

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        reasons = list(pool.map(reason, range(len(collection.items))))
    kept = [number for number, bad in enumerate(reasons) if bad is None]
    return replace(
        collection,
        items=[collection.items[number] for number in kept],
        bad=(*collection.bad, *filter(None, reasons)),
        read=lambda i: collection.read(kept[i]),
    )


def pixels_of(collection: Collection, number: int) -> Pixels:
    """Read the pixels of an item. Raises LenetError if that cannot be done."""
    source = collection.read(number)
    return source if isinstance(source, np.ndarray) else decode(source, collection.items[number].name)


def _of_files(collection: Collection, advance: Callable[[int], Any] | None) -> list[Measured | Bad]:
    def measure(number: int) -> Measured | Bad:
        name = collection.items[number].name
        try:
            source = collection.read(number)
            pixels = source if isinstance(source, np.ndarray) else decode(source, name)
        except LenetError as error:
            return Bad(name, error.message)
        grey = with_channels(pixels, 1)
        ground = corners(grey).mean()
        return Measured(
            pixels.shape[:2] if isinstance(source, np.ndarray) else _size(source, pixels),
            pixels.ndim == 3,
            bool(ground > 127.5),
            float((np.abs(grey - ground) > INK).mean()),
            duplicates.digest(pixels),
            duplicates.thumbnail(pixels),
        )

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        found = []
        for each in pool.map(measure, range(len(collection.items))):
            found.append(each)
            if advance:
                advance(1)
        return found


def _of_arrays(collection: Collection, watch: Watch | None, advance: Callable[[int], Any] | None) -> Survey:
    images, count = collection.arrays, len(collection.arrays)
    is_colour, is_light = (scratch((count,), np.bool_) for _ in range(2))
    ink, digests = scratch((count,), np.float32), scratch((count, duplicates.DIGEST), np.uint8)
    small = scratch((count, duplicates.EDGE, duplicates.EDGE, *images.shape[3:]), np.uint8)
    for part in chunks(images.shape):
        pixels = images[part]
        is_colour[part] = False
        if pixels.ndim == 4:
            is_colour[part] = (np.ptp(pixels, axis=3) > 0).any(axis=(1, 2))
        grey = pixels.astype(np.float32) if pixels.ndim == 3 else pixels.mean(axis=3, dtype=np.float32)
        ground = corners(grey).mean(axis=(1, 2))
        is_light[part] = ground > 127.5
        ink[part] = (np.abs(grey - ground[:, None, None]) > INK).mean(axis=(1, 2))
        digests[part], small[part] = duplicates.digests(pixels), duplicates.thumbnails(pixels)
        if advance:
            advance(len(pixels))
    sizes = np.broadcast_to(np.array(images.shape[1:3], np.int64), (count, 2))  # one for all
    facts = sizes, is_colour, is_light, ink, exact_groups(digests), small, watch
    return Survey(collection, collection.items, range(count), collection.bad, *facts)


def _size(content: bytes, pixels: Pixels) -> tuple[int, int]:
    """Height and width as the file says; decoding may have made the image smaller, and turned it."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as image:
            width, height = image.size
    except Exception:  # Pillow raises many kinds; decoding has read the image, so this is no reason to fail
        return pixels.shape[:2]
    is_turned = (height > width) != (pixels.shape[0] > pixels.shape[1]) and pixels.shape[0] != pixels.shape[1]
    return (width, height) if is_turned else (height, width)
