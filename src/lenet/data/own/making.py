"""Makes the images of a collection, each by `Preprocessing.apply` as for prediction; parts outlast an interruption."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lenet.data.own import parts, store
from lenet.data.own.batch import Batch, Digests, joined_copies, make_batch
from lenet.data.own.fitting import preprocessing_of
from lenet.data.own.items import Bad, Collection
from lenet.data.own.measuring import survey
from lenet.data.own.stacked import Stacked
from lenet.data.own.worker import Workers, cores, root_of
from lenet.errors import DataError
from lenet.images.fit import with_channels
from lenet.images.pixels import Pixels, chunks
from lenet.images.preprocess import Preprocessing

if TYPE_CHECKING:
    from lenet.data.download import MakeBar

TOGETHER, SECONDS = 128, 0.1  # images that a process is asked for at once, at most, and for about how long
SAMPLE = 200  # images from which size, colours and framing are measured


@dataclass(frozen=True, eq=False)
class Made:
    """The images of a collection, as they are packed.

    Attributes:
        preprocessing: how they were made.
        numbers: which items of the collection they are, ascending.
        bad: what cannot be read.
        images: gives them in order, some at a time.
        copies: gives what finds copies among them: uint8 (N, 16), of each a hash of its pixels, and their thumbnails, uint8
            (N, 16, 16) or (N, 16, 16, 3).
    """

    preprocessing: Preprocessing
    numbers: Sequence[int] | store.Indices
    bad: tuple[Bad, ...]
    images: Callable[[], Iterator[Pixels]]
    copies: Callable[[], tuple[Digests, Pixels]]


def make(
    collection: Collection,
    settings: store.Settings,
    folder: Path | None,
    workers: Workers,
    progress: "MakeBar | None" = None,
) -> Made:
    """Make all images of a collection.

    Args:
        collection: The images.
        settings: Size, fit, and whether bad ones are left out.
        folder: The folder of the cache for them; None keeps everything in memory.
        workers: Processes for a large folder.
        progress: Makes a progress bar.

    Raises:
        DataError: An image cannot be read, and bad ones are not to be left out.
    """
    root = root_of(collection)
    if root is not None:
        workers.start(len(collection.items))  # they start while a sample is measured
    began = time.perf_counter()
    preprocessing = measured_preprocessing(collection, settings["size"], settings["fit"])
    seconds_each = (time.perf_counter() - began) / min(SAMPLE, len(collection.items))
    if collection.arrays is not None and collection.arrays.shape[1:3] == preprocessing.size:
        return _of_arrays(collection, preprocessing, progress)
    if root is not None:
        workers.begin(root, preprocessing)
    together = max(1, min(TOGETHER, int(SECONDS / seconds_each)))
    maker = _Maker(collection, preprocessing, workers if root is not None and workers.processes else None, together)
    return _of_files(collection, maker, settings["skip_bad"], folder, progress)


def measured_preprocessing(collection: Collection, size: tuple[int, int] | None, fit: str) -> Preprocessing:
    """Measure a sample of the images: size, colours and framing."""
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


def _of_arrays(collection: Collection, preprocessing: Preprocessing, progress: "MakeBar | None") -> Made:
    """Images that have the size already stay as they are; only copies are looked for in them, where that is needed."""
    arrays, count = collection.arrays, len(collection.items)

    def images() -> Iterator[Pixels]:
        size = math.prod(preprocessing.shape)
        bar = progress(f"packing {collection.path.name}", count * size) if progress and count > parts.PART else None
        with closing(bar or _NoBar()) as shown:
            for batch in _batches(arrays, preprocessing.channels):
                yield batch
                shown.update(len(batch) * size)

    def copies() -> tuple[Digests, Pixels]:
        return joined_copies(map(Batch.of, _batches(arrays, preprocessing.channels)), count, preprocessing.shape)

    return Made(preprocessing, range(count), (), images, copies)


def _batches(arrays: Pixels | Stacked, channels: int) -> Iterator[Pixels]:
    for part in chunks(arrays.shape):
        images = arrays[part]
        if (images.ndim == 4) != (channels == 3):
            images = np.stack([with_channels(image, channels) for image in images])
        yield images


def _of_files(
    collection: Collection, maker: "_Maker", skip_bad: bool, folder: Path | None, progress: "MakeBar | None"
) -> Made:
    """Decode image files by threads, of large folders by processes; what was made before is not made again."""
    count = len(collection.items)
    bytes_each = int(np.prod(maker.preprocessing.shape))
    bar = progress(f"packing {collection.path.name}", count * bytes_each) if progress else None
    done = parts.Parts(folder if count > parts.PART else None, maker.preprocessing)
    with closing(bar or _NoBar()) as shown, maker:
        ahead = None if done.has(0) else maker.run(range(min(parts.PART, count)))
        for start in range(0, count, parts.PART):
            numbers = range(start, min(start + parts.PART, count))
            following = range(numbers.stop, min(numbers.stop + parts.PART, count))
            # The next part is begun before this one is looked at, so that no process waits.
            under_way, ahead = ahead, maker.run(following) if following and not done.has(following.start) else None
            part = done.find(start) if under_way is None else None
            if part is None:
                batches = []
                for asked, batch in under_way or maker.run(numbers):
                    batches.append((asked, batch))
                    shown.update(bytes_each * len(asked))
                part = parts.Part.of(batches, lambda number: collection.items[number].name)
                done.keep(start, part)
            else:
                shown.update(bytes_each * len(numbers))
            if part.bad and not skip_bad:
                raise DataError(_sentence(*part.bad[0]), hint="--skip-bad leaves it out")
    found = np.concatenate(done.numbers)

    def copies() -> tuple[Digests, Pixels]:
        return joined_copies(done.parts(), len(found), maker.preprocessing.shape)

    return Made(maker.preprocessing, found, done.bad, lambda: (part.images for part in done.parts()), copies)


class _Maker:
    """Makes the images of some items, in order, a batch at a time.

    Args:
        collection: the images.
        preprocessing: how they are made.
        workers: processes; None if threads are enough.
        together: images that a process is asked for at once.
    """

    def __init__(
        self, collection: Collection, preprocessing: Preprocessing, workers: Workers | None, together: int
    ) -> None:
        self.collection, self.preprocessing, self.workers = collection, preprocessing, workers
        self.step = together if workers else 1

    def __enter__(self) -> "_Maker":
        self.pool = ThreadPoolExecutor(self.workers.num_threads if self.workers else cores())
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown(cancel_futures=True)

    def run(self, numbers: range) -> Iterator[tuple[range, Batch]]:
        """Make the images of some items; each batch comes with the numbers of its items."""
        asked = [numbers[i : i + self.step] for i in range(0, len(numbers), self.step)]
        return zip(asked, self.pool.map(self._batch, asked), strict=True)

    def _batch(self, numbers: range) -> Batch:
        names = [self.collection.items[number].name for number in numbers]

        def here() -> Batch:
            return make_batch(names, lambda place: self.collection.read(numbers[place]), self.preprocessing)

        return self.workers.make(names, here) if self.workers else here()


class _NoBar:
    def update(self, _num_bytes: int) -> None:
        """Show nothing."""

    def close(self) -> None:
        """End nothing."""


def _sentence(name: str, reason: str) -> str:
    return reason if name in reason else f"{name}: {reason}"
