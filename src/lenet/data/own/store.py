"""People's own images in the cache: packed once, then mapped into memory, so that a second training begins at once.

A folder of the cache is called after what decides its content: the path, names, sizes and times of the files, and the
settings. So a changed file is noticed, and no file is ever changed. Parts of PART images are written while packing, each
whole or not at all: a packing that was interrupted continues, and two at once do the same work twice at most.
"""

import hashlib
import io
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lenet.data.cache import cache_folder
from lenet.data.dataset import Labels
from lenet.files import durable
from lenet.images.pixels import Pixels
from lenet.images.preprocess import Preprocessing

VERSION = 1  # of what is packed, and how
PART = 1024  # images
KEPT = 8  # packed forms of the same data that stay in the cache, such as for several sizes


@dataclass(frozen=True, eq=False)
class Pack:
    """Images of one size, first those for training, then the test images.

    Attributes:
        images: uint8 (N, height, width) or (N, height, width, 3).
        labels: int64 (N,).
        num_train: how many are training images.
        classes: names of the classes.
        preprocessing: how they were made.
        format: what they were read from, in words.
        notices: sentences for the user.
    """

    images: Pixels
    labels: Labels
    num_train: int
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    format: str
    notices: tuple[str, ...]


def folder_for(path: Path, name: str, settings: dict[str, Any]) -> Path | None:
    """Return the folder of the cache for data and settings; None if the files cannot be listed.

    Args:
        path: What the user named.
        name: The data set's name.
        settings: What else decides the content.
    """
    digest = hashlib.sha256(json.dumps([VERSION, settings], sort_keys=True).encode())
    try:
        for file, info in _files(path):
            digest.update(f"{file}\0{info.st_size}\0{info.st_mtime_ns}\0".encode(errors="surrogateescape"))
    except OSError:
        return None
    place = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:8]
    return cache_folder("own") / f"{name[:40]}-{place}-{digest.hexdigest()[:16]}"


def load(folder: Path) -> Pack | None:
    """Return what was packed into a folder, its images mapped into memory; None if there is nothing, or not all of it."""
    try:
        values = json.loads((folder / "pack.json").read_bytes())
        images = np.load(folder / "images.npy", mmap_mode="c", allow_pickle=False)
        labels = np.load(folder / "labels.npy", allow_pickle=False)
        pack = Pack(
            images,
            labels,
            values["num_train"],
            tuple(values["classes"]),
            Preprocessing.from_dict(values["preprocessing"]),
            values["format"],
            tuple(values["notices"]),
        )
        is_whole = 0 < pack.num_train < len(labels) == len(images)
        return pack if is_whole and images.shape[1:] == pack.preprocessing.shape else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save(folder: Path, pack: Pack) -> Pack:
    """Write a pack into the cache, and return it with its images mapped into memory; as it is if that fails."""
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        temporary.mkdir(parents=True)
        np.save(temporary / "labels.npy", pack.labels)
        with (temporary / "images.npy").open("wb") as file:
            np.save(file, pack.images)
            file.flush()
            os.fsync(file.fileno())
        values = {name: value for name, value in vars(pack).items() if name not in ("images", "labels")}
        values |= {"preprocessing": pack.preprocessing.to_dict()}
        durable.write(temporary / "pack.json", json.dumps(values).encode())
        if folder.exists():
            shutil.rmtree(folder)  # damaged: otherwise it had been loaded
        temporary.replace(folder)
        _forget_oldest(folder)
    except OSError:  # a full disk, or another process that was faster
        shutil.rmtree(temporary, ignore_errors=True)
    return load(folder) or pack


def part(folder: Path, number: int) -> dict[str, Any] | None:
    """Return a part that was packed before an interruption, as arrays by name; None if there is none."""
    try:
        with np.load(_parts(folder) / f"{number:06}.npz", allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, KeyError):
        return None


def save_part(folder: Path, number: int, arrays: dict[str, Any]) -> None:
    """Keep a part for the case that packing is interrupted; a cache that cannot be written keeps none."""
    content = io.BytesIO()
    np.savez(content, **arrays)
    try:
        _parts(folder).mkdir(parents=True, exist_ok=True)
        durable.write(_parts(folder) / f"{number:06}.npz", content.getvalue())
    except OSError:
        return


def forget_parts(folder: Path) -> None:
    """Remove the parts, after all has been saved."""
    shutil.rmtree(_parts(folder), ignore_errors=True)


def _parts(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.parts")


def _files(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Names and facts of a file, or of all files in a folder, sorted."""
    if not path.is_dir():
        yield "", path.stat()
        return
    with os.scandir(path) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        if entry.is_dir():
            for name, info in _files(Path(entry.path)):
                yield f"{entry.name}/{name}", info
        else:
            yield entry.name, entry.stat()


def _forget_oldest(folder: Path) -> None:
    """Remove the oldest packed forms of the same data."""
    start = folder.name.rpartition("-")[0]
    others = [each for each in folder.parent.glob(f"{start}-*") if not each.name.endswith(".parts")]
    for old in sorted(others, key=lambda each: each.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
