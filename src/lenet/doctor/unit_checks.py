"""Checks of a network's units and outputs. docs/doctor.md has the measurements behind the thresholds."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lenet.doctor.finding import Finding
from lenet.doctor.observation import Activations, Observation
from lenet.doctor.remedies import success

UNIT_SHARE = 0.5  # of the units of a layer
EDGE = 0.01  # of an activation's range
RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "scaled-tanh": (-1.7159, 1.7159)}


def dead_units(observation: Observation) -> Finding | None:
    """Layers of ReLUs in which most units, or channels, are 0 for every image."""
    layers = dead_layers(observation.activations)
    if not layers:
        return None
    return Finding(
        "dead-units",
        f"most ReLUs of {_named(layers)} are 0 for every image: they no longer receive a gradient",
        {f"dead share of {name}": share for name, share in layers.items()},
        f"start again with a smaller learning rate (--learning-rate); a tenth of it helped {success('rate')}",
    )


def saturated_units(observation: Observation) -> Finding | None:
    """Layers of sigmoids or tanhs in which most units are at the ends of their range for every image."""
    layers = saturated_layers(observation.activations)
    if not layers:
        return None
    return Finding(
        "saturated-units",
        f"most units of {_named(layers)} are at the ends of their range for every image: their gradients vanish",
        {f"saturated share of {name}": share for name, share in layers.items()},
        "start again with a smaller learning rate (--learning-rate), or with ReLUs (--activation relu)",
    )


def softmax_before_loss(observation: Observation) -> Finding | None:
    """Outputs that are probabilities already, where cross-entropy takes logits."""
    outputs = observation.outputs
    if outputs is None or not observation.takes_logits:
        return None
    if outputs.ndim != 2 or outputs.shape[1] < 2 or not (outputs >= 0).all():
        return None
    sums = outputs.astype(np.float64).sum(axis=1)
    if not np.allclose(sums, 1, atol=1e-4):
        return None
    return Finding(
        "softmax-before-loss",
        "the outputs are probabilities, and cross-entropy applies the softmax again: learning is slow and never confident",
        {"smallest output": float(outputs.min()), "largest sum": float(sums.max())},
        "remove the softmax from the network; where probabilities are wanted, apply it to the logits",
    )


def dead_layers(activations: Mapping[str, Activations]) -> dict[str, float]:
    """Return, for each layer of ReLUs that are mostly dead, their share."""
    return {name: share for name, share in dead_shares(activations).items() if share > UNIT_SHARE}


def saturated_layers(activations: Mapping[str, Activations]) -> dict[str, float]:
    """Return, for each layer of sigmoids or tanhs that are mostly saturated, their share."""
    return {name: share for name, share in saturated_shares(activations).items() if share > UNIT_SHARE}


def dead_shares(activations: Mapping[str, Activations]) -> dict[str, float]:
    """Return, for each layer of ReLUs, the share of units, or channels, that are 0 for every image."""
    return _shares({name: dead(layer) for name, layer in activations.items()})


def saturated_shares(activations: Mapping[str, Activations]) -> dict[str, float]:
    """Return, for each layer of sigmoids or tanhs, the share of units, or channels, always within EDGE of their ends."""
    return _shares({name: saturated(layer) for name, layer in activations.items()})


def dead(layer: Activations) -> NDArray[np.bool_] | None:
    """Return which units, or channels, of a layer of ReLUs are 0 for every image, bool (units,); None for other layers."""
    return _in_every_image(layer.values == 0) if layer.function == "relu" else None


def saturated(layer: Activations) -> NDArray[np.bool_] | None:
    """Return which units, or channels, are always within EDGE of an end of their range, bool (units,); None without ends."""
    if layer.function not in RANGES:
        return None
    low, high = RANGES[layer.function]
    margin = EDGE * (high - low)
    return _in_every_image((layer.values < low + margin) | (layer.values > high - margin))


def _shares(units: Mapping[str, NDArray[np.bool_] | None]) -> dict[str, float]:
    return {name: float(which.mean()) for name, which in units.items() if which is not None}


def _in_every_image(holds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """For which units, or channels, of (N, units, …) it holds in every image and position."""
    of_units = np.moveaxis(holds, 1, 0).reshape(holds.shape[1], -1)
    which: NDArray[np.bool_] = np.logical_and.reduce(of_units, axis=1)
    return which


def _named(layers: Mapping[str, float]) -> str:
    return f"layer{'s' if len(layers) > 1 else ''} {', '.join(layers)}"
