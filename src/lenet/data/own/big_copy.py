"""Copies IDX files into a pack, block by block: reading, writing, hashing and syncing at once; a killed copy goes on.

The pack is written in a folder NAME.packing beside its own. `progress.json` there says how many bytes of pixels are on the
disk for sure; a later process writes those that follow. It reads the others again only for the fingerprint. The folder gets
the pack's name when everything is there, so nothing half-written is ever taken for a pack.
"""

import errno
import hashlib
import json
import math
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenet.data import mapped
from lenet.data.cache import write_errors
from lenet.data.own import store
from lenet.data.own.idx_source import IdxSource, blocks
from lenet.errors import DataError, RunError
from lenet.files import durable, locks
from lenet.images.pixels import Pixels

if TYPE_CHECKING:
    from lenet.data.download import MakeBar

PACKED = ("train", "validation", "test")  # in the order of a pack
HASHED = ("train", "test", "validation")  # in the order of `Splits.fingerprint`
AHEAD = 4  # blocks that are read before they are written and hashed
SYNC = 256 << 20  # bytes after which what was written is brought to the disk, and noted
LABELS = 1 << 20  # labels converted at a time
SPARE = 64 << 20  # bytes that stay free on the disk
PROGRESS = "progress.json"


@dataclass(frozen=True)
class Copying:
    """What is to be copied.

    Attributes:
        path: the folder that the user named.
        images: of each split.
        labels: of each split, uint8 (N,).
        facts: what is known of the images once they are packed.
    """

    path: Path
    images: dict[str, IdxSource]
    labels: dict[str, NDArray[np.uint8]]
    facts: Callable[[Pixels], store.Facts]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of all images together."""
        return (sum(each.shape[0] for each in self.images.values()), *self.images["train"].shape[1:])

    def starts(self) -> dict[str, int]:
        """The first image of each split in the pack."""
        starts, count = {}, 0
        for split in PACKED:
            starts[split] = count
            count += self.images[split].shape[0] if split in self.images else 0
        return starts


def copy(copying: Copying, folder: Path, progress: "MakeBar | None" = None) -> None:
    """Copy everything into a folder of the cache.

    Args:
        copying: What.
        folder: The folder of the pack.
        progress: Makes a progress bar.

    Raises:
        DataError: A file is damaged, the disk is full, or another process packs the same.
    """
    making = folder.with_name(f"{folder.name}{store.PACKING}")
    num_bytes = math.prod(copying.shape)
    with write_errors(folder.parent), _freed_if_full(making):
        making.mkdir(parents=True, exist_ok=True)
        with _locked(making, copying.path):
            if store.load(folder) is not None:  # another process was faster
                shutil.rmtree(making, ignore_errors=True)
                return
            _must_fit(copying, making, num_bytes + 8 * copying.shape[0])
            pixels = mapped.open_file(making / "images.npy", np.uint8, copying.shape, forget=making / PROGRESS)
            labels = mapped.open_file(making / "labels.npy", np.int64, copying.shape[:1])
            bar = progress(f"packing {copying.path.name}", num_bytes) if progress else None
            try:
                fingerprint = _Copier(copying, making, pixels.offset, bar).run(labels)
            finally:
                if bar:
                    bar.close()
            labels.flush()
            _must_be_8_bits(copying, pixels)
            store.write_facts(making, copying.facts(pixels), fingerprint)
            (making / PROGRESS).unlink(missing_ok=True)
            store.publish(making, folder)


class _Copier:
    """Writes the pixels of all splits into a file, and hashes them with their labels."""

    def __init__(self, copying: Copying, folder: Path, offset: int, bar: Any) -> None:
        self.copying, self.folder, self.offset, self.bar = copying, folder, offset, bar
        self.done = _noted(folder / PROGRESS)  # bytes that are on the disk, in the order in which they are copied
        self.digest = hashlib.sha256()
        self.waiting: deque[list[Future[Any]]] = deque()

    def run(self, labels: NDArray[np.int64]) -> str:
        """Copy everything; return the fingerprint."""
        starts, image_bytes, total = self.copying.starts(), math.prod(self.copying.shape[1:]), 0
        self.file = os.open(self.folder / "images.npy", os.O_WRONLY)
        try:
            with ThreadPoolExecutor(1) as writer, ThreadPoolExecutor(1) as hasher, ThreadPoolExecutor(1) as syncer:
                for split in (each for each in HASHED if each in self.copying.images):
                    source, first = self.copying.images[split], starts[split]
                    self._add([hasher.submit(self.digest.update, repr(source.shape).encode())])
                    place = self.offset + first * image_bytes
                    for block in blocks(source):
                        futures: list[Future[Any]] = [hasher.submit(self.digest.update, block)]
                        before, total = total, total + len(block)
                        if total > self.done:
                            futures.append(writer.submit(self._write, block, place))
                        if total > self.done and before // SYNC < total // SYNC:
                            futures[-1].result()
                            futures.append(syncer.submit(self._note, total))
                        self._add(futures)
                        place += len(block)
                        if self.bar:
                            self.bar.update(len(block))
                    self._wait()
                    for part in self._labels(split):
                        labels[first : first + len(part)] = part
                        first += len(part)
                        self.digest.update(part.astype("<i8", copy=False).data)
            os.fsync(self.file)
        finally:
            os.close(self.file)
        return self.digest.hexdigest()

    def _labels(self, split: str) -> Iterator[NDArray[np.int64]]:
        values = self.copying.labels[split]
        return (values[start : start + LABELS].astype(np.int64) for start in range(0, len(values), LABELS))

    def _add(self, futures: list[Future[Any]]) -> None:
        """Have at most a few blocks in memory."""
        self.waiting.append(futures)
        if len(self.waiting) > AHEAD:
            for future in self.waiting.popleft():
                future.result()

    def _wait(self) -> None:
        while self.waiting:
            for future in self.waiting.popleft():
                future.result()

    def _write(self, block: bytes, place: int) -> None:
        view = memoryview(block)
        while view:
            written = os.pwrite(self.file, view, place)
            view, place = view[written:], place + written

    def _note(self, total: int) -> None:
        """Note that so many bytes are on the disk, once they are."""
        os.fsync(self.file)
        durable.write(self.folder / PROGRESS, json.dumps({"bytes": total}).encode())


def _noted(path: Path) -> int:
    """How many bytes a process before this one has copied."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return int(json.loads(path.read_bytes())["bytes"])
    return 0


