"""Own images of any usual format as a `Collection`: the format is recognised by content, the labels are checked.

collection = read_collection("photos/")
"""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lenet.data.class_names import checked_class_names
from lenet.data.own import folders
from lenet.data.own.items import SPLITS, Bad, BadItems, Collection, Draft, Item, Pixels
from lenet.data.own.listing import Files, Folder
from lenet.data.own.names import natural_key
from lenet.errors import DataError

__all__ = ["SPLITS", "Bad", "Collection", "Item", "Pixels", "read_collection"]


@dataclass(frozen=True)
class Format:
    """One format of own images.

    Args:
        name: In words.
        matches: Whether files are of this format.
        read: Reads them.
    """

    name: str
    matches: Callable[[Files], bool]
    read: Callable[[Files, BadItems], Draft]


# In the order in which they are tried.
FORMATS = (Format("class folders", folders.matches, folders.read),)


def read_collection(path: str | os.PathLike[str], *, skip_bad: bool = False, for_training: bool = True) -> Collection:
    """Find out the format of own images, and read names and labels; image files are not decoded yet.

    Args:
        path: A folder, an archive or a file.
        skip_bad: Leave out what is bad, and list it, instead of raising an error.
        for_training: Require labels and at least two classes of at least two images; otherwise images without labels are
            items too, for prediction.

    Raises:
        DataError: The format is unknown, or something in it is bad.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"there is no file or folder {path}", hint="check its name and the folder you are in")
    files: Files = Folder(path)
    bad = BadItems(skip_bad)
    for known in FORMATS:
        if known.matches(files):
            return complete(path, known.read(files, bad), bad, for_training)
    if not files.names:
        raise DataError(f"{path} is empty", hint="put the images into one folder for each class: cat/1.jpg, dog/1.jpg")
    return complete(path, folders.read(files, bad), bad, for_training)


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
        kept = _trainable(path, items, bad, notes)
        if len(kept) < len(items):
            items, read, arrays = [items[i] for i in kept], draft.read, draft.arrays
            draft.read = lambda i: read(kept[i])
            draft.arrays = None if arrays is None else arrays[kept]
    occurring = {item.label for item in items} - {None}
    known = draft.classes or ()
    classes = [name for name in known if name in occurring]
    classes += sorted((name for name in occurring.difference(known) if name is not None), key=natural_key)
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


def _trainable(path: Path, items: list[Item], bad: BadItems, notes: list[str]) -> list[int]:
    """The numbers of the items that have a label that can be trained."""
    counts = Counter(item.label for item in items)
    learned = Counter(item.label for item in items if item.split != "test")
    unlabelled = sum(item.label is None and item.split == "test" for item in items)
    if unlabelled:
        notes.append(f"{unlabelled:,} test images without labels are left out")
    left_out = set()
    for item in items:
        if item.label is None and item.split != "test":
            bad.add(item.name, "has no label", "expected one folder for each class: cat/1.jpg, dog/1.jpg")
    for label in sorted((label for label in counts if label is not None), key=natural_key):
        first = next(item.name for item in items if item.label == label)
        if not learned[label]:
            bad.add(f"class {label}", f"has test images ({first}) but none to train on", "give it training images")
            left_out.add(label)
        elif counts[label] == 1:
            bad.add(f"class {label}", f"has one image, {first}; expected at least two", "add images")
            left_out.add(label)
    return [i for i, item in enumerate(items) if item.label is not None and item.label not in left_out]
