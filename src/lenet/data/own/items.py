"""What every format of own images is read into: items with labels, and a function that reads each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from lenet.errors import DataError
from lenet.files.untrusted import printable
from lenet.images.pixels import Pixels

SPLITS = ("train", "validation", "test")


class Item(NamedTuple):
    """One image of a collection.

    Args:
        name: Its path relative to the collection, with "/", or its file and number; what messages call it.
        label: The name of its class; None if it has none.
        split: "train", "validation", "test", or None where the collection has no splits.
    """

    name: str
    label: str | None
    split: str | None = None


class Bad(NamedTuple):
    """What is left out with `skip_bad`.

    Args:
        name: The file, with the line where it has lines.
        reason: What is wrong, and what was expected.
    """

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class Collection:
    """Labelled images in a folder, an archive or a file, before they are decoded.

    Args:
        path: What the user named.
        format: In words: "class folders", "a zip archive of class folders", "a CSV of pixels".
        items: All images.
        classes: The names of the classes in natural order, or in the order that the file gives; each has an image.
        bad: What was left out.
        read: Gives the content of an image file, or the pixels, of item number i; many threads may call it. Raises DataError.
        arrays: All images at once, uint8 (N, height, width) or (N, height, width, 3), where the format has pixels; else None.
            An array in memory or mapped, or a `stacked.Stacked` of large ones.
        files: The files on the disk from which everything is read, except images in folders, which `items` names.
        notes: Sentences about what was understood or left aside, for the user.
    """

    path: Path
    format: str
    items: Sequence[Item]
    classes: tuple[str, ...]
    bad: tuple[Bad, ...]
    read: Callable[[int], bytes | Pixels]
    arrays: Any = None  # Pixels or Stacked
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(eq=False)
class Draft:
    """What a reader found; `collection.complete` checks it. The attributes are those of `Collection`."""

    format: str
    items: Sequence[Item]
    read: Callable[[int], bytes | Pixels]
    arrays: Any = None  # Pixels or Stacked
    classes: tuple[str, ...] | None = None  # in the order that the file gives
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


class BadItems:
    """Collects what is wrong with single items; without `skip`, the first is an error.

    Args:
        skip: Whether to go on.
        for_training: Whether the images are for training, which needs all classes that folders name.
    """

    def __init__(self, skip: bool, for_training: bool = True) -> None:
        self.skip, self.for_training = skip, for_training
        self.found: list[Bad] = []

    def add(self, name: str, reason: str, hint: str | None = None) -> None:
        """Record an item that is left out.

        Args:
            name: The file, and the line.
            reason: What is wrong, and what was expected; continues the sentence that `name` begins.
            hint: What to do, beside leaving it out.

        Raises:
            DataError: Nothing may be left out.
        """
        if not self.skip:
            skip = "--skip-bad leaves it out"
            raise DataError(f"{printable(name)} {reason}", hint=f"{hint}; or {skip}" if hint else skip)
        self.found.append(Bad(printable(name), reason))
