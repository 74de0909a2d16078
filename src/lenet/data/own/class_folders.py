"""Writes class folders: FOLDER/cat/1.png, or FOLDER/train/cat/1.png where there are splits."""

import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from lenet.data.own.items import Collection, Pixels
from lenet.data.own.names import is_hidden, is_image, split_of

FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')  # in names of files on Windows, and the slash everywhere
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I)  # names of devices on Windows


def write(collection: Collection, folder: Path, images: Sequence[Pixels] | None = None) -> None:
    """Write every image into the folder of its class; image files are copied as they are.

    Args:
        collection: What to write; images without a label go into the folder of their split.
        folder: A new folder.
        images: The pixels of each item, if they are other than those that the collection reads.

    Raises:
        OSError: A file cannot be written.
        LenetError: An image cannot be read.
    """
    folder.mkdir()
    names = dict(zip(collection.classes, folder_names(collection.classes), strict=True))
    used: Counter[str] = Counter()
    width = len(str(len(collection.items)))
    for i, item in enumerate(collection.items):
        parts = [part for part in (item.split, names.get(item.label or "")) if part]
        target = folder.joinpath(*parts)
        target.mkdir(parents=True, exist_ok=True)
        source = collection.read(i) if images is None else images[i]
        if isinstance(source, np.ndarray):
            name, content = f"{i:0{width}}.png", as_png(source)
        else:
            name, content = _file_name(item.name), source
        key = f"{target}/{name}".casefold()
        used[key] += 1
        if used[key] > 1:
            name = f"{PurePosixPath(name).stem}-{used[key]}{PurePosixPath(name).suffix}"
        (target / name).write_bytes(content)


def folder_names(classes: Iterable[str]) -> list[str]:
    """Return a name of a folder for each class: the class's own, where every system can have it."""
    names: list[str] = []
    taken: set[str] = set()
    for name in classes:
        plain = FORBIDDEN.sub("_", name).rstrip(". ") or "_"
        if is_hidden(plain) or RESERVED.fullmatch(plain) or split_of(plain):
            plain = f"_{plain}"
        unique, number = plain, 1
        while unicodedata.normalize("NFC", unique).casefold() in taken:
            number += 1
            unique = f"{plain}-{number}"
        taken.add(unicodedata.normalize("NFC", unique).casefold())
        names.append(unique)
    return names


def as_png(pixels: Pixels) -> bytes:
    """Make the content of a PNG file."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, "PNG")
    return stream.getvalue()


def _file_name(name: str) -> str:
    """The last part of an item's name, with the suffix of an image."""
    plain = FORBIDDEN.sub("_", name.rpartition("/")[2]).strip(". ") or "image"
    return plain if is_image(plain) else f"{plain}.png"
