"""X and y as the estimator takes them, checked with scikit-learn's own functions, whose messages its users know."""

import os
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, column_or_1d, validate_data

from lenet.data.dataset import Labels
from lenet.engines.kernels import MAX_CLASSES
from lenet.sklearn.images import WHOLE, Shape, rows_and_shape, shape_of


def rows_for_fit(estimator: Any, X: Any, y: Any, reset: bool) -> tuple[NDArray[Any], Shape, NDArray[Any]]:
    """Return the images of X as rows (N, n_features), their shape, and y (N,).

    Args:
        estimator: whose `n_features_in_` and names of columns are set, or compared.
        X: as `fit` takes it.
        y: the labels.
        reset: whether to set them.

    Raises:
        TypeError: for sparse matrices.
        ValueError: for X or y that make no sense.
    """
    X, shape = _flattened(X)
    given = estimator.image_shape
    if shape is not None and given is not None and tuple(shape) != shape_of(int(np.prod(shape)), given):
        raise ValueError(f"X has images of {_words(shape)}, but image_shape is {_words(given)}")
    rows, y = validate_data(estimator, X, y, reset=reset)
    return rows, shape or shape_of(rows.shape[1], given), y


def rows_for_prediction(estimator: Any, X: Any) -> NDArray[Any]:
    """Return the images of X as rows (N, n_features) of the shape that the estimator was fitted on.

    Raises:
        TypeError: for sparse matrices.
        ValueError: for X that makes no sense, or images of another shape.
    """
    X, shape = _flattened(X)
    if shape is not None and shape != estimator.image_shape_:
        fitted = _words(estimator.image_shape_)
        raise ValueError(f"X has images of {_words(shape)}, but {type(estimator).__name__} was fitted on {fitted}")
    rows: NDArray[Any] = validate_data(estimator, X, reset=False)
    is_whole = estimator.pixel_range_ == WHOLE and rows.dtype.kind == "f"
    if is_whole and rows.min() >= 0 and 0 < rows.max() <= 1 and (np.rint(rows) != rows).any():
        warnings.warn(
            f"X has fractions from 0 to 1, but {type(estimator).__name__} was fitted on whole numbers from 0 to 255; "
            "multiply X by 255, or fit with pixel_range=(0, 1)",
            UserWarning,
            stacklevel=3,
        )
    return rows


def labels_of(y: NDArray[Any]) -> tuple[NDArray[Any], Labels]:
    """Return the class labels in ascending order, (num_classes,), and the number of each label of y, int64 (N,).

    Raises:
        TypeError: for labels that are both text and numbers.
        ValueError: for a continuous y, or fewer than two classes or too many.
    """
    check_classification_targets(y)
    encoder = LabelEncoder()
    labels = encoder.fit_transform(y).astype(np.int64)
    return checked_classes(encoder.classes_, "y"), labels


def checked_classes(classes: Any, name: str) -> NDArray[Any]:
    """Return class labels in ascending order, each once.

    Args:
        classes: the labels.
        name: the argument that has them.

    Raises:
        ValueError: for fewer than two classes or too many.
    """
    unique: NDArray[Any] = LabelEncoder().fit(column_or_1d(classes)).classes_
    if len(unique) < 2:
        raise ValueError(f"{name} has 1 class, {unique.tolist()[0]!r}; expected at least 2")
    if len(unique) > MAX_CLASSES:
        raise ValueError(f"{name} has {len(unique):,} classes; expected at most {MAX_CLASSES:,}")
    return unique


def known_labels(y: NDArray[Any], classes: NDArray[Any]) -> Labels:
    """Return the number of each label of y among the classes, int64 (N,).

    Raises:
        TypeError: for labels that are both text and numbers.
        ValueError: for a label that is none of the classes.
    """
    check_classification_targets(y)
    unknown = np.setdiff1d(y, classes)
    if len(unknown):
        raise ValueError(f"y has the label {unknown.tolist()[0]!r}; expected one of {classes.tolist()}")
    return np.searchsorted(classes, y).astype(np.int64)


def classes_of_all(estimator: Any, classes: Any) -> NDArray[Any]:
    """Return all class labels that calls of `partial_fit` will have, ascending.

    Raises:
        ValueError: without classes in the first call, or for others than in the first.
    """
    known: NDArray[Any] | None = getattr(estimator, "classes_", None)
    if classes is None:
        if known is None:
            raise ValueError("classes must be passed on the first call to partial_fit")
        return known
    given = checked_classes(classes, "classes")
    if known is not None and not np.array_equal(known, given):
        raise ValueError(f"classes is {given.tolist()}; it was {known.tolist()} before")
    return given


def must_be_same(estimator: Any, shape: Shape, classes: NDArray[Any]) -> None:
    """Raise ValueError if a training that continues has images of another shape, or other classes, than before."""
    if shape != estimator.image_shape_:
        raise ValueError(f"X has images of {_words(shape)}; they were {_words(estimator.image_shape_)} before")
    if not np.array_equal(classes, estimator.classes_):
        before = estimator.classes_.tolist()
        raise ValueError(f"y has the classes {classes.tolist()}; they were {before} before, and warm_start is True")


def check_outlier_label(label: Any, classes: NDArray[Any]) -> None:
    """Raise ValueError if the label of unknown images and the classes are text and numbers, which no array can hold both."""
    if label is None:
        return
    is_text, are_text = isinstance(label, str), classes.dtype.kind in "OUS"
    if is_text != are_text or not (is_text or isinstance(label, int | float | np.generic)):
        expected = "text" if are_text else "a number"
        raise ValueError(f"outlier_label is {label!r}; expected {expected}, as the classes {classes.tolist()}")


def _flattened(X: Any) -> tuple[Any, Shape | None]:
    """X with its images as rows, and their shape; X as it is, and None, where it has two dimensions or fewer."""
    if isinstance(X, str | os.PathLike):
        raise ValueError(
            f"X is the path {os.fspath(X)!r}; expected an array of images\n"
            "hint: train, test = lenet.data.load(path) reads images; train.images and train.labels are arrays"
        )
    if isinstance(X, list | tuple) and len(X) and np.ndim(X[0]) > 1:
        if len({np.shape(image) for image in X}) > 1:
            raise ValueError("the images of X have different shapes; expected one shape for all")
        X = np.asarray(X)
    if getattr(X, "ndim", 2) < 3:
        return X, None
    return rows_and_shape(check_array(X, allow_nd=True, input_name="X"))


def _words(shape: Any) -> str:
    return "×".join(map(str, shape)) if isinstance(shape, tuple | list) else repr(shape)
