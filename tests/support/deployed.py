"""Networks for the tests of exports: any architecture with made-up weights, as if it had been trained."""

from pathlib import Path

import numpy as np

from lenet.images.preprocess import WHOLE, Preprocessing
from lenet.networks import Architecture, Network
from lenet.networks.initialization import initialized
from lenet.networks.layers import BatchNorm
from lenet.networks.trained import TrainedNetwork


def made_up_network(architecture: Architecture, seed: int) -> Network:
    """A network with random weights and running statistics."""
    network = initialized(architecture, "default", seed=seed)
    generator = np.random.default_rng(seed)
    for layer in architecture.layers:
        if isinstance(layer, BatchNorm):
            for part, (low, high) in {"weight": (-1, 2), "bias": (-1, 1), "running_mean": (-1, 1)}.items():
                network.tensors[f"{layer.name}.{part}"][...] = generator.uniform(low, high, layer.channels)
            network.tensors[f"{layer.name}.running_var"][...] = generator.uniform(0.1, 2, layer.channels)
    return network


def made_up_trained(architecture: Architecture, seed: int) -> TrainedNetwork:
    """The same as a trained network, without a file."""
    channels, *size = architecture.input_shape
    mean, std = (0.3, 0.4) if seed % 2 else (0.0, 1.0)
    preprocessing = Preprocessing((size[0], size[1]), mean, std, "mixed", WHOLE, channels)
    classes = tuple(f"class {number}" for number in range(architecture.num_classes))
    network = made_up_network(architecture, seed)
    return TrainedNetwork(Path("made-up"), "made-up", {}, classes, preprocessing, loaded=network)
