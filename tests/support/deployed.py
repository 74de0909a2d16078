"""Networks for the tests of exports: any architecture with made-up weights, as if it had been trained."""

from pathlib import Path

import numpy as np

from lenet.images.preprocess import WHOLE, Preprocessing
from lenet.networks import Architecture, Network
from lenet.networks.calibration import UNIT, Calibration
from lenet.networks.embedding import embedding_layer
from lenet.networks.initialization import initialized
from lenet.networks.layers import BatchNorm
from lenet.networks.outliers import View
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


def made_up_calibration(architecture: Architecture, seed: int) -> Calibration:
    """A calibration with random numbers."""
    generator = np.random.default_rng(seed)
    layer = embedding_layer(architecture)
    assert layer is not None
    width, num_classes = layer.in_features, architecture.num_classes
    count = min(4, width)
    directions = np.linalg.qr(generator.normal(size=(width, count)))[0].T
    views = [
        View(
            means=generator.normal(size=(num_classes, count)).astype(np.float32),
            precisions=generator.uniform(0.1, 2, (num_classes, count)).astype(np.float32),
            offsets=generator.uniform(-1, 1, num_classes).astype(np.float32),
            rest=0.1,
            usual=1.0,
            distance_weight=0.2,
            evidence_weight=0.3,
        )
        for _ in range(2)
    ]
    rounded = (np.rint(directions * UNIT) / UNIT).astype(np.float32)
    return Calibration(1.7, 0.99, 100, layer.name, rounded, 2.0, *views)
