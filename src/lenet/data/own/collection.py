"""Own images of any usual format as a `Collection`: the format is recognised by content, the labels are checked.

collection = read_collection("photos/")
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenet.data.class_names import checked_class_names
from lenet.data.own import sniff
from lenet.data.own.archives import Archive
from lenet.data.own.formats import folders, idx_files, manifests, mat_files, numpy_files, parquet, pixel_csv
from lenet.data.own.items import SPLITS, Bad, BadItems, Collection, Draft, Item, Pixels
from lenet.data.own.listing import Files, Folder
from lenet.data.own.names import natural_key
from lenet.data.own.path import must_exist
from lenet.data.own.row_items import Coded, coded, taken_items, without_splits
from lenet.data.own.stacked import taken_images
from lenet.errors import DataError

__all__ = ["SPLITS", "Bad", "Collection", "Item", "Pixels", "read_collection"]


@dataclass(frozen=True)
class Format:
    """A format that is one or several files, each with many images.

    Args:
        kinds: The kinds of files, as `sniff.kind` names them.
        read: Reads some of them.
    """

    kinds: tuple[str, ...]
    read: Callable[[Files, list[str], BadItems], Draft]


# In the order in which they are tried, after class folders and lists of files.
FORMATS = (
    Format(("pixels",), pixel_csv.read),
    Format(numpy_files.KINDS, numpy_files.read),
    Format(idx_files.KINDS, idx_files.read),
    Format(mat_files.KINDS, mat_files.read),
    Format(parquet.KINDS, parquet.read),
)
# What people have and lenet does not read, and why.
OTHERS = {
    "pickle": ("is a pickle, which could run any program", "save images and labels with numpy.savez_compressed"),
    "hdf5": ("is an HDF5 file", "save images and labels with numpy.savez_compressed; MATLAB: save -v7"),
    "arrow": ("is an Arrow file", "datasets.Dataset.to_parquet writes what lenet reads"),
    "pdf": ("is a PDF", "save its pages as images"),
    "office": ("is an office document", "save the table as CSV, the images as files"),
    "html": ("is a web page", "the download needs another address, or a login"),
    "packed": (
        "is an archive of a kind that lenet does not unpack",
        "unpack it and name the folder, or make a zip of it",
    ),
}
LABEL_FILES = "put the images into one folder for each class, cat/1.jpg and dog/1.jpg, or add a labels.csv: file,label"
LABEL_ARRAYS = "add them: a column label, an array y_train or labels, a file train-labels-idx1-ubyte"
EXPECTED = "expected class folders, a zip or tar of them, a CSV, npz, npy, IDX, .mat or parquet file"


def read_collection(path: str | os.PathLike[str], *, skip_bad: bool = False, for_training: bool = True) -> Collection:
    """Find out the format of own images, and read names and labels; image files are not decoded yet.

    Args:
        path: A folder, an archive or a file.
        skip_bad: Leave out what is bad, and list it, instead of raising an error.
        for_training: Require labels and at least two classes of at least two images; otherwise images without labels are
            items too, for prediction.

    Returns:
        The images, their labels, and what was left out.

    Raises:
        DataError: The format is unknown, or something in it is bad.
    """
    path = Path(path)
    must_exist(path)
    bad = BadItems(skip_bad, for_training)
    files = open_files(path, bad)
    return complete(path, _draft(files, bad), bad, for_training)


def open_files(path: Path, bad: BadItems) -> Files:
    """The files in a folder or an archive, or a single one."""
    if path.is_dir():
        return Folder(path)
    folder = Folder(path)
    start = sniff.head(folder, path.name)
    if sniff.kind(start) in ("zip", "tar") or (path.name.lower().endswith(".tar") and sniff.kind(start) == "unknown"):
        return Archive(path, bad)
    return folder


def _draft(files: Files, bad: BadItems) -> Draft:
    """Read files in the first format that fits."""
    if not files.names:
        raise DataError(f"{files.path} is empty", hint=EXPECTED)
    draft = manifests.read(files, manifests.metadata(files), bad)
    if draft is not None:
        return draft
    images = folders.images(files)
    if folders.matches(images):
        return folders.read(files, images, bad)
    known_images = set(images)
    others = sniff.promising([name for name in files.names if name not in known_images])
    groups = sniff.kinds(files, others)
    # Before a table is read as a list of files: one of pixels may be large.
    groups["pixels"] = pixel_csv.matching(files, groups.get("table", []))
    groups["table"] = [name for name in groups.get("table", ()) if name not in groups["pixels"]]
    draft = manifests.read(files, groups, bad)
    if draft is not None:
        return draft
    for known in FORMATS:
        names = [name for kind in known.kinds for name in groups.get(kind, ())]
        if names:
            return known.read(files, sorted(names), bad)
    if len(others) < len(files.names):
        if files.names == [files.path.name]:
            raise DataError(f"{files.path} is an image; expected a folder with several", hint=EXPECTED)
        return folders.read(files, images, bad)
    for kind, (what, hint) in OTHERS.items():
        if kind in groups:
            raise DataError(f"{_path(files, groups[kind][0])} {what}", hint=hint)
    archives = [name for kind in ("tar", "zip") for name in groups.get(kind, ())]
    if archives:
        raise DataError(f"{files.path} holds an archive", hint=f"name it: {_path(files, archives[0])}")
    if "unreadable" in groups:
        files.read(groups["unreadable"][0])
    raise DataError(f"{_path(files, others[0])} is of no format that lenet knows", hint=EXPECTED)


def _path(files: Files, name: str) -> Path | str:
    return files.sources([name])[0] if files.kind == "" else f"{name} in {files.path}"


def complete(path: Path, draft: Draft, bad: BadItems, for_training: bool) -> Collection:
    """Check the labels of what a reader found.

    Args:
        path: What the user named.
        draft: What the reader found.
        bad: Takes classes that cannot be trained.
        for_training: As in `read_collection`.

    Raises:
        DataError: There are no images, or too few classes.
    """
    items, notes = draft.items, list(draft.notes)
    if not items:
        raise DataError(f"{path} holds no images", hint="expected class folders with images: cat/1.jpg, dog/1.jpg")
    if for_training:
        known = coded(items)
        if set(known.labels) == {None}:
            raise DataError(
                f"{path} has no labels ({draft.format}, {items[0].name} for one); expected one for each image",
                hint=LABEL_FILES if draft.arrays is None else LABEL_ARRAYS,
            )
        kept = _trainable(path, items, known, bad, notes)
        if len(kept) < len(items):
            items, read, arrays = taken_items(items, kept), draft.read, draft.arrays
            draft.read = lambda i: read(int(kept[i]))
            draft.arrays = None if arrays is None else taken_images(arrays, kept)
            known = coded(items)
        if len(known.splits) == 1 and known.splits != (None,):  # mnist_train.csv on its own
            items = without_splits(items)
    occurring = set((known if for_training else coded(items)).labels) - {None}
    given = draft.classes or ()
    classes = [name for name in given if name in occurring]
    classes += sorted((name for name in occurring.difference(given) if name is not None), key=natural_key)
    checked_class_names(str(path), classes)
    if for_training and len(classes) < 2:
        what = f"one class, {classes[0]}" if classes else "no classes"
        raise DataError(
            f"{path} has {what}; expected at least two",
            hint="put the images into one folder for each class: cat/1.jpg, dog/1.jpg",
        )
    return Collection(
        path, draft.format, items, tuple(classes), tuple(bad.found), draft.read, draft.arrays, draft.files, tuple(notes)
    )


def _trainable(path: Path, items: Sequence[Item], known: Coded, bad: BadItems, notes: list[str]) -> NDArray[np.int64]:
    """The numbers of the items that have a label that can be trained."""
    is_test = np.array([split == "test" for split in known.splits], np.bool_)
    images = dict(zip(known.labels, known.counts.sum(axis=1).tolist(), strict=True))
    learned = dict(zip(known.labels, known.counts[:, ~is_test].sum(axis=1).tolist(), strict=True))
    unlabelled = images.get(None, 0) - learned.get(None, 0)
    if unlabelled:
        notes.append(f"test images without labels are left out: {unlabelled:,}")
    left_out: set[str | None] = {None}
    if learned.get(None):
        without = ~known.in_split("test") & (known.label_codes == known.labels.index(None))
        for i in np.flatnonzero(without).tolist():
            bad.add(items[i].name, "has no label", "give it one, such as by a folder: cat/1.jpg")
    for label in sorted((label for label in images if label is not None), key=natural_key):
        if learned[label] and images[label] > 1:
            continue
        first = items[int((known.label_codes == known.labels.index(label)).argmax())].name
        if not learned[label]:
            bad.add(f"class {label}", f"has test images ({first}) but none to train on", "give it training images")
        else:
            bad.add(f"class {label}", f"has one image, {first}; expected at least two", "add images")
        left_out.add(label)
    return known.positions(np.array([label not in left_out for label in known.labels], np.bool_))
