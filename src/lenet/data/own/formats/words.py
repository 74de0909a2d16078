"""What the names of arrays and files say: their split, and whether they hold images or labels."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from lenet.data.own.listing import Files
from lenet.data.own.names import split_of
from lenet.errors import DataError

IMAGES = {"x", "image", "images", "imgs", "img", "data", "features", "pixels", "samples", "inputs"}
LABELS = {"y", "label", "labels", "target", "targets", "lbls", "lbl", "classes", "class"}
NAMES = {"names", "categories"}
UNPACK = "unpack the archive, and name one of the files"
MAX_NAMED = 6  # files in a message
KIND = re.compile("idx[0-9]")
WORD = re.compile("[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")


def words(name: str) -> list[str]:
    """Split a name into its words, in lower case: trainX and train_x both are train, x; t10k is one word."""
    return [word.lower() for word in WORD.findall(name.replace("t10k", "test"))]


def split(name: str) -> str | None:
    """The split that a word of the name means, or None."""
    return next((found for word in words(name) if (found := split_of(word))), None)


def role(name: str) -> str | None:
    """What an array holds, by its name: "images", "labels", "names" (of classes), or None."""
    found = set(words(name))
    if found & NAMES:
        return "names"
    if found & LABELS:
        return "labels"
    return "images" if found & IMAGES else None


def rest(name: str) -> tuple[str, ...]:
    """The words of a name that mean neither a role nor a kind of file: two files of a pair have the same."""
    kinds = {"idx", "ubyte", "int", "gz", "npy", "npz"}
    return tuple(word for word in words(KIND.sub("", name)) if word not in IMAGES | LABELS | kinds)


def family(name: str) -> tuple[str, ...]:
    """The words of `rest` that are neither a split nor a number: all files of a data set have the same."""
    return tuple(word for word in rest(name) if split_of(word) is None and not word.isdigit())


def distinct(names: Sequence[str]) -> list[str]:
    """Leave out files that are there twice: compressed and not, or in a folder of their own name, as in Kaggle's archives."""
    kept: dict[tuple[bool, tuple[str, ...]], str] = {}
    for name in sorted(names, key=lambda name: (name.count("/"), name)):
        base = PurePosixPath(name).name
        kept.setdefault((role(base) == "labels", rest(base)), name)
    return sorted(kept.values())


def check_one_set(files: Files, names: Sequence[str]) -> None:
    """Check that files belong to one data set: those of a split are named alike, and either all or none have a split.

    Args:
        files: Where they are.
        names: Which.

    Raises:
        DataError: They are files of several data sets.
    """
    families: dict[str | None, set[tuple[str, ...]]] = {}
    for base in (PurePosixPath(name).name for name in names):
        families.setdefault(split(base), set()).add(family(PurePosixPath(base).stem))
    if any(len(alike) > 1 for alike in families.values()) or (None in families and len(families) > 1):
        shown = ", ".join(names[:MAX_NAMED]) + (", …" if len(names) > MAX_NAMED else "")
        raise DataError(
            f"{files.path} holds files of several data sets: {shown}; expected those of one",
            hint=f"name one of the files, such as {names[0]}" if files.kind == "" else UNPACK,
        )
