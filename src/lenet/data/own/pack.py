"""People's own images as a data set: read, brought to one size, divided into training and test images, kept in the cache.

splits = load_own("photos/", size=(64, 64))
"""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lenet.data import duplicates
from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Dataset, Labels, Splits
from lenet.data.own import store
from lenet.data.own.collection import Bad, Collection, read_collection
from lenet.data.own.size import choose_size
from lenet.data.own.split import split
from lenet.data.own.survey import pixels_of
from lenet.errors import DataError, LenetError
from lenet.images.fit import brought_to, with_channels
from lenet.images.pixels import Pixels, without_colours
from lenet.images.preprocess import Preprocessing

if TYPE_CHECKING:
    from lenet.data.download import MakeBar

SAMPLE = 200  # images whose sizes are looked at
LISTED = 5  # files left out that a notice lists
FEW = 100  # test images: below, the accuracy has a standard error of up to 5 points and more


class Part(NamedTuple):
    """Some images of a collection, of one size.

    Args:
        images: uint8 (M, height, width) or (M, height, width, 3).
        numbers: int64 (M,), which items of the collection they are.
        bad: what cannot be read.
    """

    images: Pixels
    numbers: Labels
    bad: tuple[Bad, ...]


class Wanted(NamedTuple):
    """How images are packed: see `load_own`."""

    size: tuple[int, int]
    fit: str
    split_seed: int
    skip_bad: bool


def load_own(
    path: str | os.PathLike[str],
    *,
    size: tuple[int, int] | None = None,
    fit: str = "pad",
    split_seed: int = 0,
    skip_bad: bool = False,
    progress: "MakeBar | None" = None,
) -> Splits:
    """Load people's own images as a training and a test set.

    Args:
        path: A folder, an archive or a file; see `read_collection`.
        size: Height and width that the images are brought to; by default one that keeps their detail.
        fit: How they are brought to it: "pad", "crop" or "stretch".
        split_seed: Decides which images are the test images, where the data does not say.
        skip_bad: Leave out what cannot be used, and list it, instead of raising an error.
        progress: Makes a progress bar.

    Returns:
        Both sets, with the preprocessing for further images.

    Raises:
        DataError: The format is unknown, or something in it cannot be used.
    """
    path = Path(path)
    name = _name(path)
    settings = {"size": size, "fit": fit, "split_seed": split_seed, "skip_bad": skip_bad}
    folder = store.folder_for(path, name, settings)
    pack = store.load(folder) if folder else None
    if pack is None:
        collection = read_collection(path, skip_bad=skip_bad)
        wanted = Wanted(size or choose_size(_sizes(collection)), fit, split_seed, skip_bad)
        pack = _packed(collection, wanted, folder)
        if folder is not None:
            pack = store.save(folder, pack)
            store.forget_parts(folder)
    parts = [slice(0, pack.num_train), slice(pack.num_train, None)]
    train, test = (
        Dataset(name, pack.images[part], pack.labels[part], pack.classes, preprocessing=pack.preprocessing)
        for part in parts
    )
    notices = [*pack.notices, *_warnings(len(test))]
    return Splits(train, test, f"{pack.format}, {path}", "; ".join(notices) or None, path.absolute())


def _packed(collection: Collection, wanted: Wanted, folder: Path | None) -> store.Pack:
    if collection.arrays is not None:
        parts = [_of_arrays(collection.arrays, wanted)]
    else:
        parts = list(_of_files(collection, wanted, folder))
    bad = tuple(each for part in parts for each in part.bad)
    numbers = np.concatenate([part.numbers for part in parts])
    if len(numbers) == 0:
        raise DataError(f"none of the images of {collection.path} can be read: {bad[0].reason}")
    channels = 3 if any(part.images.ndim == 4 for part in parts) else 1
    images = np.concatenate([_in_colour(part.images, channels) for part in parts])
    items = [collection.items[number] for number in numbers.tolist()]
    occurring = {item.label for item in items}
    classes = tuple(name for name in collection.classes if name in occurring)
    codes: dict[str | None, int] = {name: label for label, name in enumerate(classes)}
    labels = np.array([codes[item.label] for item in items], np.int64)
    train, test = _parts([item.split for item in items], labels, images, wanted.split_seed)
    order = np.concatenate([train, test])
    preprocessing = Preprocessing.measured(images[train], fit=wanted.fit)
    notices = (*collection.notes, *_left_out((*collection.bad, *bad)))
    return store.Pack(images[order], labels[order], len(train), classes, preprocessing, collection.format, notices)


