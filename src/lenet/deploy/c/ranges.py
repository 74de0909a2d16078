"""The ranges of a network's values over some images; levels of 8 bits are chosen by them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images
from lenet.deploy.c.stages import Stage, Stages
from lenet.deploy.c.windows import convolved, squares
from lenet.networks.forward import ACTIVATION_FUNCTIONS

CHUNK = 100  # images at once
CURVED = ("sigmoid", "tanh", "scaled-tanh")  # activations that are looked up in a table


@dataclass(frozen=True)
class Range:
    """The least and the largest value."""

    least: float
    most: float


@dataclass(frozen=True)
class Ranges:
    """The ranges of what becomes levels.

    Attributes:
        stages: of each stage's output, without the logits; before a mean of four pixels if the activation is curved.
        mean: of the mean over all pixels, if there is one.
    """

    stages: tuple[Range, ...]
    mean: Range | None


def ranges(stages: Stages, images: Images) -> Ranges:
    """Return the ranges over images, uint8 (N, height, width) or (N, height, width, 3)."""
    least = np.full(len(stages.all), np.inf)
    most = np.full(len(stages.all), -np.inf)
    means: list[tuple[float, float]] = []
    for start in range(0, len(images), CHUNK):
        for number, (values, mean) in enumerate(_levels(stages, images[start : start + CHUNK])):
            least[number] = min(least[number], values.min())
            most[number] = max(most[number], values.max())
            if mean is not None:
                means.append((float(mean.min()), float(mean.max())))
    found = tuple(Range(float(low), float(high)) for low, high in zip(least, most, strict=True))
    mean_range = Range(min(low for low, _ in means), max(high for _, high in means)) if means else None
    return Ranges(found[:-1], mean_range)


def _levels(stages: Stages, images: Images) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
    """For each stage, what becomes levels, and the mean over all pixels where it follows."""
    values = ((images.astype(np.float32) / 255 - stages.mean) / stages.std).reshape(
        len(images), *stages.all[0].in_shape
    )
    values = values.astype(np.float32)
    for number, stage in enumerate(stages.all):
        values = values.reshape(len(values), *stage.in_shape)
        sums = squares(convolved(values, stage.weight, stage.padding) + stage.bias, stage)
        activated = _activated(stage, sums)
        values = activated.max(axis=-1) if stage.pooling == "max" else activated.mean(axis=-1)
        is_curved_mean = stage.pooling == "avg" and stage.activation in CURVED
        mean = None
        if stages.has_mean and number == len(stages.streamed) - 1:
            levels = values
            values = mean = values.mean(axis=(1, 2), keepdims=True)
        else:
            levels = values
        yield (activated if is_curved_mean else levels), mean


def _activated(stage: Stage, values: NDArray[np.float32]) -> NDArray[np.float32]:
    if stage.activation is None:
        return values
    result: NDArray[np.float32] = ACTIVATION_FUNCTIONS[stage.activation](values)
    return result
