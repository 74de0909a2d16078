"""Arrays and tensors of the usual shapes and ranges as data sets, PyTorch's included, without importing it.

splits = splits_of((x_train, y_train), (x_test, y_test), classes=("cat", "dog"))
"""

import math
import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.class_names import checked_class_names
from lenet.data.dataset import Dataset, Images, Labels, Splits
from lenet.errors import DataError, ImageError
from lenet.images.arrays import as_numpy
from lenet.images.levels import scaled
from lenet.images.pixels import without_colours

SHAPES = (
    "expected (N, height, width), (N, height, width, channels) or (N, channels, height, width) with 1 or 3 channels, "
    "or (N, pixels) of square images"
)


def splits_of(
    train: Sequence[Any],
    test: Sequence[Any] | None = None,
    validation: Sequence[Any] | None = None,
    *,
    classes: Iterable[Any] | None = None,
    name: str = "arrays",
    split_seed: int = 0,
) -> Splits:
    """Make a training and a test set of arrays; see `Splits.from_arrays`."""
    given = [("train", train), ("validation", validation), ("test", test)]
    pairs = [(split, *_pair(split, pair)) for split, pair in given if pair is not None]
    images = _images([(f"the {split} images of {name}", values) for split, values, _ in pairs])
    labels, names = _labels([(f"the {split} labels of {name}", values) for split, _, values in pairs], classes, name)
    parts = {
        split: Dataset(name, pixels, numbers, names)
        for (split, _, _), pixels, numbers in zip(pairs, images, labels, strict=True)
    }
    source = "arrays in memory"
    if "test" in parts:
        return Splits(parts["train"], parts["test"], source, validation=parts.get("validation"))
    return divided(parts["train"], parts.get("validation"), source, split_seed)


def as_splits(data: Any, split_seed: int = 0) -> str | os.PathLike[str] | Splits | None:
    """Make Splits of what is given for a training, where it is data in memory; leave names, paths and Splits as they are.

    Args:
        data: a Dataset, (train, test) as Datasets, (images, labels), or ((images, labels), (images, labels)).
        split_seed: decides which images are the test, where none are given.

    Raises:
        DataError: it is none of these, or makes no sense.
    """
    if data is None or isinstance(data, str | os.PathLike | Splits):
        return data
    if isinstance(data, Dataset):
        return divided(data, split_seed=split_seed)
    if isinstance(data, list | tuple) and len(data) == 2:
        if all(isinstance(each, Dataset) for each in data):
            return Splits(data[0], data[1], "in memory")
        if all(isinstance(each, list | tuple) and len(each) == 2 for each in data):
            return splits_of(data[0], data[1], split_seed=split_seed)
        return splits_of(data, split_seed=split_seed)
    raise DataError(
        f"the data is of type {type(data).__name__}; expected a name, a path, Splits, a Dataset, or arrays",
        hint="lenet.train((images, labels)), or lenet.train(((x_train, y_train), (x_test, y_test)))",
    )


def dataset_of(images: Any, labels: Any, classes: Iterable[Any] | None, name: str) -> Dataset:
    """Make a data set of arrays; see `Dataset.from_arrays`."""
    (pixels,) = _images([(f"the images of {name}", images)])
    (numbers,), names = _labels([(f"the labels of {name}", labels)], classes, name)
    return Dataset(name, pixels, numbers, names)


def divided(
    whole: Dataset, validation: Dataset | None = None, source: str = "in memory", split_seed: int = 0
) -> Splits:
    """Divide a data set without test images: a fifth of each class is the test, copies on one side.

    Args:
        whole: The images.
        validation: Validation images, if they are apart already.
        source: In words, where the data come from.
        split_seed: Decides which images are the test.
    """
    from lenet.data import duplicates
    from lenet.data.own.row_items import unsplit
    from lenet.data.own.split import parts_of, warnings

    parts = parts_of(unsplit(len(whole)), whole.labels, lambda: duplicates.both_groups(whole.images), split_seed)
    train, test = whole.subset(parts.train), whole.subset(parts.test)
    return Splits(train, test, source, "; ".join(warnings(len(test))) or None, validation=validation)


def _pair(split: str, pair: Any) -> tuple[Any, Any]:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise DataError(
            f"the {split} data is of type {type(pair).__name__}; expected a pair of images and labels",
            hint="such as (x_train, y_train)",
        )
    return pair[0], pair[1]


def _images(given: list[tuple[str, Any]]) -> list[Images]:
    """Each set of images as uint8 with its channels last, all by one range of numbers."""
    arrays = [_shaped(what, values) for what, values in given]
    if len({array.shape[1:] for array in arrays}) > 1:
        sizes = " and ".join(f"{array.shape[1:]}" for array in arrays)
        raise DataError(f"the images have different shapes: {sizes}", hint="bring all images to one size")
    if len({array.dtype for array in arrays}) > 1:
        kinds = " and ".join(str(array.dtype) for array in arrays)
        raise DataError(f"the images are of different types: {kinds}", hint="convert all images in the same way")
    if any(array.dtype != np.uint8 for array in arrays) or max(array.max(initial=0) for array in arrays) == 1:
        arrays = _to_8_bits(arrays, given[0][0])
    if arrays[0].ndim == 4 and all(without_colours(image).ndim == 2 for array in arrays for image in array):
        arrays = [array[..., 0] for array in arrays]  # grey, written three times
    return [np.ascontiguousarray(array) for array in arrays]


