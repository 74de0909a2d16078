"""The embedding of an image: what a dense layer receives, before the classes are told apart.

    cut = up_to(network, embedding_layer(network.architecture))   # a network whose logits are the embedding

An engine computes it as it computes logits, to the same bits for an image alone and among others.
"""

import numpy as np

from lenet.networks.calibration import MAX_WIDTH
from lenet.networks.layers import Dense
from lenet.networks.network import Architecture, Network

NAME = "embedding"  # of the layer that copies its input


def embedding_layer(architecture: Architecture) -> Dense | None:
    """Return the first dense layer that takes at most 1,000 numbers: its input is what a calibration looks at.

    It receives what the convolutions made of the image, from which later layers keep what separates the classes alone.
    """
    return next(
        (each for each in architecture.layers if isinstance(each, Dense) and each.in_features <= MAX_WIDTH), None
    )


def up_to(network: Network, layer: Dense, numbers: range | None = None) -> Network:
    """Return the layers before `layer` with copies of their weights; the logits of this network are the input of `layer`.

    Args:
        network: the network.
        layer: one of its layers.
        numbers: which part of the input, one after the other; all by default. Engines compute 2 to 1,000 logits.
    """
    layers = network.architecture.layers
    numbers = range(layer.in_features) if numbers is None else numbers
    copied = Dense(NAME, layer.in_features, len(numbers))
    architecture = Architecture(network.architecture.input_shape, (*layers[: layers.index(layer)], copied))
    identity = np.eye(len(numbers), layer.in_features, numbers.start, dtype=np.float32)
    weights = {f"{NAME}.weight": identity, f"{NAME}.bias": np.zeros(len(numbers), np.float32)}
    return Network.of(architecture, network.tensors | weights)
