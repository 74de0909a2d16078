"""Parts of what is being packed, each kept whole or not at all: a packing that was interrupted continues after them."""

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lenet.data.own.items import Bad
from lenet.data.own.store import Indices
from lenet.images.pixels import Pixels
from lenet.images.preprocess import Preprocessing

PART = 512  # images


class Part(NamedTuple):
    """Some images of a collection.

    Args:
        images: uint8 (M, height, width) or (M, height, width, 3).
        numbers: int64 (M,), which items of the collection they are.
        bad: what cannot be read.
    """

    images: Pixels
    numbers: Indices
    bad: tuple[Bad, ...]

    @classmethod
    def of(cls, results: Sequence[Pixels | Bad], numbers: Sequence[int], shape: tuple[int, ...]) -> "Part":
        """Join what came of some items: the images of one shape, and what is bad."""
        pairs = [pair for pair in zip(results, numbers, strict=True) if isinstance(pair[0], np.ndarray)]
        images = np.empty((len(pairs), *shape), np.uint8)
        for place, (image, _) in zip(images, pairs, strict=True):
            place[:] = image
        bad = tuple(result for result in results if isinstance(result, Bad))
        return cls(images, np.array([number for _, number in pairs], np.int64), bad)


class Parts:
    """The parts that are done: in a folder of the cache, or in memory.

    Args:
        folder: The folder of the cache for what is packed; None, or one that cannot be written, keeps them in memory.
        preprocessing: How the images are made.
    """

    def __init__(self, folder: Path | None, preprocessing: Preprocessing) -> None:
        self.folder = None if folder is None else folder_for(folder)
        self.shape = preprocessing.shape
        self.done: list[Part | Path] = []
        self.numbers: list[Indices] = []
        self.bad: tuple[Bad, ...] = ()

    def has(self, start: int) -> bool:
        """Return whether the part that begins with an item seems to be done."""
        path = self._path(start)
        return path is not None and path.is_file()

    def find(self, start: int) -> Part | None:
        """Return the part that begins with an item, if it was done before; it is then one of these."""
        path = self._path(start)
        part = None if path is None else _read(path, self.shape)
        if part is not None and path is not None:
            self._add(part, path)
        return part

    def keep(self, start: int, part: Part) -> None:
        """Keep a part."""
        path = self._path(start)
        self._add(part, path if path is not None and _write(path, part) else part)

    def images(self) -> Iterator[Pixels]:
        """Yield the images of each part, in order."""
        for each in self.done:
            part = _read(each, self.shape) if isinstance(each, Path) else each
            if part is None:
                raise OSError(f"{each} is gone")
            yield part.images

    def _path(self, start: int) -> Path | None:
        return None if self.folder is None else self.folder / f"{start:08}.npz"

    def _add(self, part: Part, kept: Part | Path) -> None:
        self.done.append(kept)
        self.numbers.append(part.numbers)
        self.bad += part.bad


def folder_for(folder: Path) -> Path:
    """The folder of parts for a folder of the cache."""
    return folder.with_name(f"{folder.name}.parts")


def forget(folder: Path | None) -> None:
    """Remove the parts, after all has been saved."""
    if folder is not None:
        shutil.rmtree(folder_for(folder), ignore_errors=True)


def _read(path: Path, shape: tuple[int, ...]) -> Part | None:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            images, numbers = arrays["images"], arrays["numbers"]
            bad = [Bad(str(name), str(reason)) for name, reason in arrays["bad"].reshape(-1, 2).tolist()]
    except Exception:  # a damaged archive makes zipfile and NumPy raise many kinds
        return None
    return Part(images, numbers, tuple(bad)) if images.shape == (len(numbers), *shape) else None


def _write(path: Path, part: Part) -> bool:
    """Write a part, whole or not at all; return whether that was possible."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            np.savez(file, images=part.images, numbers=part.numbers, bad=np.array(part.bad, str))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        return False
    return True
