"""What the page holds of a trained network before any image: its layers, weights, settings, curve and findings."""

from pathlib import Path
from typing import Any

import numpy as np

from lenet.networks import Network
from lenet.networks.layers import (
    Activation,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    Layer,
    Pooling,
)
from lenet.networks.trained import TrainedNetwork
from lenet.runs.command import as_line, command_of
from lenet.runs.hub.address import name_in_cache
from lenet.runs.opening import network_of
from lenet.runs.points import ChunkPoint, EpochPoint
from lenet.runs.run import Run

KINDS: dict[type[Any], str] = {
    Convolution: "convolution",
    BatchNorm: "batch-norm",
    Activation: "activation",
    Pooling: "pooling",
    GlobalPooling: "global-pooling",
    Dropout: "dropout",
    Flatten: "flatten",
    Dense: "dense",
}
MOST_POINTS = 400  # of a curve
DIGITS = 6  # significant ones, of the numbers of a curve


def describe(trained: Run | TrainedNetwork) -> dict[str, Any]:
    """Return what the page holds of a network and its training, as JSON values and arrays.

    Args:
        trained: the run, or the network of a weights file, of whose training nothing is known.
    """
    network = network_of(trained)
    height, width = network.preprocessing.size
    calibration = network.calibration
    return {
        "name": name_of(trained),
        "model": network.name,
        **_training(trained),
        "classes": list(network.classes),
        "input": {"channels": network.preprocessing.channels, "height": height, "width": width},
        "layers": [layer_of(layer) for layer in network.architecture.layers],
        "tensors": tensors_of(network.network),
        "preprocessing": network.preprocessing.to_dict(),
        "weights": network.network.weights,
        "calibration": calibration.to_dict() if calibration else None,
    }


def name_of(trained: Run | TrainedNetwork) -> str:
    """Return the name of a run's folder, of a weights file without its suffix, or of a network from the Hub."""
    path = Path(trained.path)
    return name_in_cache(path) or (path.absolute().name if isinstance(trained, Run) else path.stem)


def layer_of(layer: Layer) -> dict[str, Any]:
    """Return a layer as the page's script reads it: its kind and its sizes."""
    values: dict[str, Any] = {"kind": KINDS[type(layer)], **vars(layer)}
    return values | ({"epsilon": layer.epsilon} if isinstance(layer, BatchNorm) else {})


def tensors_of(network: Network) -> dict[str, tuple[int, list[int]]]:
    """Return where each tensor lies in the vector of weights: its first number, and its shape."""
    places, start = {}, 0
    for name, shape in network.architecture.tensor_shapes.items():
        places[name] = (start, list(shape))
        start += int(np.prod(shape))
    return places


def _training(trained: Run | TrainedNetwork) -> dict[str, Any]:
    if not isinstance(trained, Run):
        nothing = dict.fromkeys(("recipe", "data", "seed", "epochs", "command"))
        return {**nothing, "points": {"chunks": [], "epochs": []}, "findings": []}
    points = trained.metrics
    chunks = [point.to_dict() for point in points if isinstance(point, ChunkPoint)]
    epochs = [point.to_dict() for point in points if isinstance(point, EpochPoint)]
    return {
        "recipe": trained.config.recipe,
        "data": trained.resolved.data,
        "seed": trained.config.seed,
        "epochs": epochs[-1]["epoch"] if epochs else 0,
        "command": as_line(command_of(trained)),
        "points": {"chunks": _thinned(chunks), "epochs": _thinned(epochs)},
        "findings": [finding.to_dict() for finding in trained.findings],
    }


def _thinned(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most MOST_POINTS of the points, the last one included, with short numbers."""
    if len(points) > MOST_POINTS:
        places = np.linspace(0, len(points) - 1, MOST_POINTS).round().astype(int)
        points = [points[place] for place in places]
    return [{name: _short(value) for name, value in point.items()} for point in points]


def _short(value: Any) -> Any:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
