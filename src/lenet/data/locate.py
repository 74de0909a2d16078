"""Where data sets lie: in a folder of the user's, or in the cache."""

import os
from pathlib import Path

from lenet.data.cache import cache_folder
from lenet.data.catalogue import find_entry
from lenet.data.data_folder import DataFolder
from lenet.data.entry import Entry
from lenet.errors import DataError


def locate(name: str, data_dir: str | os.PathLike[str] | None = None) -> DataFolder | None:
    """Look for a data set on this machine, first in a folder of the user's, then in the cache.

    A folder DIR may hold the four files itself, in DIR/NAME, or in torchvision's DIR/FashionMNIST/raw, also under other
    spellings of their names (see spelling.py).

    Args:
        name: The data set.
        data_dir: The user's folder; without it, the one in the environment variable LENET_DATA.

    Returns:
        Where it is; None if it is nowhere.

    Raises:
        DataError: There is no such data set, the user's folder does not exist, or it holds only some of the files. That
            LENET_DATA names no folder is no error for a data set that is made on this machine.
    """
    entry = find_entry(name)
    root, what = user_folder(data_dir)
    other = None
    if root is not None and not root.is_dir() and (entry.sources or data_dir is not None):
        raise DataError(f"{what} is {root}, which is no folder", hint="name a folder that exists, or leave it out")
    for path in candidates(entry, root) if root is not None else ():
        folder = DataFolder(entry, path, f"{path}, {what}")
        if folder.count():
            for file in folder.files:
                _ = file.path  # raises if it is missing
            if not folder.holds_another():
                return folder
            other = folder  # reading it is an error, but the cache may have the right one
    cached = cached_folder(entry)
    return cached if cached.count() == len(cached.files) else other


def user_folder(data_dir: str | os.PathLike[str] | None = None) -> tuple[Path | None, str]:
    """Return the user's folder, if one is named, and what names it: --data-dir, or else LENET_DATA."""
    given, what = (data_dir, "--data-dir") if data_dir is not None else (os.environ.get("LENET_DATA"), "LENET_DATA")
    return (Path(given) if given else None), what


def cached_folder(entry: Entry) -> DataFolder:
    """The data set's folder in the cache, whether it is there or not."""
    return DataFolder(entry, cache_folder(entry.name), "cache")


def candidates(entry: Entry, root: Path) -> tuple[Path, ...]:
    """The folders in a user's folder that may hold the files; none for a data set that is made on this machine."""
    if not entry.sources:
        return ()
    inner = ("raw", "gzip") if entry.archive else ("raw",)
    outer = (root / entry.name, root / entry.folder)
    return (
        *(place for each in outer for place in (each, *(each / name for name in inner))),
        *(root / name for name in inner),
        root,
    )
