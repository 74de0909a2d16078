"""Arrays of images and labels of any usual shape and dtype as a draft: uint8 images of one size, labels as text."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.mapped import parts as parts_of
from lenet.data.mapped import scratch
from lenet.data.own.items import Draft, Pixels
from lenet.data.own.row_items import RowItems, Rows
from lenet.data.own.stacked import stacked
from lenet.errors import DataError, ImageError
from lenet.images.levels import to_8_bits

CHANNELS = (1, 3, 4)
SAMPLE = 100  # images from which the order of channels is measured


@dataclass(frozen=True, eq=False)
class Part:
    """Images with their labels, of one split.

    Args:
        name: What messages call them.
        images: Of any shape that `to_images` takes.
        labels: One label an image, as `to_text` takes them; None if there are none.
        split: "train", "validation", "test" or None.
        item: The name of item number i.
    """

    name: str
    images: NDArray[Any]
    labels: NDArray[Any] | None = None
    split: str | None = None
    item: Callable[[int], str] | None = None


def draft(
    what: str, parts: Sequence[Part], files: tuple[Path, ...], class_names: Mapping[int, str] | None = None
) -> Draft:
    """Make the draft of a collection from arrays.

    Args:
        what: The format, in words.
        parts: The splits.
        files: The files on the disk that they come from.
        class_names: The names of the classes, by number, in the order of the classes.

    Raises:
        DataError: An array is of another kind, or they do not fit each other.
    """
    arrays = [to_images(part.images, part.name) for part in parts]
    for part, array in zip(parts, arrays, strict=True):
        if array.shape[1:] != arrays[0].shape[1:]:
            shapes = " and ".join(f"{'×'.join(map(str, a.shape[1:]))}" for a in (arrays[0], array))
            raise DataError(
                f"{parts[0].name} and {part.name} have images of different sizes, {shapes}; expected one size",
                hint="bring all images to one size, or save them as files in class folders",
            )
    rows = []
    for part, array in zip(parts, arrays, strict=True):
        labels, codes = to_text(part.labels, len(array), part.name, class_names)
        name = part.item or (lambda i, part=part: f"{part.name}[{i}]")  # type: ignore[misc]
        rows.append(Rows(name, labels, codes, part.split))
    pixels = stacked(arrays)
    classes = None if class_names is None else tuple(class_names.values())
    return Draft(what, RowItems(rows), lambda i: pixels[i], pixels, classes, files)


def to_images(values: NDArray[Any], name: str, size: tuple[int, int] | None = None) -> Pixels:
    """Bring images to uint8 (N, height, width) or (N, height, width, 3).

    Args:
        values: Any numbers of shape (N, pixels), (N, height, width), (N, height, width, channels) or
            (N, channels, height, width) with 1, 3 or 4 channels.
        name: What errors call them.
        size: Height and width where the pixels are in one row; without it they are a square.

    Raises:
        DataError: They have another shape, or are no pixels.
    """
    if 0 in values.shape or values.ndim not in (2, 3, 4):
        raise DataError(
            f"{name} has the shape {values.shape}; expected images (N, height, width), with 3 channels before or after, "
            "or (N, pixels)",
            hint="name the arrays of images x_train, x_test, those of labels y_train, y_test",
        )
    try:
        is_done = values.dtype == np.uint8 and values.max() != 1
        pixels = values if is_done else to_8_bits(values, name, scratch)
    except ImageError as error:
        raise DataError(error.message, hint=error.hint) from error
    if pixels.ndim == 2:
        pixels = _unflatten(pixels, name, size)
    if pixels.ndim == 4 and pixels.shape[3] not in CHANNELS and pixels.shape[1] in CHANNELS:
        pixels = pixels.transpose(0, 2, 3, 1)
    if pixels.ndim == 4 and pixels.shape[3] == 1:
        pixels = pixels[:, :, :, 0]
    if pixels.ndim == 4 and pixels.shape[3] == 4 and (pixels[..., 3] == 255).all():
        pixels = pixels[..., :3]
    if pixels.ndim == 4 and pixels.shape[3] != 3:
        raise DataError(
            f"{name} has the shape {values.shape}; expected 1 or 3 channels",
            hint="lay transparent images on a background first",
        )
    return contiguous(pixels)


def contiguous(pixels: Pixels) -> Pixels:
    """Return images one after the other in memory: the same ones, or a copy, in a file if it is large."""
    if pixels.flags.c_contiguous:
        return pixels
    copy = scratch(pixels.shape, np.uint8)
    for part in parts_of(pixels.shape):
        copy[part] = pixels[part]
    return copy


def side(width: int) -> tuple[int, int] | None:
    """The edge of a square of so many numbers, and its channels; None if they make no square."""
    for channels in (1, 3):
        edge = math.isqrt(width // channels)
        if edge > 1 and edge * edge * channels == width:
            return edge, channels
    return None


def _unflatten(pixels: Pixels, name: str, size: tuple[int, int] | None) -> Pixels:
    count, width = pixels.shape
    square = side(width)
    if size is None and square is not None:
        size = square[0], square[0]
    if size is None or width not in (size[0] * size[1], 3 * size[0] * size[1]):
        raise DataError(
            f"{name} has {width:,} pixels an image; expected those of a square, such as 784 for 28×28, or three times that",
            hint="name the columns of a CSV ROWxCOLUMN, from 1x1 on; save an array as (N, height, width)",
        )
    if width == size[0] * size[1]:
        return pixels.reshape(count, *size)
    last, first = pixels.reshape(count, *size, 3), pixels.reshape(count, 3, *size).transpose(0, 2, 3, 1)
    return min(last, first, key=_roughness)


def _roughness(pixels: Pixels) -> float:
    """The mean difference of neighbours: low where the order of channels is right."""
    sample = pixels[:SAMPLE].astype(np.int16)
    return float(np.abs(np.diff(sample, axis=1)).mean() + np.abs(np.diff(sample, axis=2)).mean())


def to_text(
    labels: NDArray[Any] | None, count: int, name: str, class_names: Mapping[int, str] | None = None
) -> tuple[tuple[str | None, ...], NDArray[np.unsignedinteger[Any]]]:
    """Bring labels to text.

    Args:
        labels: Whole numbers, text, or one-hot rows: (N,), (N, 1) or (N, classes); None for none.
        count: How many images there are.
        name: What errors call the images.
        class_names: The names of the classes, by number; without it, a number is its own name.

    Returns:
        The texts that occur, None for images without a label, and the position of each image's among them, unsigned (N,).

    Raises:
        DataError: They are of another kind, or there are more or fewer than images.
    """
    if labels is None:
        return (None,), np.zeros(count, np.uint8)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2 and labels.dtype.kind in "buif":
        is_one_hot = ((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all()
        if not is_one_hot:
            raise DataError(
                f"the labels of {name} have {labels.shape[1]} columns; expected one class an image",
                hint="one number or text for each image, or one-hot rows",
            )
        labels = labels.argmax(axis=1)
    if labels.ndim != 1 or labels.dtype.kind not in "buifUS":
        raise DataError(
            f"the labels of {name} are {labels.dtype} of shape {labels.shape}; expected one number or text for each image"
        )
    if len(labels) != count:
        raise DataError(
            f"{name} has {count:,} images but {len(labels):,} labels",
            hint="give each image one label, in the same order",
        )
    if labels.dtype == np.uint8:  # as they are in most large sets: positions already
        counts = sum((np.bincount(labels[part], minlength=256) for part in parts_of(labels.shape)), np.zeros(256, int))
        return tuple(_text(value, name, class_names or {}) if counts[value] else None for value in range(256)), labels
    unique, numbers = np.unique(labels, return_inverse=True)
    texts = tuple(_text(value, name, class_names or {}) for value in unique.tolist())
    return texts, numbers.astype(np.min_scalar_type(len(texts)))


def _text(value: Any, name: str, class_names: Mapping[int, str]) -> str | None:
    """One label as text; None for none."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, float) and math.isnan(value):
        return None
    if value != int(value):
        raise DataError(f"the labels of {name} hold {value:g}; expected whole numbers or text")
    return class_names.get(int(value), str(int(value)))
