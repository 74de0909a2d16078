"""Writes a collection in another format: IDX, npz, CSV or class folders. What lenet writes it reads again, bit for bit.

convert(read_collection("photos/"), "npz", "photos.npz", size=(64, 64))
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lenet.data import idx
from lenet.data.dataset import Labels
from lenet.data.own import class_folders
from lenet.data.own.formats.arrays import contiguous
from lenet.data.own.formats.class_list import CLASS_LIST
from lenet.data.own.items import SPLITS, Collection, Pixels
from lenet.data.own.measuring import pixels_of
from lenet.errors import DataError, choices_hint
from lenet.files import durable
from lenet.images.fit import brought_to, with_channels

MIN_PIXELS = 16  # of an image in a CSV: a table of fewer columns could be anything
PREFIXES = {"train": "train-", "validation": "validation-", "test": "t10k-", None: ""}  # of IDX files


@dataclass(frozen=True, eq=False)
class Part:
    """The images of one split.

    Args:
        split: "train", "validation", "test", or None.
        images: uint8 (N, height, width) or (N, height, width, 3).
        labels: int64 (N,), numbers of classes; None where there are none.
    """

    split: str | None
    images: Pixels
    labels: Labels | None


def convert(
    collection: Collection,
    to: str,
    out: str | os.PathLike[str],
    *,
    size: tuple[int, int] | None = None,
    fit: str = "pad",
) -> Path:
    """Write a collection in another format; after a crash, all of it or nothing.

    Args:
        collection: From `read_collection`, or `as_collection`.
        to: "idx", "npz", "csv" or "folders".
        out: A new file for npz, and for CSV without splits; a new folder otherwise.
        size: Height and width that the images are brought to; needed where they have different sizes, except for folders.
        fit: How they are brought to it, as in `lenet.images.fit.brought_to`.

    Returns:
        What was written.

    Raises:
        DataError: The format cannot hold the images, `out` exists, or cannot be written.
        ImageError: An image cannot be read.
    """
    path = Path(out)
    if to not in WRITERS:
        raise DataError(f"unknown format {to!r}", hint=choices_hint(to, WRITERS))
    if os.path.lexists(path) and not (path.is_dir() and not any(path.iterdir())):
        raise DataError(f"{path} exists; expected a new file or folder", hint="choose another --out, or move it away")
    if to == "folders" and size is None:
        with _replacing(path) as temporary:
            class_folders.write(collection, temporary)
        return path
    parts = _parts(collection, size, fit)
    with _replacing(path) as temporary:
        WRITERS[to](collection, parts, temporary)
    return path


def _parts(collection: Collection, size: tuple[int, int] | None, fit: str) -> list[Part]:
    """All images, of one size, by splits."""
    images = _images(collection, size, fit)
    numbers = {name: number for number, name in enumerate(collection.classes)}
    parts = []
    for split in (*SPLITS, None):
        indices = np.array([i for i, item in enumerate(collection.items) if item.split == split], np.int64)
        names = [collection.items[i].label for i in indices]
        if len(indices) == 0:
            continue
        missing = [i for i, name in zip(indices.tolist(), names, strict=True) if name is None]
        if missing and len(missing) < len(names):
            raise DataError(f"{collection.items[missing[0]].name} has no label", hint="give it one, or --skip-bad")
        labels = None if missing else np.array([numbers[name] for name in names if name is not None], np.int64)
        parts.append(Part(split, images if len(indices) == len(images) else images[indices], labels))
    return parts


def _images(collection: Collection, size: tuple[int, int] | None, fit: str) -> Pixels:
    if collection.arrays is not None and size in (None, collection.arrays.shape[1:3]):
        return contiguous(np.asarray(collection.arrays))
    if size is None:
        sizes: dict[tuple[int, ...], str] = {}
        images = []
        for i, item in enumerate(collection.items):
            images.append(pixels_of(collection, i))
            sizes.setdefault(images[-1].shape[:2], item.name)
            if len(sizes) > 1:
                (first, name), (other, second) = ((f"{h}×{w}", name) for (h, w), name in sizes.items())
                raise DataError(
                    f"{name} has {first} pixels and {second} {other}; expected one size",
                    hint="--size 64 brings all images to 64×64; --to folders keeps their sizes",
                )
    else:
        wanted = size
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            images = list(
                pool.map(lambda i: brought_to(pixels_of(collection, i), wanted, fit), range(len(collection.items)))
            )
    channels = 3 if any(image.ndim == 3 for image in images) else 1
    return np.stack([with_channels(image, channels) for image in images])


def _write_idx(collection: Collection, parts: list[Part], folder: Path) -> None:
    folder.mkdir()
    names = collection.classes
    numbers = [int(name) if name.isascii() and name.isdecimal() and len(name) < 4 else -1 for name in names]
    is_numbered = [str(number) for number in numbers] == list(names) and max(numbers, default=0) < 256
    codes = np.array(numbers if is_numbered else range(len(names)), np.int64)
    for part in parts:
        prefix = PREFIXES[part.split]
        (folder / f"{prefix}images-idx{part.images.ndim}-ubyte").write_bytes(idx.dump(part.images))
        if part.labels is not None:
            labels = codes[part.labels]
            kind = "ubyte" if len(names) <= 256 else "int"
            content = idx.dump(labels.astype(np.uint8)) if kind == "ubyte" else idx.dump_ints(labels)
            (folder / f"{prefix}labels-idx1-{kind}").write_bytes(content)
    if not is_numbered:
        (folder / CLASS_LIST).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def _write_npz(collection: Collection, parts: list[Part], path: Path) -> None:
    arrays: dict[str, Any] = {}
    for part in parts:
        images, labels = {"train": "train", "validation": "val", "test": "test", None: None}[part.split], part.labels
        arrays[f"x_{images}" if images else "images"] = part.images
        if labels is not None:
            arrays[f"y_{images}" if images else "labels"] = labels
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays, class_names=np.array(collection.classes))


def _write_csv(collection: Collection, parts: list[Part], path: Path) -> None:
    if parts[0].images.ndim == 4:
        raise DataError(
            f"{collection.path} has images in colour; a CSV of pixels holds grey ones", hint="--to npz, or --to folders"
        )
    if parts[0].images[0].size < MIN_PIXELS:
        raise DataError(
            f"{collection.path} has images of {parts[0].images[0].size} pixels; a CSV of pixels has at least {MIN_PIXELS}",
            hint="--to npz",
        )
    for name in collection.classes:
        if set(name) & set(',"'):
            raise DataError(f"class {name} has a comma or a quotation mark, which separate columns", hint="--to npz")
    if len(parts) == 1 and parts[0].split is None:
        _write_table(collection, parts[0], path)
        return
    path.mkdir()
    for part in parts:
        _write_table(collection, part, path / f"{part.split or 'other'}.csv")


def _write_table(collection: Collection, part: Part, path: Path) -> None:
    height, width = part.images.shape[1:]
    header = [f"{row}x{column}" for row in range(1, height + 1) for column in range(1, width + 1)]
    numbers = [str(number) for number in range(256)]
    labels = None if part.labels is None else [collection.classes[label] for label in part.labels]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(header if labels is None else ["label", *header]) + "\n")
        for i, image in enumerate(part.images):
            cells = [numbers[value] for value in image.ravel().tolist()]
            file.write(",".join(cells if labels is None else [labels[i], *cells]) + "\n")


def _write_folders(collection: Collection, parts: list[Part], folder: Path) -> None:
    images: list[Pixels] = [np.empty(0, np.uint8)] * len(collection.items)
    for part in parts:
        indices = [i for i, item in enumerate(collection.items) if item.split == part.split]
        for i, image in zip(indices, part.images, strict=True):
            images[i] = image
    class_folders.write(collection, folder, images)


WRITERS: dict[str, Callable[[Collection, list[Part], Path], None]] = {
    "idx": _write_idx,
    "npz": _write_npz,
    "csv": _write_csv,
    "folders": _write_folders,
}


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, which gets its name when all has been written."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if temporary.is_dir() and hasattr(os, "sync"):
            os.sync()  # thousands of files, each synced by itself, would take minutes
        elif temporary.is_file():
            durable.sync_file(temporary)
        temporary.replace(path)
        durable.sync_folder(path.parent)
    except OSError as error:
        what, hint = durable.explain(error)
        raise DataError(f"{path} cannot be written: {what}", hint=hint) from error
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)
