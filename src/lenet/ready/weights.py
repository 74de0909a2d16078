"""Initial weights from a ready-made network: for few images, its convolutions are a better start than random ones."""

import numpy as np

from lenet import ready
from lenet.errors import ConfigError
from lenet.networks.initialization import default
from lenet.networks.layers import BatchNorm, Convolution
from lenet.networks.network import Architecture, Network
from lenet.networks.trained import TrainedNetwork

SOURCE = "mnist"


def pretrained(network: Network, random: np.random.Generator) -> None:
    """Take convolutions and batch normalizations from a ready-made network, and draw the rest as `default` does.

    In colour, each of red, green and blue gets a third of the first convolution's weights: a grey image then has the same
    outputs as in the ready-made network.

    Args:
        network: whose weights are set.
        random: draws the dense layers' weights.

    Raises:
        ConfigError: if its convolutions are not those of the ready-made network.
    """
    known = TrainedNetwork.load(ready.path(SOURCE) / "model.safetensors")
    if not fits(network.architecture):
        raise ConfigError(
            f"init is pretrained, but the network has not the convolutions of the ready-made network {SOURCE}",
            hint=f"take its model, --model {known.name}, without --channels; or another --init",
        )
    default(network, random)
    given = known.weights
    for name, values in network.tensors.items():
        if name.rpartition(".")[0] in _taken(network.architecture):
            taken = given[name]
            values[...] = taken if taken.shape == values.shape else np.repeat(taken, 3, axis=1) / 3


def fits(architecture: Architecture) -> bool:
    """Return whether a network has the convolutions and batch normalizations of the ready-made one, grey or in colour."""
    known = TrainedNetwork.load(ready.path(SOURCE) / "model.safetensors").architecture
    theirs, ours = (_shapes(each) for each in (known, architecture))
    return theirs == ours


def _taken(architecture: Architecture) -> set[str]:
    """The names of the layers that are taken."""
    return {layer.name for layer in architecture.layers if isinstance(layer, Convolution | BatchNorm)}


def _shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors that are taken, for a grey image."""
    names, first = _taken(architecture), architecture.layers[0].name
    return {
        name: (shape[0], 1, *shape[2:]) if name == f"{first}.weight" else tuple(shape)
        for name, shape in architecture.tensor_shapes.items()
        if name.rpartition(".")[0] in names
    }
