"""Measures each image of a collection before any training, for `lenet data check`."""

import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lenet.data import duplicates
from lenet.data.dataset import Dataset, Splits
from lenet.data.exact_groups import exact_groups
from lenet.data.mapped import parts, scratch
from lenet.data.near_groups import Watch
from lenet.data.own.items import Bad, Collection, Pixels
from lenet.data.own.row_items import RowItems, Rows
from lenet.data.own.stacked import stacked
from lenet.data.own.survey import Survey
from lenet.errors import LenetError
from lenet.images.decode import decode
from lenet.images.fit import with_channels
from lenet.images.framing import corners
from lenet.images.pixels import chunks

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
        Rows(f"{part} image {{}}".format, splits.train.classes, small_labels(dataset), part)
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
