"""IDX files larger than memory: recognised by their headers alone, and copied into a pack without ever being read whole.

What comes out is the pack that `load_own` makes of the same files when they are small: the same bytes, classes,
preprocessing and fingerprint. Only plain data sets are taken this way: one byte a pixel and a label, grey images, a training
and a test set.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenet.data.own import big_copy, idx_source, making, store
from lenet.data.own.formats import emnist, idx_files, words
from lenet.data.own.formats.class_list import read_class_list
from lenet.data.own.idx_source import IdxSource
from lenet.data.own.items import SPLITS, Collection, Item, Pixels
from lenet.data.own.listing import Folder
from lenet.data.own.names import natural_key
from lenet.data.own.packed_files import Files
from lenet.data.own.size import choose_size
from lenet.errors import DataError
from lenet.images.preprocess import Preprocessing

if TYPE_CHECKING:
    from lenet.data.download import MakeBar

BIG = 1 << 30  # bytes of images, unpacked, from which on they are copied in this way
MOST_COMPRESSED = 16  # times that images of so many bytes shrink at most: a smaller folder is not looked into
MOST_FILES = 64  # in a folder of such files
FORMAT = "IDX files"


@dataclass(frozen=True)
class BigSet:
    """A data set in IDX files.

    Attributes:
        path: the folder.
        parts: images and labels of each split that is there.
        order: the splits in the order in which small files are read, which decides the sample that is measured.
    """

    path: Path
    parts: dict[str, tuple[IdxSource, IdxSource]]
    order: tuple[str, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images."""
        height, width = self.parts["train"][0].shape[1:]
        return height, width

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many images are for training, validation and testing, as in a pack."""
        train, validation, test = (
            self.parts[split][0].shape[0] if split in self.parts else 0 for split in ("train", "validation", "test")
        )
        return train, validation, test


def find(path: Path, files: Files, settings: store.Settings) -> BigSet | None:
    """Return the data set in a folder, if it is one for this way and large enough; None for all others.

    Args:
        path: What the user named.
        files: As `packed_files.list_files` returns them.
        settings: Size and fit.
    """
    if not path.is_dir() or len(files) > MOST_FILES or MOST_COMPRESSED * sum(size for _, size, _ in files) < BIG:
        return None
    candidates = [name for name, _, _ in files if not name.endswith(".txt")]  # names of classes, a licence
    sources = {name: found for name in candidates if (found := idx_source.opened(path / name)) is not None}
    names = words.distinct(list(sources))
    images = [name for name in names if len(sources[name].shape) == 3]
    labels = [name for name in names if len(sources[name].shape) == 1]
    if len(sources) < len(candidates) or len(images) + len(labels) < len(names):
        return None
    if sum(sources[name].num_bytes for name in images) < BIG:
        return None
    words.check_one_set(Folder(path), names)
    parts: dict[str, tuple[IdxSource, IdxSource]] = {}
    for name in images:
        split, own = words.split(PurePosixPath(name).name), idx_files.labels_of(name, images, labels)
        if split not in SPLITS or split in parts or own is None or emnist.is_emnist(name):
            return None
        parts[split] = sources[name], sources[own]
    if not {"train", "test"} <= set(parts) or len({pair[0].shape[1:] for pair in parts.values()}) > 1:
        return None
    big = BigSet(path, parts, tuple(parts))
    return big if (settings["size"] or choose_size([big.size])) == big.size else None


def pack(big: BigSet, settings: store.Settings, folder: Path, progress: "MakeBar | None" = None) -> store.Pack:
    """Copy a data set into the cache, and return it mapped into memory; a copy that was interrupted goes on.

    Args:
        big: The data set.
        settings: How further images are brought to its size.
        folder: The folder of the cache for it.
        progress: Makes a progress bar.

    Raises:
        DataError: A file is damaged or invalid, the disk is full, or another process packs the same.
    """
    numbers = {split: _numbers(*pair) for split, pair in big.parts.items()}
    classes, codes = _classes(big, numbers)
    labels = {split: codes[values] for split, values in numbers.items()}

    def facts(images: Pixels) -> store.Facts:
        return store.Facts(big.counts, classes, _preprocessing(big, images, settings["fit"]), FORMAT, ())

    sources = {split: pair[0] for split, pair in big.parts.items()}
    big_copy.copy(big_copy.Copying(big.path, sources, labels, facts), folder, progress)
    packed = store.load(folder)
    if packed is None:
        raise DataError(
            f"the packed copy of {big.path} is damaged: {folder}", hint="remove that folder and start again"
        )
    return packed


def _numbers(images: IdxSource, labels: IdxSource) -> NDArray[np.uint8]:
    """The numbers of the classes of a split, as its file has them."""
    if images.shape[0] != labels.shape[0]:
        raise DataError(
            f"{images.path.name} has {images.shape[0]:,} images but {labels.shape[0]:,} labels",
            hint="give each image one label, in the same order",
        )
    return np.frombuffer(b"".join(idx_source.blocks(labels)), np.uint8)


def _classes(big: BigSet, numbers: dict[str, NDArray[np.uint8]]) -> tuple[tuple[str, ...], NDArray[np.uint8]]:
    """The names of the classes in their order, and the label of each number, uint8 (256,)."""
    counts = {split: np.bincount(values, minlength=256) for split, values in numbers.items()}
    learned = sum((each for split, each in counts.items() if split != "test"), np.zeros(256, np.int64))
    images = sum(counts.values(), np.zeros(256, np.int64))
    listed = read_class_list(Folder(big.path), str(big.parts["train"][0].path.relative_to(big.path))) or {}
    occurring = {int(number): listed.get(int(number), str(number)) for number in np.flatnonzero(images)}
    for number, name in occurring.items():
        if not learned[number] or images[number] == 1:
            what = "one image" if images[number] == 1 else "test images but none to train on"
            raise DataError(f"class {name} of {big.path} has {what}", hint="add images, or leave the class out")
    if len(occurring) < 2:
        raise DataError(f"{big.path} has one class, {occurring.popitem()[1]}; expected at least two", hint="add images")
    known = [name for name in listed.values() if name in occurring.values()]
    classes = tuple(known + sorted(set(occurring.values()).difference(known), key=natural_key))
    codes = np.zeros(256, np.uint8)
    for number, name in occurring.items():
        codes[number] = classes.index(name)
    return classes, codes


def _preprocessing(big: BigSet, images: Pixels, fit: str) -> Preprocessing:
    """How further images are made, from the images that would be measured if the data set were small."""
    starts = dict(zip(("train", "validation", "test"), np.cumsum([0, *big.counts]).tolist(), strict=False))
    ends = np.cumsum([big.parts[split][0].shape[0] for split in big.order])
    chosen = np.linspace(0, int(ends[-1]) - 1, min(making.SAMPLE, int(ends[-1]))).astype(np.int64)
    which = np.searchsorted(ends, chosen, side="right").tolist()
    positions = [
        starts[big.order[part]] + number - (int(ends[part - 1]) if part else 0)
        for part, number in zip(which, chosen.tolist(), strict=True)
    ]
    sample = np.ascontiguousarray(images[positions])
    items = [Item(f"image {number}", None) for number in chosen.tolist()]
    collection = Collection(big.path, FORMAT, items, (), (), lambda place: sample[place], sample)
    return making.measured_preprocessing(collection, big.size, fit)
