"""Loading a data set by its name: from the user's folder, from the cache, or downloaded into the cache."""

import dataclasses
import os
from typing import TYPE_CHECKING

import numpy as np

from lenet.data import digits, idx
from lenet.data.catalogue import Entry, find_entry
from lenet.data.dataset import Dataset, Splits
from lenet.data.locate import cached_folder, locate
from lenet.errors import DataError, DataUnavailable

if TYPE_CHECKING:
    from lenet.data.download import MakeBar


def load(
    name: str = "auto", data_dir: str | os.PathLike[str] | None = None, *, progress: "MakeBar | None" = None
) -> Splits:
    """Load the training and the test set of a data set.

        train, test = lenet.data.load("fashion-mnist")

    They are read from the user's folder or from the cache, or downloaded into the cache.

    Args:
        name: "fashion-mnist", "mnist", "digits", or "auto": Fashion-MNIST if it can be had, otherwise the built-in digits,
            with a `notice` that says so.
        data_dir: The folder that has the files; without it, the one in the environment variable LENET_DATA.
        progress: Makes a progress bar for each file that is downloaded.

    Returns:
        Both sets: images are uint8 (60000, 28, 28) and (10000, 28, 28), labels int64 (60000,) and (10000,).

    Raises:
        DataUnavailable: The data set is not on this machine and cannot be downloaded.
        DataError: Files are truncated, damaged, or of another data set; also for "auto".
    """
    name = name.lower()
    if name == "auto":
        try:
            return load("fashion-mnist", data_dir, progress=progress)
        except DataUnavailable as error:
            notice = (
                f"{error.message}. Taking the built-in digits instead: the numbers that follow are not those of "
                f"Fashion-MNIST. To get it, {error.hint}"
            )
            return dataclasses.replace(load("digits", data_dir), notice=notice)
    entry = find_entry(name)
    folder = locate(name, data_dir)
    if folder is None:
        from lenet.data import fetch  # with what a download needs

        try:
            folder = fetch.fetch(name, progress=progress)
        except DataError:
            if entry.sources:
                raise
            return _splits(entry, _made(entry), fetch.MADE)  # the cache cannot be written
    contents = [file.read(trust_record=True) for file in folder.files]
    return dataclasses.replace(_splits(entry, contents, folder.source), folder=folder.folder.absolute())


def _made(entry: Entry) -> list[bytearray]:
    """The four files of the built-in digits, in memory."""
    contents = [bytearray(content) for content in digits.idx_files()]
    for file, content in zip(cached_folder(entry).files, contents, strict=True):
        file.check(content, file.name)
    return contents


def _splits(entry: Entry, contents: list[bytearray], source: str) -> Splits:
    arrays = [
        idx.parse(content, len(file.shape), file.name) for file, content in zip(entry.files, contents, strict=True)
    ]
    train, test = (
        Dataset(entry.name, images, labels.astype(np.int64), entry.classes)
        for images, labels in (arrays[:2], arrays[2:])
    )
    return Splits(train, test, source)
