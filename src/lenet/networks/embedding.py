"""The embedding of an image: what a dense layer receives, before the classes are told apart.

    cut = up_to(network, embedding_layer(network.architecture))   # a network whose logits are the embedding

An engine computes it as it computes logits, to the same bits for an image alone and among others.
"""

import math

import numpy as np

from lenet.networks.calibration import MAX_WIDTH
from lenet.networks.layers import Dense, Layer
from lenet.networks.network import Architecture, Network


def embedding_layer(architecture: Architecture) -> Dense | None:
    """Return the first dense layer that takes at most 1,000 numbers: its input is what a calibration looks at.

    It receives what the convolutions made of the image, from which later layers keep what separates the classes alone.
    """
    return next(
        (each for each in architecture.layers if isinstance(each, Dense) and each.in_features <= MAX_WIDTH), None
    )


def up_to(network: Network, layer: Layer, numbers: range | None = None) -> Network:
    """Return a network whose logits are the input of a dense layer.

    Args:
        network: its layers and weights, of which those before `layer` are copied.
        layer: a dense layer; one that copies its input takes its place and name.
        numbers: which part of the input, one after the other; all by default. Engines compute 2 to 1,000 logits.
    """
    layers = network.architecture.layers
    before = layers.index(layer)
    width = math.prod(network.architecture.output_shapes[before - 1])
    numbers = range(width) if numbers is None else numbers
    copied = Dense(layer.name, width, len(numbers))
    architecture = Architecture(network.architecture.input_shape, (*layers[:before], copied))
    identity = np.eye(len(numbers), width, numbers.start, dtype=np.float32)
    weights = {f"{layer.name}.weight": identity, f"{layer.name}.bias": np.zeros(len(numbers), np.float32)}
    return Network.of(architecture, network.tensors | weights)