def _to_8_bits(arrays: list[NDArray[Any]], what: str) -> list[Images]:
    """Scale numbers of any range, the same for all sets, without a copy of them all."""
    stops = np.cumsum([len(array) for array in arrays])
    starts = stops - [len(array) for array in arrays]

    def read(rows: slice) -> NDArray[Any]:
        parts = [
            array[max(rows.start - start, 0) : max(rows.stop - start, 0)]
            for array, start in zip(arrays, starts.tolist(), strict=True)
        ]
        parts = [part for part in parts if len(part)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    try:
        pixels = scaled(read, (int(stops[-1]), *arrays[0].shape[1:]), arrays[0].dtype, what)
    except ImageError as error:
        raise DataError(error.message, hint=error.hint) from error
    return [pixels[start:stop] for start, stop in zip(starts, stops, strict=True)]


def _shaped(what: str, values: Any) -> NDArray[Any]:
    """The images of an array as (N, height, width) or (N, height, width, 3)."""
    is_tensor = not isinstance(values, np.ndarray)
    array = _array(what, values)
    shape = array.shape
    if array.ndim == 2 and (edge := math.isqrt(shape[1])) ** 2 == shape[1] and edge > 1:
        return array.reshape(-1, edge, edge)
    if array.ndim == 4:
        first, last = shape[1] in (1, 3), shape[3] in (1, 3)
        if first and (not last or is_tensor):
            array = np.moveaxis(array, 1, 3)
        elif not last:
            raise DataError(f"{what} have the shape {shape}", hint=SHAPES)
        return array[..., 0] if array.shape[3] == 1 else array
    if array.ndim != 3:
        raise DataError(f"{what} have the shape {shape}", hint=SHAPES)
    return array


def _labels(
    given: list[tuple[str, Any]], classes: Iterable[Any] | None, name: str
) -> tuple[list[Labels], tuple[str, ...]]:
    """Labels as numbers from 0, and the names of the classes."""
    arrays = [_label_array(what, values) for what, values in given]
    if all(array.dtype.kind in "iu" for array in arrays):
        numbers = [array.astype(np.int64) for array in arrays]
        low, high = min(int(each.min(initial=0)) for each in numbers), max(int(each.max(initial=0)) for each in numbers)
        if classes is not None:
            return numbers, checked_class_names(name, classes)
        occurring = np.unique(np.concatenate(numbers))
        if low == 0 and len(occurring) == high + 1:
            return numbers, tuple(map(str, range(high + 1)))
        return [np.searchsorted(occurring, each) for each in numbers], tuple(map(str, occurring.tolist()))
    texts = [np.array([str(label) for label in array.tolist()]) for array in arrays]
    if classes is not None:
        names = checked_class_names(name, classes)
    else:
        from lenet.data.own.names import natural_key

        found = {label for array in texts for label in array.tolist()}
        names = checked_class_names(name, sorted(found, key=natural_key))
    number = {label: i for i, label in enumerate(names)}
    for (what, _), array in zip(given, texts, strict=True):
        unknown = next((label for label in array.tolist() if label not in number), None)
        if unknown is not None:
            raise DataError(f"{what} have {unknown!r}; expected the classes {', '.join(names)}", hint="name each class")
    return [np.array([number[label] for label in array.tolist()], np.int64) for array in texts], names


def _label_array(what: str, values: Any) -> NDArray[Any]:
    """Labels as one axis of whole numbers or texts: one-hot rows become numbers."""
    array = _array(what, values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2 and array.dtype.kind in "buif" and ((array == 0) | (array == 1)).all():
        if not (array.sum(axis=1) == 1).all():
            raise DataError(f"{what} have rows with several classes or none", hint="give one class for each image")
        array = array.argmax(axis=1)
    if array.ndim != 1 or array.dtype.kind not in "buifUSO":
        raise DataError(f"{what} are {array.dtype} of shape {array.shape}", hint="expected (N,), one label an image")
    if array.dtype.kind == "f":
        if not np.isfinite(array).all() or (array != np.rint(array)).any():
            raise DataError(f"{what} are not whole numbers", hint="expected a class for each image, 0, 1, 2 and so on")
        array = array.astype(np.int64)
    return array.astype(np.int64) if array.dtype.kind == "b" else array


def _array(what: str, values: Any) -> NDArray[Any]:
    try:
        return as_numpy(values)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"{what} are of type {type(values).__name__}, which is no array", hint="images need one common size"
        ) from error
