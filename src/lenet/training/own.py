"""The recipe `own`: settings for people's own images, by how many there are. docs/training.md has the measurements."""

import itertools
import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from lenet.config import TrainConfig
from lenet.configuration import configure
from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Dataset, Splits
from lenet.data.own.path import own_path
from lenet.recipes import DEFAULT_RECIPE, OWN_RECIPE

# Passes over 80 images; the number of passes falls with the cube root of the number of images.
EPOCHS, IMAGES, FALL = 100, 80, 1 / 3
FEWEST_EPOCHS, MOST_EPOCHS, FEWEST_STEPS = 4, 250, 250
# Output channels of the convolutions of `small` for images of at least so many pixels, with a third pooling. Up to FEW
# training images, the usual ones are better, since they begin as those of a ready-made network.
CHANNELS = {40: (12, 16, 24, 48, 64, 96)}
FEW = 100
BATCHES = {2_000: 16, 20_000: 32}  # images in a step, by the number of images below which they are taken
LARGEST_BATCH = 64
IMBALANCE = 2  # times as many images of the most frequent class as of the rarest: from there on rare classes weigh more


def recipe_for(data: str | os.PathLike[str] | Splits | None) -> str:
    """Return the recipe where none is named: `own` for the user's own data, else the default one.

    Args:
        data: a data set's name, a path, or the data.
    """
    if isinstance(data, Splits):
        return DEFAULT_RECIPE if data.name in CATALOGUE else OWN_RECIPE
    return DEFAULT_RECIPE if data is None or own_path(data) is None else OWN_RECIPE


def with_own_settings(config: TrainConfig, train: Dataset, given: Mapping[str, Any]) -> TrainConfig:
    """Return the settings of the recipe `own` for a training set; those of any other recipe stay.

    Args:
        config: the settings so far.
        train: the training set, with the images that are held out for validation.
        given: the settings that the user gave, which stay.
    """
    if config.recipe != OWN_RECIPE:
        return config
    count = max(1, len(train) - config.validation)
    decided: dict[str, Any] = {
        "epochs": num_epochs(count),
        "batch_size": batch_size(count),
        "class_weights": class_weights(train),
    }
    if config.model == "small":
        decided["channels"] = channels(train.size, count)
        if decided["channels"] is None and given.get("channels") is None:
            decided["init"] = "pretrained"  # the convolutions are those of a ready-made network
    given = {name: value for name, value in given.items() if value is not None}
    return configure(OWN_RECIPE, **{**decided, "data": config.data, **given})


def channels(size: tuple[int, int], count: int) -> tuple[int, ...] | None:
    """Return the convolutions of `small` for so many images of a size; None for the model's own.

    With every other convolution a pooling halves the image.
    """
    if count <= FEW:
        return None
    return next((channels for edge, channels in CHANNELS.items() if max(size) >= edge), None)


def num_epochs(count: int) -> int:
    """Return the passes over so many training images."""
    steps = -(-count // batch_size(count))  # in an epoch
    usual = round(EPOCHS * math.pow(IMAGES / count, FALL))
    return min(MOST_EPOCHS, max(FEWEST_EPOCHS, usual, -(-FEWEST_STEPS // steps)))


def batch_size(count: int) -> int:
    """Return the images in a step: at least two steps in an epoch, and no batch of one image (`BatchNorm` needs two)."""
    usual = next((size for limit, size in BATCHES.items() if count < limit), LARGEST_BATCH)
    sizes = itertools.count(max(2, min(usual, -(-count // 2))))
    return next(size for size in sizes if count % size != 1 or count == 1)


def class_weights(train: Dataset) -> tuple[float, ...] | None:
    """Return weights by the square roots of the classes' numbers of images, where these are far apart; else None."""
    counts = np.bincount(train.labels, minlength=len(train.classes))
    if not counts.all() or counts.max() < IMBALANCE * counts.min():
        return None
    roots = np.sqrt(counts.sum() / (len(counts) * counts))
    mean = float((roots * counts).sum() / counts.sum())  # so that the mean weight of an image is 1
    return tuple(round(float(root) / mean, 3) for root in roots)
