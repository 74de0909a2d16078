"""Random chains of all kinds of layers."""

from random import Random

from lenet.networks import Architecture
from lenet.networks.layers import (
    Activation,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    Layer,
    Pooling,
)
from lenet.registry import ACTIVATIONS, POOLINGS


def random_chain(random: Random, with_dropout: bool = False) -> Architecture:
    """Return up to 24 layers in any order that the shapes allow, named by their numbers, over a small image."""
    input_shape = (random.choice([1, 3]), random.randint(6, 20), random.randint(6, 20))
    layers: list[Layer] = []
    shape: tuple[int, ...] = input_shape

    def add(layer: Layer) -> None:
        nonlocal shape
        layers.append(layer)
        shape = layer.output_shape(shape)

    def name() -> str:
        return str(len(layers))

    for _ in range(random.randint(0, 5)):
        kernel = random.choice([1, 2, 3, 3, 3, 4, 5, 5, 7])
        convolution = Convolution(name(), shape[0], random.randint(1, 13), kernel, random.randint(0, kernel - 1))
        if convolution.takes(shape) and random.random() < 0.9:
            add(convolution)
        if random.random() < 0.5:
            add(BatchNorm(name(), shape[0]))
        if random.random() < 0.7:
            add(Activation(name(), random.choice([*ACTIVATIONS])))
        if random.random() < 0.4 and Pooling("", "max").takes(shape):
            add(Pooling(name(), random.choice([*POOLINGS])))
        if with_dropout and random.random() < 0.5:
            add(Dropout(name(), random.choice([0.2, 0.5])))
    if random.random() < 0.3:
        add(GlobalPooling(name()))
    add(Flatten(name()))
    for _ in range(random.randint(0, 2)):
        if len(layers) > 20:
            break
        add(Dense(name(), shape[0], random.randint(2, 30)))
        if random.random() < 0.8:
            add(Activation(name(), random.choice([*ACTIVATIONS])))
    if len(layers) > 23:
        return random_chain(random, with_dropout)
    add(Dense(name(), shape[0], random.choice([2, 10, 100])))
    return Architecture(input_shape, tuple(layers))
