"""Parts of what is being packed, each kept whole or not at all: a packing that was interrupted continues after them."""

import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lenet.data.own.batch import Batch, Digests
from lenet.data.own.items import Bad
from lenet.data.own.store import Indices
from lenet.images.pixels import Pixels
from lenet.images.preprocess import Preprocessing

PART = 512  # images
SOON = 2.0  # seconds: what is packed by then need not outlast an interruption
MAX_WAITING = 64 << 20  # bytes of parts that are not written yet


class Part(NamedTuple):
    """Some images of a collection.

    Args:
        images: uint8 (M, height, width) or (M, height, width, 3).
        digests: uint8 (M, 16), of each a hash of its pixels.
        thumbnails: uint8 (M, 16, 16) or (M, 16, 16, 3).
        numbers: int64 (M,), which items of the collection they are.
        bad: what cannot be read.
    """

    images: Pixels
    digests: Digests
    thumbnails: Pixels
    numbers: Indices
    bad: tuple[Bad, ...]

    @classmethod
    def of(cls, batches: Sequence[tuple[range, Batch]], name: Callable[[int], str]) -> "Part":
        """Join batches, each with the numbers of the items that it was made of; `name` gives an item's name."""
        made = [np.delete(np.array(asked), [place for place, _ in batch.bad]) for asked, batch in batches]
        return cls(
            np.concatenate([batch.images for _, batch in batches]),
            np.concatenate([batch.digests for _, batch in batches]),
            np.concatenate([batch.thumbnails for _, batch in batches]),
            np.concatenate(made),
            tuple(Bad(name(asked[place]), reason) for asked, batch in batches for place, reason in batch.bad),
        )


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
        self.began = time.monotonic()
        self.waiting: list[tuple[int, Path, Part]] = []  # place in `done`, and where to write it

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
        """Keep a part; it is written, with all before, if packing takes longer."""
        self._add(part, part)
        if (path := self._path(start)) is None:
            return
        self.waiting.append((len(self.done) - 1, path, part))
        num_bytes = sum(each.images.nbytes for _, _, each in self.waiting)
        if time.monotonic() - self.began < SOON and num_bytes < MAX_WAITING:
            return
        for place, file, each in self.waiting:
            if _write(file, each):
                self.done[place] = file
        self.waiting.clear()

    def parts(self) -> Iterator[Part]:
        """Yield the parts, in order."""
        for each in self.done:
            part = _read(each, self.shape) if isinstance(each, Path) else each
            if part is None:
                raise OSError(f"{each} is gone")
            yield part

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
    """Read a part; None if it is not whole, as after a crash of the machine."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            images, digests, thumbnails, numbers = (arrays[name] for name in Part._fields[:-1])
            bad = [Bad(str(name), str(reason)) for name, reason in arrays["bad"].reshape(-1, 2).tolist()]
    except Exception:  # a damaged archive makes zipfile and NumPy raise many kinds
        return None
    is_whole = images.shape == (len(numbers), *shape) and len(numbers) == len(digests) == len(thumbnails)
    return Part(images, digests, thumbnails, numbers, tuple(bad)) if is_whole else None


def _write(path: Path, part: Part) -> bool:
    """Write a part, whole or not at all; return whether that was possible.

    It is not synced to the disk: the archive has a checksum of each array, so a part that a crash has damaged is made again.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            np.savez(file, **part._asdict() | {"bad": np.array(part.bad, str)})
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        return False
    return True
