"""EMNIST's and SVHN's .mat files: columns first, so every image is turned."""

import re
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.own.formats import arrays, emnist, matlab, words
from lenet.data.own.items import BadItems, Draft
from lenet.data.own.listing import Files
from lenet.data.own.streams import read_unpacked
from lenet.errors import DataError

KINDS = ("mat",)
SVHN = re.compile("(train|test|extra)_32x32")
SVHN_CLASSES = {10: "0", **{digit: str(digit) for digit in range(1, 10)}}
HINT = "expected EMNIST's dataset.train.images and labels, or the arrays X and y"


def read(files: Files, names: list[str], _bad: BadItems) -> Draft:
    """Read .mat files.

    Args:
        files: Where they are.
        names: Which; several are splits, as their names say.

    Returns:
        One item an image.

    Raises:
        DataError: A file is damaged, or has no images.
    """
    words.check_one_set(files, names)
    parts: list[arrays.Part] = []
    class_names = None
    for name in names:
        with files.open(name) as file:
            values = matlab.parse(read_unpacked(file, name), name)
        data = values.get("dataset")
        if isinstance(data, dict):
            parts += _emnist(data, name)
            mapping = data.get("mapping")
            class_names = emnist.characters(mapping.astype(int).tolist()) if isinstance(mapping, np.ndarray) else None
        else:
            parts.append(_plain(values, name))
            class_names = SVHN_CLASSES if SVHN.match(PurePosixPath(name).name) else class_names
    draft = arrays.draft(f"{files.kind}a MATLAB file", parts, files.sources(names), class_names)
    draft.notes = ("MATLAB stores columns first; the images are turned",)
    return draft


def _emnist(data: dict[str, Any], name: str) -> list[arrays.Part]:
    parts = []
    for split in ("train", "test"):
        half = data.get(split)
        if not isinstance(half, dict):
            continue
        images, labels = half.get("images"), half.get("labels")
        if not isinstance(images, np.ndarray) or images.ndim != 2 or not isinstance(labels, np.ndarray):
            raise DataError(f"{name} has no array of images in dataset.{split}", hint=HINT)
        parts.append(arrays.Part(f"{split} of {name}", _rows(images, name), labels, split))
    if not parts:
        raise DataError(f"{name} has neither dataset.train nor dataset.test", hint=HINT)
    return parts


def _rows(images: NDArray[Any], name: str) -> NDArray[Any]:
    """Images (N, pixels), each column after column, as (N, height, width)."""
    square = arrays.side(images.shape[1])
    if square is None or square[1] != 1:
        raise DataError(f"{name} has {images.shape[1]} pixels an image; expected those of a square", hint=HINT)
    edge = square[0]
    return np.ascontiguousarray(images.T.reshape(edge, edge, -1).transpose(2, 1, 0))  # (column, row, N) in the file


def _plain(values: dict[str, matlab.Value], name: str) -> arrays.Part:
    """X (height, width, channels, N) or (height, width, N), and y."""
    found = {key: value for key, value in values.items() if isinstance(value, np.ndarray)}
    images = [key for key, value in found.items() if value.ndim in (3, 4)]
    labels = [key for key, value in found.items() if key not in images and words.role(key) == "labels"]
    if len(images) != 1:
        shapes = ", ".join(f"{key} {value.shape}" for key, value in list(found.items())[:8]) or "no arrays"
        raise DataError(f"{name} has {shapes}", hint=HINT)
    array = np.moveaxis(found[images[0]], -1, 0)
    return arrays.Part(name, array, found[labels[0]].ravel() if labels else None, words.split(name))