def _sizes(collection: Collection) -> list[tuple[int, int]]:
    """The sizes of some images."""
    if collection.arrays is not None:
        return [(collection.arrays.shape[1], collection.arrays.shape[2])]
    chosen = np.linspace(0, len(collection.items) - 1, min(SAMPLE, len(collection.items))).astype(np.int64)
    sizes: list[tuple[int, int]] = []
    for number in chosen.tolist():
        try:
            pixels = pixels_of(collection, number)
        except LenetError:
            continue  # reported when all are read
        sizes.append((pixels.shape[0], pixels.shape[1]))
    return sizes or [(28, 28)]


def _of_arrays(images: Pixels, wanted: Wanted) -> Part:
    if images.shape[1:3] != wanted.size:
        images = np.stack([brought_to(image, wanted.size, wanted.fit) for image in images])
    if images.ndim == 4 and all(without_colours(image).ndim == 2 for image in images):
        images = np.ascontiguousarray(images[..., 0])
    return Part(images, np.arange(len(images)), ())


def _of_files(collection: Collection, wanted: Wanted, folder: Path | None) -> Iterator[Part]:
    """Decode image files by threads, some at a time; what was packed before an interruption is not decoded again."""

    def pack(number: int) -> Pixels | Bad:
        try:
            return brought_to(pixels_of(collection, number), wanted.size, wanted.fit)
        except LenetError as error:
            return Bad(collection.items[number].name, error.message)

    count = len(collection.items)
    keeps_parts = folder is not None and count > store.PART
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, count, store.PART):
            numbers = range(start, min(start + store.PART, count))
            known = store.part(folder, start) if folder is not None and keeps_parts else None
            if known is not None:
                bad = zip(known["bad_names"].tolist(), known["bad_reasons"].tolist(), strict=True)
                yield Part(known["images"], known["numbers"], tuple(Bad(*each) for each in bad))
                continue
            part = _joined(list(pool.map(pack, numbers)), numbers, wanted.size)
            if part.bad and not wanted.skip_bad:
                name, reason = part.bad[0]
                raise DataError(reason if name in reason else f"{name}: {reason}", hint="--skip-bad leaves it out")
            if folder is not None and keeps_parts:
                names, reasons = ([each[field] for each in part.bad] for field in (0, 1))
                arrays = {"images": part.images, "numbers": part.numbers}
                store.save_part(
                    folder, start, arrays | {"bad_names": np.array(names, str), "bad_reasons": np.array(reasons, str)}
                )
            yield part


def _joined(results: list[Pixels | Bad], numbers: range, size: tuple[int, int]) -> Part:
    """Images as one array, in colour if one of them is."""
    images = [result for result in results if isinstance(result, np.ndarray)]
    kept = [number for number, result in zip(numbers, results, strict=True) if isinstance(result, np.ndarray)]
    bad = tuple(result for result in results if isinstance(result, Bad))
    channels = 3 if any(image.ndim == 3 for image in images) else 1
    joined = np.empty((len(images), *size, *([3] if channels == 3 else [])), np.uint8)
    for image, place in zip(images, joined, strict=True):
        place[:] = with_channels(image, channels)
    return Part(joined, np.array(kept, np.int64), bad)


def _in_colour(images: Pixels, channels: int) -> Pixels:
    return np.repeat(images[..., None], 3, axis=3) if channels == 3 and images.ndim == 3 else images


def _parts(splits: list[str | None], labels: Labels, images: Pixels, seed: int) -> tuple[Labels, Labels]:
    """The numbers of the training and of the test images."""
    given = np.array([part or "train" for part in splits])
    for name in ("test", "validation"):
        if (given == name).any():
            return np.flatnonzero(given != name), np.flatnonzero(given == name)
    return split(labels, duplicates.duplicate_groups(images), seed)


def _name(path: Path) -> str:
    """A name for data that is safe in paths: letters, digits, - and _."""
    stem = path.absolute().name.split(".")[0]
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-") or "own"
    return f"own-{name}" if name in CATALOGUE or name == "auto" else name


def _left_out(bad: tuple[Bad, ...]) -> list[str]:
    if not bad:
        return []
    listed = ", ".join(f"{name} ({reason})" for name, reason in bad[:LISTED])
    return [f"left out {len(bad):,} of the images: {listed}{', …' if len(bad) > LISTED else ''}"]


def _warnings(num_test: int) -> list[str]:
    if num_test >= FEW:
        return []
    error = 100 * (0.25 / num_test) ** 0.5
    return [f"there are {num_test} test images: the test accuracy is uncertain by up to {error:.0f} percentage points"]
