"""Fashion-MNIST, loaded once for a whole program."""

import functools
import os
import sys
import weakref
from pathlib import Path
from typing import Any

from lenet.data.dataset import Dataset, Splits
from lenet.data.loading import load
from lenet.data.locate import locate
from lenet.errors import DataUnavailable

NAME = "fashion-mnist"
ROOT = "../data"  # the English book's; the Chinese port's is ~/Datasets/FashionMNIST


def fashion_mnist(root: str | os.PathLike[str]) -> Splits:
    """Return Fashion-MNIST, loaded once.

    Args:
        root: a folder that is searched first, if it has Fashion-MNIST in it.

    Raises:
        DataUnavailable: if it is not on this machine and cannot be downloaded.
        DataError: if a file is damaged.
    """
    places = (os.environ.get("LENET_DATA"), os.environ.get("LENET_CACHE"))
    return _loaded(_folder(root), places)


# The test set of each training set.
_published: weakref.WeakKeyDictionary[Dataset, Dataset] = weakref.WeakKeyDictionary()


def is_published(train: Dataset, test: Dataset) -> bool:
    """Return whether these are training and test set of Fashion-MNIST from `fashion_mnist`, which checks their SHA-256."""
    return _published.get(train) is test


@functools.lru_cache(maxsize=1)
def _loaded(folder: Path | None, places: tuple[str | None, ...]) -> Splits:
    try:
        splits = load(NAME, folder, progress=_progress_bar)
    except DataUnavailable as error:
        hint = "have its four files? root=FOLDER or LENET_DATA=FOLDER finds them, lenet data import FOLDER keeps them"
        raise DataUnavailable(error.message, hint=hint) from error
    _published[splits.train] = splits.test
    return splits


def _folder(root: str | os.PathLike[str]) -> Path | None:
    """The folder if Fashion-MNIST is in it, else None; the book creates its folder, so a missing one is no mistake."""
    folder = Path(root).expanduser().absolute()
    located = locate(NAME, folder) if folder.is_dir() else None
    return folder if located and located.folder.is_relative_to(folder) and not located.holds_another() else None


def _progress_bar(file: str, num_bytes: int) -> Any:
    """A progress bar for a download; its modules are imported only then."""
    if sys.stderr.isatty():
        from lenet.display.terminal import Terminal

        return Terminal(sys.stderr).download(file, num_bytes)
    from lenet.display.plain import Lines

    return Lines(sys.stderr).download(file, num_bytes)
