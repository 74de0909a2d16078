"""What each layer and unit computes over the page's images: statistics, histograms, dead units, what excites a unit most."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images
from lenet.doctor.observation import Activations
from lenet.doctor.unit_checks import UNIT_SHARE, dead, saturated
from lenet.networks.layers import Activation, Convolution, Layer
from lenet.networks.trained import CHUNK, TrainedNetwork

BINS = 40  # of a histogram
TOP = 9  # images that excite a unit most
MOST_UNITS = 256  # of a layer of which these images are stored
MAX_VALUES = 1 << 26  # outputs in memory at once: 256 MB

Outputs = NDArray[np.float32]


def examine(trained: TrainedNetwork, images: Images) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the statistics of each layer, and of each convolution's units the images that excite them most.

    Of a large network some of the images are examined; `count` of the statistics says how many.

    Args:
        trained: the network.
        images: uint8 (N, height, width) or (N, height, width, 3), those of the page.

    Returns:
        Two JSON values: a list with an entry a layer, and by the name of a convolution a list with an entry a unit. There
        the images are numbers of the page's images, and row and column those of the convolution's output.
    """
    layers, statistics, top = trained.architecture.layers, [], {}
    numbers = _numbers(trained, len(images))
    for number, (layer, values) in enumerate(zip(layers, _outputs(trained, images[numbers]), strict=True)):
        statistics.append({"layer": number, "name": layer.name, **_statistics(layer, values)})
        if isinstance(layer, Convolution):
            top[layer.name] = [_exciting(values[:, unit], numbers) for unit in range(min(values.shape[1], MOST_UNITS))]
    return statistics, top


def _numbers(trained: TrainedNetwork, count: int) -> NDArray[np.int64]:
    """The numbers of as many images as fit into memory with all outputs, at equal distances: all of a LeNet's."""
    of_image = sum(map(math.prod, trained.architecture.output_shapes))
    return np.linspace(0, count - 1, max(1, min(count, MAX_VALUES // of_image))).astype(np.int64)


def _outputs(trained: TrainedNetwork, images: Images) -> Iterator[Outputs]:
    """The outputs of one layer after the other."""
    parts = [trained.outputs(images[start : start + CHUNK]) for start in range(0, len(images), CHUNK)]
    for number in range(len(trained.architecture.layers)):
        yield np.concatenate([part[number] for part in parts])


def _statistics(layer: Layer, values: Outputs) -> dict[str, Any]:
    low, high = float(values.min()), float(values.max())
    counts, _ = np.histogram(values, BINS, (low, high) if low < high else (low - 0.5, low + 0.5))
    of_units = np.moveaxis(values, 1, 0).reshape(values.shape[1], -1)
    result = {
        "count": len(values),
        "minimum": low,
        "maximum": high,
        "mean": _short(values.mean(dtype=np.float64)),
        "std": _short(values.std(dtype=np.float64)),
        "histogram": counts.tolist(),
        "means": of_units.mean(axis=1, dtype=np.float64).astype(np.float16),
        "maxima": of_units.max(axis=1).astype(np.float16),
        "findings": [],
    }
    if isinstance(layer, Activation):
        activations = Activations(layer.function, values)
        for name, which in (("dead", dead(activations)), ("saturated", saturated(activations))):
            if which is not None:
                result[name] = np.flatnonzero(which).tolist()
                result["findings"] += [f"{name}-units"] if which.mean() > UNIT_SHARE else []
    return result


def _exciting(maps: Outputs, numbers: NDArray[np.int64]) -> list[dict[str, Any]]:
    """The images in whose maps (N, rows, columns) the largest values lie, by their numbers, with the places."""
    flat = maps.reshape(len(maps), -1)
    places = flat.argmax(axis=1)
    largest = flat[np.arange(len(flat)), places]
    best = np.argsort(-largest, kind="stable")[:TOP]
    rows, columns = np.unravel_index(places[best], maps.shape[1:])
    return [
        {"image": int(numbers[image]), "row": int(row), "column": int(column), "value": _short(largest[image])}
        for image, row, column in zip(best, rows, columns, strict=True)
    ]


def _short(value: Any) -> float:
    return float(f"{float(value):.5g}")
