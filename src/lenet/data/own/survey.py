"""What can be measured of each image of a collection before any training, for `lenet data check`."""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lenet.data import duplicates
from lenet.data.dataset import Labels, Splits
from lenet.data.exact_groups import exact_groups
from lenet.data.near_groups import near_groups
from lenet.data.own.items import Bad, Collection, Item, Pixels
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
        numbers: int64 (N,), their numbers in the collection.
        bad: What cannot be read, with the reason.
        sizes: int64 (N, 2), height and width.
        is_colour: bool (N,), whether an image has colours.
        is_light: bool (N,), whether its corners are lighter than middle grey.
        ink: float32 (N,), the share of its pixels that differ from the corners.
        same: int64 (N,), the first image with equal pixels.
        thumbnails: uint8 (N, 16, 16) or (N, 16, 16, 3).
    """

    collection: Collection
    items: list[Item]
    numbers: NDArray[np.int64]
    bad: tuple[Bad, ...]
    sizes: NDArray[np.int64]
    is_colour: NDArray[np.bool_]
    is_light: NDArray[np.bool_]
    ink: NDArray[np.float32]
    same: NDArray[np.int64]
    thumbnails: Pixels

    @cached_property
    def labels(self) -> Labels:
        """int64 (N,), the number of each image's class; -1 for images without."""
        known: dict[str | None, int] = {name: label for label, name in enumerate(self.collection.classes)}
        return np.array([known.get(item.label, -1) for item in self.items], np.int64)

    @cached_property
    def splits(self) -> NDArray[np.str_]:
        """(N,), the split of each image, "" where there are none."""
        return np.array([item.split or "" for item in self.items])

    @cached_property
    def near(self) -> NDArray[np.int64]:
        """The first image that is equal to each one or nearly so, int64 (N,)."""
        return near_groups(self.same, self.thumbnails) if len(self.same) else self.same

    @property
    def near_empty(self) -> list[int]:
        """The images that show next to nothing: nearly all pixels are like the corners."""
        found: list[int] = np.flatnonzero(self.ink <= EMPTY).tolist()
        return found

    def conflicts(self, groups: NDArray[np.int64]) -> list[tuple[int, int]]:
        """Return images and the first of their group where the two have different classes; `groups` is `same` or `near`."""
        labels = self.labels
        return [
            (first, index)
            for index, first in enumerate(groups.tolist())
            if labels[index] != labels[first] and min(labels[index], labels[first]) >= 0
        ]

    def shared(self, groups: NDArray[np.int64]) -> list[int]:
        """Return the test and validation images that are also training images; `groups` is `same` or `near`."""
        trained = set(groups[self.splits == "train"].tolist())
        held = np.flatnonzero(np.isin(self.splits, ["test", "validation"]))
        return [index for index in held.tolist() if int(groups[index]) in trained]

    @property
    def num_channels(self) -> int:
        """3 if any image has colours, else 1."""
        return 3 if self.is_colour.any() else 1

    def counts(self, split: str) -> Labels:
        """Count the images of each class in a split, int64 (num_classes,)."""
        labels = self.labels[(self.splits == split) & (self.labels >= 0)]
        return np.bincount(labels, minlength=len(self.collection.classes))


def survey(collection: Collection) -> Survey:
    """Measure every image of a collection.

    Args:
        collection: From `read_collection`, or `as_collection`.

    Raises:
        DataError: An archive or a file of arrays can no longer be read.
    """
    measured = _of_files(collection) if collection.arrays is None else _of_arrays(collection.arrays)
    numbers = [i for i, each in enumerate(measured) if isinstance(each, Measured)]
    readable = [each for each in measured if isinstance(each, Measured)]
    unreadable = [each for each in measured if isinstance(each, Bad)]
    small = np.array([each.thumbnail for each in readable], np.uint8)
    same = exact_groups(
        np.frombuffer(b"".join(each.digest for each in readable), np.uint8).reshape(-1, duplicates.DIGEST)
    )
    return Survey(
        collection,
        [collection.items[i] for i in numbers],
        np.array(numbers, np.int64),
        (*collection.bad, *unreadable),
        np.array([each.size for each in readable], np.int64).reshape(-1, 2),
        np.array([each.is_colour for each in readable], np.bool_),
        np.array([each.is_light for each in readable], np.bool_),
        np.array([each.ink for each in readable], np.float32),
        same,
        small,
    )


def as_collection(splits: Splits) -> Collection:
    """Make a collection of a data set of the catalogue, to check it as one's own."""
    items = [
        Item(f"{part} image {i}", splits.train.classes[label], part)
        for part, dataset in (("train", splits.train), ("test", splits.test))
        for i, label in enumerate(dataset.labels.tolist())
    ]
    images = np.concatenate([splits.train.images, splits.test.images])
    path = splits.folder or Path(splits.name)
    return Collection(path, "IDX files", items, splits.train.classes, (), lambda i: images[i], images)


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


def _of_files(collection: Collection) -> list[Measured | Bad]:
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
        return list(pool.map(measure, range(len(collection.items))))


def _of_arrays(images: Pixels) -> list[Measured | Bad]:
    size = images.shape[1:3]
    small = duplicates.thumbnails(images)
    found: list[Measured | Bad] = []
    for part in chunks(images.shape):
        pixels = images[part]
        has_colours = np.zeros(len(pixels), np.bool_)
        if pixels.ndim == 4:
            has_colours = (np.ptp(pixels, axis=3) > 0).any(axis=(1, 2))
        grey = pixels.astype(np.float32) if pixels.ndim == 3 else pixels.mean(axis=3, dtype=np.float32)
        ground = corners(grey).mean(axis=(1, 2))
        ink = (np.abs(grey - ground[:, None, None]) > INK).mean(axis=(1, 2))
        facts = zip(has_colours.tolist(), (ground > 127.5).tolist(), ink.tolist(), pixels, small[part], strict=True)
        found += [Measured(size, a, b, c, duplicates.digest(image), tiny) for a, b, c, image, tiny in facts]
    return found


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
