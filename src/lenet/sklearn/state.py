"""The fitted estimator in a pickle: its network and its optimiser's state as safetensors bytes, everything else as it is."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from lenet.files.safetensors import Weights, pack
from lenet.networks import Network
from lenet.networks.calibration import Calibration
from lenet.networks.trained import TrainedNetwork
from lenet.networks.weights_file import CALIBRATION, KEY

NETWORK, MOMENTS = "network_", "_moments"


def packed(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return an estimator's attributes as a pickle holds them; these stay as they are."""
    result = dict(attributes)
    if NETWORK in result:
        result[NETWORK] = weights_file_of(result[NETWORK])
    if result.get(MOMENTS):
        result[MOMENTS] = pack(result[MOMENTS])
    return result


def unpacked(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of which `packed` made these."""
    result = dict(attributes)
    if isinstance(result.get(NETWORK), bytes):
        result[NETWORK] = _network(result[NETWORK])
    if isinstance(result.get(MOMENTS), bytes):
        result[MOMENTS] = Weights.read(result[MOMENTS]).arrays()
    return result


def weights_file_of(trained: TrainedNetwork) -> bytes:
    """Return the content of a network's weights file."""
    return trained.pack(trained.weights, trained.calibration)


def _network(content: bytes) -> TrainedNetwork:
    """The network in the content of a weights file."""
    weights = Weights.read(content)
    described = json.loads(weights.metadata[KEY])
    trained = TrainedNetwork.from_dict(described, Path(weights.name))
    network = Network.of(trained.architecture, weights.load(trained.architecture.tensor_shapes))
    calibration = Calibration.from_dict(described[CALIBRATION]) if CALIBRATION in described else None
    return dataclasses.replace(trained, loaded=network, measured=calibration)
