"""Loading a data set by its name: from the user's folder, from the cache, or downloaded into the cache."""

import dataclasses
import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenet.data import digits, idx
from lenet.data.catalogue import find_entry
from lenet.data.dataset import Dataset, Images, Labels, Splits
from lenet.data.entry import Entry
from lenet.data.locate import cached_folder, locate, user_folder
from lenet.data.own.path import own_path
from lenet.errors import ConfigError, DataError, DataUnavailable, quoted
from lenet.files import untrusted

if TYPE_CHECKING:
    from lenet.data.download import MakeBar

USUAL = {"size": None, "fit": "pad", "split_seed": 0, "skip_bad": False}  # of `load_own`
FEW = 6  # names of files that a message lists


def load(
    name: str | os.PathLike[str] = "auto",
    data_dir: str | os.PathLike[str] | None = None,
    *,
    progress: "MakeBar | None" = None,
    **own: Any,
) -> Splits:
    """Load the training and the test set of a data set.

        train, test = lenet.data.load("fashion-mnist")

    They are read from the user's folder or from the cache, or downloaded into the cache.

    Args:
        name: A name of the catalogue, such as "fashion-mnist", "mnist", "digits" or "emnist-letters", also spelled
            "FashionMNIST" or "EMNIST/letters"; or "auto": Fashion-MNIST if it can be had, otherwise the built-in digits,
            with a `notice` that says so; or the path of data of your own: class folders, an archive, a CSV, npz, IDX or
            other file.
        data_dir: The folder that has the files; without it, the one in the environment variable LENET_DATA.
        progress: Makes a progress bar for each file that is downloaded.
        **own: `size`, `fit`, `split_seed` and `skip_bad` of `lenet.data.own.pack.load_own`, for data of your own.

    Returns:
        Both sets: images are uint8 (N, 28, 28), labels int64 (N,); MNIST has 60,000 and 10,000 of them.

    Raises:
        DataUnavailable: The data set is not on this machine and cannot be downloaded.
        DataError: Files are truncated, damaged, or of another data set; also for "auto".
        ConfigError: A setting for data of one's own was given with the name of a data set.
    """
    path = own_path(name)
    if path is not None:
        from lenet.data.own.pack import load_own

        return load_own(path, progress=progress, **own)
    name = os.fspath(name)
    _must_be_usual(name, own)
    if name.lower() == "auto":
        try:
            return load("fashion-mnist", data_dir, progress=progress)
        except DataUnavailable as error:
            notice = (
                f"{error.message}. Taking the built-in digits instead: the numbers that follow are not those of "
                f"Fashion-MNIST. To get it, {error.hint}"
            )
            return dataclasses.replace(load("digits", data_dir), notice=notice)
    entry = find_entry(name)
    folder = locate(entry.name, data_dir)
    if folder is None:
        from lenet.data import fetch  # with what a download needs

        try:
            folder = fetch.fetch(entry.name, progress=progress)
        except DataUnavailable as error:
            error.message += _in_vain(entry, data_dir)
            root, _ = user_folder(data_dir)
            if root is not None:
                error.hint = f"--data {quoted(root)} trains on what is in that folder; {error.hint}"
            raise
        except DataError:
            if entry.sources:
                raise
            return _splits(entry, _made(entry), fetch.MADE)  # the cache cannot be written
    contents = [file.read(trust_record=True) for file in folder.files]
    splits = _splits(entry, contents, folder.source)
    return dataclasses.replace(splits, folder=folder.folder.absolute(), notice=_folder_is_gone(data_dir))


def _must_be_usual(name: str, own: dict[str, Any]) -> None:
    """Raises ConfigError for settings of one's own data."""
    for setting, value in own.items():
        if value != USUAL.get(setting, value):
            raise ConfigError(
                f"{setting} is a setting for data of your own; {name} is a data set of the catalogue",
                hint=f"leave --{setting.replace('_', '-')} out, or name a path: --data photos/",
            )


def _folder_is_gone(data_dir: str | os.PathLike[str] | None) -> str | None:
    root, what = user_folder(data_dir)
    return None if root is None or root.is_dir() else f"{what} is {root}, which is no folder; it is not needed here"


def _made(entry: Entry) -> list[bytearray]:
    """The four files of the built-in digits, in memory."""
    contents = [bytearray(content) for content in digits.idx_files()]
    for file, content in zip(cached_folder(entry).files, contents, strict=True):
        file.check(content, file.name)
    return contents


def _in_vain(entry: Entry, data_dir: str | os.PathLike[str] | None) -> str:
    """What the user's folder has instead of the files, for the end of a message."""
    root, what = user_folder(data_dir)
    if root is None:
        return ""
    try:
        names = sorted(path.name for path in root.iterdir() if not path.name.startswith("."))
    except OSError as error:
        return f"; {root} ({what}) cannot be read: {error.strerror or error}"
    listed = untrusted.printable(", ".join(names[:FEW])) + (", …" if len(names) > FEW else "") if names else "nothing"
    return f"; {root} ({what}) has {listed}, expected {entry.files[0].name} and so on"


def _splits(entry: Entry, contents: list[bytearray], source: str) -> Splits:
    arrays = [
        idx.parse(content, len(file.shape), file.name, file.code)
        for file, content in zip(entry.files, contents, strict=True)
    ]
    train, test = (
        Dataset(entry.name, _upright(entry, images), _labels(entry, labels), entry.classes)
        for images, labels in (arrays[:2], arrays[2:])
    )
    return Splits(train, test, source)


def _upright(entry: Entry, images: Images) -> Images:
    return np.ascontiguousarray(images.transpose(0, 2, 1)) if entry.is_transposed else images


def _labels(entry: Entry, labels: NDArray[np.integer[Any]]) -> Labels:
    """Labels from 0 on: the first column, where each image has several numbers."""
    return (labels if labels.ndim == 1 else labels[:, 0]).astype(np.int64) - entry.first_label
