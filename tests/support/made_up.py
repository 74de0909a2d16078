"""Data sets made up by tests, patterns that a network learns in a few steps and noise; and networks with initial weights."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Dataset
from lenet.networks import Architecture, Network, build
from lenet.networks.initialization import initialized
from lenet.networks.layers import (
    Activation,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    Pooling,
)

DIGITS = tuple("0123456789")


def patterns(count: int, seed: int) -> Dataset:
    """Ten patterns of 28 × 28 pixels, each many times under noise, on a black ground: learned within a few steps."""
    originals = np.random.RandomState(0).randint(0, 200, (10, 28, 28))
    originals[:, :4] = originals[:, -4:] = originals[:, :, :4] = originals[:, :, -4:] = 0
    random = np.random.RandomState(seed)
    labels = random.permutation(np.arange(count, dtype=np.int64) % 10)
    images = originals[labels] + random.randint(0, 56, (count, 28, 28))
    return Dataset("toy", images.astype(np.uint8), labels, DIGITS)


def noise(
    count: int, size: tuple[int, int] = (28, 28), num_classes: int = 10, in_channels: int = 1, seed: int = 0
) -> Dataset:
    """Random pixels, grey or with three colour channels, with random labels."""
    random = np.random.RandomState(seed)
    colours = [3] if in_channels == 3 else []
    images = random.randint(0, 256, (count, *size, *colours)).astype(np.uint8)
    labels = random.randint(0, num_classes, count).astype(np.int64)
    return Dataset("made up", images, labels, tuple(map(str, range(num_classes))))


def taught(dataset: Dataset, dtype: Any = np.float32, views: int = 2, seed: int = 0) -> Dataset:
    """The data set with made-up soft targets that favour the labels, one or two for each image."""
    random = np.random.default_rng(seed)
    targets = 2 * random.standard_normal((len(dataset), views, len(dataset.classes)))
    targets[np.arange(len(dataset)), :, dataset.labels] += 4
    return dataclasses.replace(dataset, targets=targets.astype(dtype)[:, 0 if views == 1 else slice(None)])


def network_of(name: str, init: str = "default", seed: int = 0, **arguments: Any) -> Network:
    """A model with its initial weights."""
    return initialized(build(name, **arguments), init, seed)


def network_of_all_layers(seed: int = 0) -> Network:
    """A small network with a layer of each type, each activation once, and statistics as after some training."""
    layers = (
        Convolution("0", 1, 3, 3, padding=1),
        BatchNorm("1", 3),
        Activation("2", "leaky-relu"),
        Pooling("3", "max"),
        Convolution("4", 3, 4, 2),
        Activation("5", "scaled-tanh"),
        BatchNorm("6", 4),
        Pooling("7", "avg"),
        Dropout("8", 0.25),
        Activation("9", "relu"),
        GlobalPooling("10"),
        Flatten("11"),
        Dense("12", 4, 5),
        Activation("13", "tanh"),
        Dense("14", 5, 6),
        Activation("15", "sigmoid"),
        Dense("16", 6, 3),
    )
    network = initialized(Architecture((1, 9, 11), layers), "default", seed)
    random = np.random.default_rng(seed)
    for name, tensor in network.tensors.items():
        if name.split(".")[0] in ("1", "6"):
            tensor[...] = random.uniform(0.5, 1.5, tensor.shape)
    return network


# Small networks that have, together, layers of every type in many settings.
SMALL_NETWORKS: dict[str, Callable[[], Network]] = {
    "all layers": network_of_all_layers,
    "lenet": lambda: network_of(
        "lenet", in_channels=3, input_size=(13, 16), kernel_size=3, padding=3, activation="tanh"
    ),
    "wide padding": lambda: network_of("lenet", input_size=6, kernel_size=2, padding=4, channels=(3,), hidden=()),
    "lenet-bn": lambda: network_of("lenet-bn", input_size=16, activation="leaky-relu", dropout=0.5),
    "tiny": lambda: network_of("tiny", input_size=(9, 8), pooling="avg"),
    "mlp": lambda: network_of("mlp", input_size=7, activation="scaled-tanh"),
}


def inputs_for(network: Network, count: int = 3) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Random inputs of a network, and a class for each."""
    random = np.random.default_rng(0)
    inputs = random.normal(size=(count, *network.architecture.input_shape))
    return inputs, random.integers(0, network.architecture.num_classes, count)
