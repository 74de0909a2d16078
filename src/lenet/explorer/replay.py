"""The snapshots of a training as the page holds them: weights in 8 bits, what they answer, and maps of the embedding.

Of each channel the weights of all snapshots have one scale, so that they are small whole numbers; a snapshot holds its
differences from the one before, modulo 256, which deflate to two thirds of the numbers themselves.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.errors import RunError
from lenet.explorer import embedding
from lenet.explorer.measured import Answers, Shown
from lenet.networks import Network
from lenet.networks.layers import Shape
from lenet.networks.trained import TrainedNetwork
from lenet.runs import snapshots
from lenet.runs.opening import network_of
from lenet.runs.run import Run
from lenet.runs.snapshots import Snapshot

LEVELS = 127
MOST, FEWEST = 24, 2  # snapshots of a page
MOST_VALUES = 2_000_000  # weights of all of them: of a large network fewer snapshots are held


def replay(run: Run | TrainedNetwork, shown: Shown | None, final: NDArray[np.float32] | None) -> dict[str, Any]:
    """Return the snapshots of a run as the page has them.

    Args:
        run: the run; a weights file has no snapshots.
        shown: the page's images; None without any.
        final: the map of the trained network's embedding, float32 (N, 2), to which the maps are turned.

    Returns:
        Under `snapshots` an entry each, with its differences int8 (num_values,) from the one before, and its map int8 (N, 2),
        in a unit of its own; under `scales` what a unit of the weights stands for, float32, for each tensor one number a row
        of a matrix or a convolution, else one number.
    """
    trained = network_of(run)
    found = []
    if isinstance(run, Run):
        found = _thinned(
            snapshots.find(run.path / snapshots.NAME, trained.architecture), trained.architecture.num_values
        )
    if not isinstance(run, Run) or not found:
        return {"snapshots": [], "scales": None}
    steps = _steps_of_epoch(run)
    numbers, scales = quantized([each.network for each in found])
    differences = np.diff(numbers, axis=0, prepend=np.int16(0)).astype(np.int8)
    entries: list[dict[str, Any]] = []
    for snapshot, weights in zip(found, differences, strict=True):
        entry = {"step": snapshot.step, "epoch": _epoch(snapshot, steps), "weights": weights}
        entries.append(entry | {"accuracy": None, "loss": None, "confusion": None, "map": None})
    for entry, snapshot in reversed(list(zip(entries, found, strict=True))):
        if shown is not None:
            measured, final = _measured(trained, snapshot, shown, final)
            entry |= measured
    return {"snapshots": entries, "scales": scales}


def quantized(networks: list[Network]) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """Return the weights of networks as whole numbers from -127 to 127, and their scales.

    Args:
        networks: of the same layers.

    Returns:
        int16 (len(networks), num_values); float32, one scale for each row of a tensor of several dimensions, one for another.
    """
    shapes = networks[0].architecture.tensor_shapes
    weights = np.stack([network.weights for network in networks])
    numbers, scales, start = np.empty(weights.shape, np.int16), [], 0
    for shape in shapes.values():
        rows, size = _rows(shape), int(np.prod(shape))
        values = weights[:, start : start + size].reshape(len(networks), rows, -1)
        scale = np.maximum(np.abs(values).max(axis=(0, 2)) / np.float32(LEVELS), np.float32(1e-20)).astype(np.float32)
        numbers[:, start : start + size] = np.rint(values / scale[:, None]).reshape(len(networks), -1)
        scales.append(scale)
        start += size
    return numbers, np.concatenate(scales)


def _rows(shape: Shape) -> int:
    return shape[0] if len(shape) > 1 else 1


def _measured(
    trained: TrainedNetwork, snapshot: Snapshot, shown: Shown, later: NDArray[np.float32] | None
) -> tuple[dict[str, Any], NDArray[np.float32] | None]:
    """What a snapshot answers, and its map, turned to that of the later one."""
    network = TrainedNetwork(
        trained.path,
        trained.name,
        trained.arguments,
        trained.classes,
        trained.preprocessing,
        loaded=snapshot.network,
        measured=trained.calibration,
    )
    try:
        answers = Answers.of(network, shown.test).to_dict()
    except RunError:  # NaN or infinite logits, of a training about to diverge
        return {}, later
    del answers["count"]
    values = embedding.embedded(network, shown.all) if later is not None else None
    if values is None or later is None:
        return answers, later
    placed = embedding.aligned(embedding.planar(values), later)
    farthest = float(np.abs(placed).max()) or 1.0
    return answers | {"map": np.rint(placed * (LEVELS / farthest)).astype(np.int8)}, placed


def _thinned(found: list[Snapshot], num_values: int) -> list[Snapshot]:
    """As many as the page has room for, at equal distances, the first and the last among them."""
    most = max(FEWEST, min(MOST, MOST_VALUES // num_values))
    if len(found) <= most:
        return found
    return [found[place] for place in np.linspace(0, len(found) - 1, most).round().astype(int)]


def _steps_of_epoch(run: Run) -> float | None:
    """How many steps an epoch has, by the first point of the curve."""
    return next((point.step / point.epoch for point in run.chunks if point.epoch), None)


def _epoch(snapshot: Snapshot, steps: float | None) -> float | None:
    return round(snapshot.step / steps, 4) if steps else None