def _must_fit(copying: Copying, making: Path, num_bytes: int) -> None:
    """Raises DataError if the disk has no room for the pack."""
    if (making / "images.npy").exists():
        return  # what it needs was taken already
    free = shutil.disk_usage(making).free
    if free < num_bytes + SPARE:
        shutil.rmtree(making, ignore_errors=True)
        raise DataError(
            f"packing {copying.path} takes {num_bytes / 1e9:.1f} GB in the cache {making.parent}, which has "
            f"{free / 1e9:.1f} GB left",
            hint="free some space there, or set LENET_CACHE to a folder on another disk",
        )


def _must_be_8_bits(copying: Copying, pixels: Pixels) -> None:
    """Raises DataError for images of zeros and ones."""
    starts = copying.starts()
    for split, source in copying.images.items():
        start = starts[split]
        ends = range(start, start + source.shape[0], LABELS // 64)
        if not any(pixels[each : min(each + LABELS // 64, start + source.shape[0])].max() > 1 for each in ends):
            raise DataError(
                f"the pixels of {source.path} are all 0 or 1; expected 0 to 255", hint="multiply them by 255"
            )


@contextmanager
def _freed_if_full(making: Path) -> Iterator[None]:
    """Remove what was copied if the disk is full: it would only be in the way."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            shutil.rmtree(making, ignore_errors=True)
        raise


@contextmanager
def _locked(making: Path, path: Path) -> Iterator[None]:
    try:
        with locks.lock(making):
            yield
    except RunError as error:
        raise DataError(
            f"another process is packing {path}", hint="wait until it has ended; then its pack is used"
        ) from error
