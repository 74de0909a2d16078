"""From a run, a weights file or a ready-made network to a fitted estimator's attributes, and back to a weights file."""

import dataclasses
import errno
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from lenet.config import MODEL_FIELDS
from lenet.data.class_names import checked_class_names
from lenet.errors import RunError
from lenet.files import durable
from lenet.files.safetensors import SUFFIX
from lenet.networks.trained import TrainedNetwork
from lenet.registry import MODELS, resolve
from lenet.runs.opening import Source, network_of, open_trained
from lenet.sklearn.fitting import BEFORE
from lenet.sklearn.images import WHOLE, checked_range
from lenet.sklearn.settings import value_errors
from lenet.sklearn.state import weights_file_of


def open_network(run: Source) -> TrainedNetwork:
    """Return the trained network of a run, a weights file or a name, with its weights read."""
    trained = network_of(open_trained(run))
    _ = trained.network  # raises RunError now, and not when the first image is classified
    return trained


def parameters_of(trained: TrainedNetwork) -> dict[str, Any]:
    """Return the estimator's parameters that say what network it is."""
    # The model's own defaults where nothing was given, so that the estimator's parameters are those of this network.
    defaults = {field.name: field.default for field in dataclasses.fields(resolve(MODELS, trained.name))}
    given = {name: trained.arguments.get(name, defaults[name]) for name in MODEL_FIELDS if name in defaults}
    return {"model": trained.name, **given}


def attributes_of(trained: TrainedNetwork, labels: Iterable[Any] | None, pixel_range: Any) -> dict[str, Any]:
    """Return the attributes that `fit` would set.

    Args:
        trained: the network.
        labels: of its classes, in their order; by default their names.
        pixel_range: the estimator's parameter.

    Raises:
        ValueError: for another number of labels than classes, or two that are the same.
    """
    given = np.asarray(trained.classes if labels is None else list(labels))
    if given.shape != (len(trained.classes),):
        names = ", ".join(trained.classes)
        raise ValueError(f"labels has the shape {given.shape}; expected a label for each class: {names}")
    classes, columns = np.unique(given, return_index=True)
    if len(classes) < len(given):
        raise ValueError(f"labels is {given.tolist()}; expected a different one for each class")
    shape = trained.preprocessing.shape
    return BEFORE | {
        "classes_": classes,
        "network_": trained,
        "image_shape_": shape,
        "pixel_range_": WHOLE if pixel_range is None else checked_range(pixel_range),
        "n_features_in_": math.prod(shape),
        "_columns": columns,
        "_seed": 0,
    }


def save(trained: TrainedNetwork, classes: Any, path: str | os.PathLike[str], overwrite: bool) -> Path:
    """Write a weights file, whose classes are the labels as text; return its path.

    Raises:
        FileExistsError: if the file exists and is not to be replaced.
        RunError: for a file that cannot be written.
        ValueError: for another suffix than .safetensors, or labels that are no names.
    """
    target = Path(path)
    if target.suffix != SUFFIX:
        raise ValueError(f"the path is {str(target)!r}; expected the suffix {SUFFIX}")
    with value_errors():
        checked_class_names("y", classes.tolist())
    if target.exists() and not overwrite:
        raise FileExistsError(errno.EEXIST, "the file exists; overwrite=True replaces it", str(target))
    try:
        durable.write(target, weights_file_of(trained))
    except OSError as error:
        why, hint = durable.explain(error)
        raise RunError(f"{target} was not written: {why}", hint=hint) from error
    return target
