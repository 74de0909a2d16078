"""The fitted estimator in a pickle: its network and its optimiser's state as safetensors bytes, everything else as it is."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from lenet.files.safetensors import Weights, pack
from lenet.networks import Network
from lenet.networks.trained import KEY, TrainedNetwork

NETWORK, MOMENTS = "network_", "_moments"


def packed(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return an estimator's attributes as a pickle holds them; these stay as they are."""
    result = dict(attributes)
    if NETWORK in result:
        result[NETWORK] = result[NETWORK].pack(result[NETWORK].weights)
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


def _network(content: bytes) -> TrainedNetwork:
    """The network in the content of a weights file."""
    weights = Weights.read(content)
    trained = TrainedNetwork.from_dict(json.loads(weights.metadata[KEY]), Path(weights.name))
    tensors = weights.load(trained.architecture.tensor_shapes)
    return dataclasses.replace(trained, loaded=Network.of(trained.architecture, tensors))
