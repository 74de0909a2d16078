"""People's own images as a data set: read, brought to one size, divided into training and test images, kept in the cache.

splits = load_own("photos/", size=(64, 64))
"""

import itertools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lenet.data import mapped
from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Dataset, Splits
from lenet.data.exact_groups import exact_groups
from lenet.data.mapped import joined, scratch
from lenet.data.near_groups import near_groups
from lenet.data.own import parts, store
from lenet.data.own.packed_files import list_files
from lenet.data.own.row_items import coded, taken_items
from lenet.data.own.split import parts_of, warnings
from lenet.errors import DataError

if TYPE_CHECKING:
    from lenet.data.download import MakeBar
    from lenet.data.own.items import Bad, Collection
    from lenet.data.own.making import Made
    from lenet.data.own.worker import Workers

LISTED = 5  # files left out that a notice lists


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

    The first time they are packed into the cache; after that they are mapped into memory, unless a file was changed, added
    or removed.

    Args:
        path: A folder, an archive or a file; see `read_collection`.
        size: Height and width that the images are brought to; by default one that keeps their detail.
        fit: How they are brought to it: "pad", "crop" or "stretch".
        split_seed: Decides which images are the test images, where the data does not say.
        skip_bad: Leave out what cannot be used, and list it, instead of raising an error.
        progress: Makes a progress bar.

    Returns:
        Both sets, and the validation set if the data have one, with the preprocessing for further images.

    Raises:
        DataError: The format is unknown, or something in it cannot be used.
    """
    path = Path(path)
    settings = {"size": size, "fit": fit, "split_seed": split_seed, "skip_bad": skip_bad}
    name = name_of(path)
    around = [] if path.is_dir() else store.listed_around(path, name)
    files = list_files(path, around)
    folder = store.folder_for(path, name, settings, files)
    pack = store.load(folder)
    if pack is None and folder is not None:
        from lenet.data.own import big

        found = big.find(path, files, settings)
        pack = None if found is None else big.pack(found, settings, folder, progress)
        if pack is not None:
            store.save_files(folder, files)
    if pack is None:
        from lenet.data.own.collection import read_collection  # with what reading takes
        from lenet.data.own.worker import Workers

        with Workers() as workers:
            workers.start(len(files))  # they start while the folder is read
            collection = read_collection(path, skip_bad=skip_bad)
            if (listed := _listed(collection)) != around:
                store.note_around(path, name, listed)
                files = list_files(path, listed)
                folder = store.folder_for(path, name, settings, files)
            pack = _packed(collection, settings, folder, workers, progress)
        store.save_files(folder, files)
    return _splits(path, pack)


def name_of(path: Path) -> str:
    """A name for data that is safe in paths: letters, digits, - and _."""
    stem = path.absolute().name.split(".")[0]
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:60] or "own"
    return f"own-{name}" if name == "auto" or name in CATALOGUE else name


def _listed(collection: "Collection") -> list[str]:
    """The files around a table that it lists."""
    if collection.path.is_dir() or collection.arrays is not None or "archive" in collection.format:
        return []
    folder = collection.path.parent
    others = [str(file.relative_to(folder)) for file in collection.files if file.is_relative_to(folder)]
    names = dict.fromkeys([*others, *(item.name for item in collection.items)])
    return [name for name in names if os.path.isfile(folder / name)]  # noqa: PTH113 (Path.is_file raises for some names)


def _splits(path: Path, pack: store.Pack) -> Splits:
    bounds = np.cumsum([0, *pack.counts]).tolist()
    sets: list[Dataset | None] = []
    for start, stop in itertools.pairwise(bounds):
        arrays = pack.images[start:stop], pack.labels[start:stop]
        made = pack.preprocessing
        sets.append(Dataset(name_of(path), *arrays, pack.classes, preprocessing=made) if stop > start else None)
    train, validation, test = sets
    if train is None or test is None:
        raise DataError(f"{path} has no {'test' if train else 'training'} images", hint="add images")
    notice = "; ".join([*pack.notices, *warnings(len(test))]) or None
    splits = Splits(train, test, f"{pack.format}, {path}", notice, path.absolute(), validation)
    if pack.fingerprint:  # of arrays that cannot be written, and that were hashed when they were packed
        splits.__dict__["fingerprint"] = pack.fingerprint
    return splits


def _packed(
    collection: "Collection",
    settings: "store.Settings",
    folder: Path | None,
    workers: "Workers",
    progress: "MakeBar | None",
) -> store.Pack:
    """Make all images, and write them into the cache in the order training, validation, test."""
    from lenet.data.own.making import make

    made = make(collection, settings, folder, workers, progress)
    if len(made.numbers) == 0:
        raise DataError(f"none of the images of {collection.path} can be read: {made.bad[0].reason}")
    is_whole = len(made.numbers) == len(collection.items)
    items = coded(collection.items if is_whole else taken_items(collection.items, np.asarray(made.numbers)))
    classes = tuple(name for name in collection.classes if name in items.labels)
    codes: dict[str | None, int] = {name: label for label, name in enumerate(classes)}
    labels = items.numbers([codes[label] for label in items.labels])

    def groups() -> tuple[store.Indices, store.Indices]:
        digests, thumbnails = made.copies()
        same = exact_groups(digests)
        return same, near_groups(same, thumbnails)

    divided = parts_of(items, labels, groups, settings["split_seed"])
    order = joined([divided.train, divided.validation, divided.test])
    counts = (len(divided.train), len(divided.validation), len(divided.test))
    notices = (*collection.notes, *divided.notes, *_left_out((*collection.bad, *made.bad)))
    facts = store.Facts(counts, classes, made.preprocessing, collection.format, notices)
    pack = store.save(folder, facts, _taken(labels, order), _Ordered(made, order))
    parts.forget(folder)
    return pack


def _taken(labels: store.Indices, order: store.Indices) -> store.Indices:
    ordered = scratch(labels.shape, np.int64)
    for part in mapped.parts(order.shape, order.itemsize):
        ordered[part] = labels[order[part]]
    return ordered


class _Ordered:
    """The images in the order in which they are packed, some at a time."""

    def __init__(self, made: "Made", order: store.Indices) -> None:
        self.made = made
        self.places = scratch(order.shape, np.int64)
        for part in mapped.parts(order.shape, order.itemsize):
            self.places[order[part]] = np.arange(part.start, part.stop)
        self.shape = (len(order), *made.preprocessing.shape)

    def write(self, target: store.Pixels) -> None:
        """Write all images into an array."""
        start = 0
        for images in self.made.images():
            target[self.places[start : start + len(images)]] = images
            start += len(images)


def _left_out(bad: "tuple[Bad, ...]") -> list[str]:
    if not bad:
        return []
    listed = ", ".join(f"{name} ({reason})" for name, reason in bad[:LISTED])
    return [f"left out {len(bad):,} of the images: {listed}{', …' if len(bad) > LISTED else ''}"]
