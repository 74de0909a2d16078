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


def up_to(network: Network, layer: Dense) -> Network:
    """Return the layers before `layer` with copies of their weights; the logits of this network are the input of `layer`."""
    layers = network.architecture.layers
    width = layer.in_features
    copied = Dense(NAME, width, width)
    architecture = Architecture(network.architecture.input_shape, (*layers[: layers.index(layer)], copied))
    weights = {f"{NAME}.weight": np.eye(width, dtype=np.float32), f"{NAME}.bias": np.zeros(width, np.float32)}
    return Network.of(architecture, network.tensors | weights)
