"""People's own images in the cache: packed once, then mapped into memory, so that a second training begins at once.

A folder of the cache is called after what decides its content: the path, names, sizes and times of the files, and the
settings. So a changed file is noticed, and no folder is ever changed. It is written under a temporary name and renamed: whole
or not there. Two processes at once do the same work twice at most. parts.py keeps what is done while packing.
"""

import hashlib
import json
import math
import os
import secrets
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lenet.data.cache import cache_folder
from lenet.data.dataset import Labels
from lenet.data.own.packed_files import Files
from lenet.files import durable
from lenet.images.pixels import Pixels
from lenet.images.preprocess import Preprocessing

VERSION = 2  # of what is packed, and how
KEPT = 8  # packed forms of the same data that stay in the cache, such as for several sizes
IN_MEMORY = 64 << 20  # bytes of images that are put in order in memory
MANY = 1 << 20  # labels from which on they are mapped into memory, too
OLD_SECONDS = 24 * 3600.0  # after which what a killed process left is removed
PACKING = ".packing"  # ends the name of the folder in which big_copy.py makes a pack

Indices = NDArray[np.int64]
Settings = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """What is known of packed images.

    Attributes:
        counts: how many are for training, validation and testing; they are packed in this order.
        classes: names of the classes.
        preprocessing: how they were made.
        format: what they were read from, in words.
        notices: sentences for the user.
    """

    counts: tuple[int, int, int]
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    format: str
    notices: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Pack(Facts):
    """Packed images.

    Attributes:
        images: uint8 (N, height, width) or (N, height, width, 3).
        labels: int64 (N,).
        fingerprint: as `Splits.fingerprint`; None if it must be computed.
    """

    images: Pixels
    labels: Labels
    fingerprint: str | None = None


class Source(Protocol):
    """Images that are to be packed."""

    shape: tuple[int, ...]

    def write(self, target: Pixels) -> None:
        """Write all images into an array of that shape."""


def folder_for(path: Path, name: str, settings: Settings, files: Files) -> Path | None:
    """Return the folder of the cache for data and settings; None if there are no files.

    Args:
        path: What the user named.
        name: The data set's name.
        settings: What else decides the content.
        files: As `packed_files.list_files` returns them.
    """
    if not files:
        return None
    content = json.dumps([VERSION, settings, files], sort_keys=True).encode(errors="surrogateescape")
    return cache_folder("own") / f"{_start(path, name)}{hashlib.sha256(content).hexdigest()[:16]}"


