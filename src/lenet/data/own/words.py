"""What the names of arrays and files say: their split, and whether they hold images or labels."""

import re

from lenet.data.own.names import split_of

IMAGES = {"x", "image", "images", "imgs", "img", "data", "features", "pixels", "samples", "inputs"}
LABELS = {"y", "label", "labels", "target", "targets", "lbls", "lbl", "classes", "class"}
NAMES = {"names", "categories"}
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
    """The words of `rest` that mean no split: all files of a data set have the same."""
    return tuple(word for word in rest(name) if split_of(word) is None)
