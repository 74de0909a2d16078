"""Makes the images of a collection, each by `Preprocessing.apply` as for prediction; parts outlast an interruption."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lenet.data import duplicates
from lenet.data.own import parts, store
from lenet.data.own.fitting import preprocessing_of
from lenet.data.own.items import Bad, Collection
from lenet.data.own.survey import survey
from lenet.data.own.worker import MANY, Workers, cores, make_one, root_of
from lenet.errors import DataError
from lenet.images.fit import with_channels
from lenet.images.pixels import Pixels, chunks
from lenet.images.preprocess import Preprocessing

if TYPE_CHECKING:
    from lenet.data.download import MakeBar

TOGETHER = 32  # images that a process is asked for at once
SAMPLE = 200  # images from which size, colours and framing are measured


@dataclass(frozen=True, eq=False)
class Made:
    """The images of a collection, as they are packed.

    Attributes:
        preprocessing: how they were made.
        numbers: int64 (N,), which items of the collection they are.
        bad: what cannot be read.
        digests: of each, a hash of its pixels.
        thumbnails: uint8 (N, 16, 16) or (N, 16, 16, 3).
        images: gives them in order, some at a time.
    """

    preprocessing: Preprocessing
    numbers: store.Indices
    bad: tuple[Bad, ...]
    digests: list[bytes]
    thumbnails: Pixels
    images: Callable[[], Iterator[Pixels]]


def make(
    collection: Collection, settings: store.Settings, folder: Path | None, progress: "MakeBar | None" = None
) -> Made:
    """Make all images of a collection.

    Args:
        collection: The images.
        settings: Size, fit, and whether bad ones are left out.
        folder: The folder of the cache for them; None keeps everything in memory.
        progress: Makes a progress bar.

    Raises:
        DataError: An image cannot be read, and bad ones are not to be left out.
    """
    preprocessing = _preprocessing(collection, settings["size"], settings["fit"])
    if collection.arrays is not None and collection.arrays.shape[1:3] == preprocessing.size:
        return _of_arrays(collection.arrays, preprocessing)
    return _of_files(collection, preprocessing, settings["skip_bad"], folder, progress)


def _preprocessing(collection: Collection, size: tuple[int, int] | None, fit: str) -> Preprocessing:
    """Measure a sample of the images."""
    count = len(collection.items)
    chosen = np.linspace(0, count - 1, min(SAMPLE, count)).astype(np.int64).tolist()
    arrays = None if collection.arrays is None else collection.arrays[chosen]
    sample = replace(
        collection,
        items=[collection.items[i] for i in chosen],
        bad=(),
        read=lambda i: collection.read(chosen[i]),
        arrays=arrays,
    )
    measured = survey(sample)
    if not measured.items:
        name, reason = measured.bad[0]
        raise DataError(
            _sentence(name, reason), hint="--skip-bad leaves out what cannot be read; here that is everything"
        )
    return preprocessing_of(measured, size, fit)


def _of_arrays(arrays: Pixels, preprocessing: Preprocessing) -> Made:
    """Images that have the size already stay as they are."""
    digests: list[bytes] = []
    small = []
    for images in _batches(arrays, preprocessing.channels):
        digests += duplicates.digests(images)
        small.append(duplicates.thumbnails(images))
    numbers = np.arange(len(arrays))
    thumbnails = np.concatenate(small)
    return Made(preprocessing, numbers, (), digests, thumbnails, lambda: _batches(arrays, preprocessing.channels))


def _batches(arrays: Pixels, channels: int) -> Iterator[Pixels]:
    for part in chunks(arrays.shape):
        images = arrays[part]
        if (images.ndim == 4) != (channels == 3):
            images = np.stack([with_channels(image, channels) for image in images])
        yield images


def _of_files(
    collection: Collection,
    preprocessing: Preprocessing,
    skip_bad: bool,
    folder: Path | None,
    progress: "MakeBar | None",
) -> Made:
    """Decode image files by threads, of large folders by processes; what was made before is not made again."""
    count = len(collection.items)
    bytes_each = int(np.prod(preprocessing.shape))
    bar = progress(f"packing {collection.path.name}", count * bytes_each) if progress else None
    done = parts.Parts(folder if count > parts.PART else None, preprocessing)
    digests: list[bytes] = []
    small = []
    with closing(bar or _NoBar()) as shown, _maker(collection, preprocessing) as run:
        ahead = None if done.has(0) else run(range(min(parts.PART, count)))
        for start in range(0, count, parts.PART):
            numbers = range(start, min(start + parts.PART, count))
            following = range(numbers.stop, min(numbers.stop + parts.PART, count))
            # The next part is begun before this one is looked at, so that no process waits.
            under_way, ahead = ahead, run(following) if following and not done.has(following.start) else None
            part = done.find(start) if under_way is None else None
            if part is None:
                results: list[Pixels | Bad] = []
                for some in under_way or run(numbers):
                    results += some
                    shown.update(bytes_each * len(some))
                part = parts.Part.of(results, numbers, preprocessing.shape)
                done.keep(start, part)
            else:
                shown.update(bytes_each * len(numbers))
            if part.bad and not skip_bad:
                raise DataError(_sentence(*part.bad[0]), hint="--skip-bad leaves it out")
            digests += duplicates.digests(part.images)
            small.append(duplicates.thumbnails(part.images))
    return Made(preprocessing, np.concatenate(done.numbers), done.bad, digests, np.concatenate(small), done.images)


@contextmanager
def _maker(
    collection: Collection, preprocessing: Preprocessing
) -> Iterator[Callable[[range], Iterator[list[Pixels | Bad]]]]:
    """Yield a function that makes the images of some items, in order, a few at a time."""

    def here(numbers: range) -> list[Pixels | Bad]:
        return [make_one(partial(collection.read, i), collection.items[i].name, preprocessing) for i in numbers]

    root = root_of(collection) if len(collection.items) >= MANY else None
    workers = Workers(root, preprocessing) if root is not None else None

    def some(numbers: range) -> list[Pixels | Bad]:
        names = [collection.items[i].name for i in numbers]
        return workers.make(names, lambda: here(numbers)) if workers else here(numbers)

    step = TOGETHER if workers else 1
    pool = ThreadPoolExecutor(cores())

    def run(numbers: range) -> Iterator[list[Pixels | Bad]]:
        return pool.map(some, [numbers[i : i + step] for i in range(0, len(numbers), step)])

    try:
        yield run
    finally:
        pool.shutdown(cancel_futures=True)
        if workers is not None:
            workers.close()


class _NoBar:
    def update(self, _num_bytes: int) -> None:
        """Show nothing."""

    def close(self) -> None:
        """End nothing."""


def _sentence(name: str, reason: str) -> str:
    return reason if name in reason else f"{name}: {reason}"