def load(folder: Path | None) -> Pack | None:
    """Return what was packed into a folder, its images mapped into memory; None if there is nothing, or not all of it."""
    if folder is None:
        return None
    try:
        values = json.loads((folder / "pack.json").read_bytes())
        images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
        labels = np.load(folder / "labels.npy", mmap_mode="r" if len(images) >= MANY else None, allow_pickle=False)
        preprocessing = Preprocessing.from_dict(values["preprocessing"])
        counts = tuple(map(int, values["counts"]))
        if len(counts) != 3 or not sum(counts) == len(images) == len(labels) or images.shape[1:] != preprocessing.shape:
            return None
        texts = tuple(values["classes"]), preprocessing, values["format"], tuple(values["notices"])
        return Pack(counts, *texts, images, labels, values["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save(folder: Path | None, facts: Facts, labels: Labels, source: Source) -> Pack:
    """Write a pack into the cache, and return it with its images mapped into memory; in memory alone if that fails."""
    if folder is not None:
        temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        try:
            _write(temporary, facts, labels, source)
            publish(temporary, folder)
        except OSError:  # a full disk, or another process that was faster
            shutil.rmtree(temporary, ignore_errors=True)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        if (pack := load(folder)) is not None:
            return pack
    images = np.empty(source.shape, np.uint8)
    source.write(images)
    return Pack(**vars(facts), images=images, labels=labels)


def publish(temporary: Path, folder: Path) -> None:
    """Give a folder that is complete the name of a pack; raises OSError, such as if another process was faster."""
    if folder.exists() and load(folder) is None:
        shutil.rmtree(folder)  # damaged
    temporary.replace(folder)
    durable.sync_folder(folder.parent)
    _forget_old(folder)


def _write(folder: Path, facts: Facts, labels: Labels, source: Source) -> None:
    folder.mkdir(parents=True)
    np.save(folder / "labels.npy", labels)
    images: Pixels
    if math.prod(source.shape) > IN_MEMORY:
        images = np.lib.format.open_memmap(folder / "images.npy", mode="w+", dtype=np.uint8, shape=source.shape)
        source.write(images)
        images.flush()
    else:  # filling a memory-mapped file costs more than writing it at once
        images = np.empty(source.shape, np.uint8)
        source.write(images)
        np.save(folder / "images.npy", images)
    write_facts(folder, facts, _fingerprint(images, labels, facts.counts))


def write_facts(folder: Path, facts: Facts, fingerprint: str) -> None:
    """Bring images and labels to the disk, then write what is known of them: with that, a pack is complete."""
    for name in ("labels.npy", "images.npy"):
        durable.sync_file(folder / name)
    values = vars(facts) | {"preprocessing": facts.preprocessing.to_dict(), "fingerprint": fingerprint}
    durable.write(folder / "pack.json", json.dumps(values).encode())


def _fingerprint(images: Pixels, labels: Labels, counts: tuple[int, ...]) -> str:
    """As `Splits.fingerprint`: training, test, validation."""
    digest = hashlib.sha256()
    bounds = np.cumsum([0, *counts]).tolist()
    for number in (0, 2, 1):
        part = slice(bounds[number], bounds[number + 1])
        if part.stop > part.start:
            digest.update(repr(images[part].shape).encode())
            digest.update(images[part].data)
            digest.update(labels[part].astype("<i8", copy=False).data)
    return digest.hexdigest()


def listed_around(path: Path, name: str) -> list[str]:
    """Return the files around a table that it lists, as they were noted when it was read."""
    with suppress(OSError, ValueError):
        names = json.loads(_note(path, name).read_bytes())
        return [text for text in names if isinstance(text, str)]
    return []


def note_around(path: Path, name: str, names: Sequence[str]) -> None:
    """Note the files around a table that it lists, so that a change of one is noticed."""
    with suppress(OSError):
        _note(path, name).parent.mkdir(parents=True, exist_ok=True)
        durable.write(_note(path, name), json.dumps(list(names)).encode(errors="surrogateescape"))


def _note(path: Path, name: str) -> Path:
    return cache_folder("own") / f"{_start(path, name)}files.json"


def save_files(folder: Path | None, files: Files) -> None:
    """Keep the list of files beside what was packed of them, to say later what has changed."""
    if folder is not None:
        with suppress(OSError):
            durable.write(folder / "files.json", json.dumps(files).encode(errors="surrogateescape"))


def files_of(path: Path, name: str, fingerprint: str) -> Files | None:
    """Return the files of which data with a fingerprint was packed, if that is still in the cache."""
    for folder in cache_folder("own").glob(f"{_start(path, name)}*"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            if json.loads((folder / "pack.json").read_bytes())["fingerprint"] == fingerprint:
                return [(name, size, time) for name, size, time in json.loads((folder / "files.json").read_bytes())]
    return None


def _start(path: Path, name: str) -> str:
    """How the names of folders for data at a path begin."""
    return f"{name[:40]}-{hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:8]}-"


def _forget_old(folder: Path) -> None:
    """Remove the oldest packed forms of the same data, and what killed processes have left."""
    start = folder.name.rpartition("-")[0]
    packs = [each for each in folder.parent.glob(f"{start}-*") if each.suffix not in (".parts", ".json", PACKING)]
    for old in sorted(packs, key=lambda each: each.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    for left in (*folder.parent.glob(".*"), *folder.parent.glob("*.parts"), *folder.parent.glob(f"*{PACKING}")):
        if time.time() - left.stat().st_mtime > OLD_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
