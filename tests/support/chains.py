"""Chains of all kinds of layers: random ones, and ones at the limits of what the kernels take."""

from random import Random
from typing import Any

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


def chain(input_shape: tuple[int, int, int], *parts: tuple[Any, ...] | str) -> Architecture:
    """Return layers named by their numbers.

    Each is given as (channels, kernel, padding), (features,), the name of an activation or a pooling, "batch norm",
    "global pooling" or "flatten".
    """
    shape: tuple[int, ...] = input_shape
    layers: list[Layer] = []
    for index, part in enumerate(parts):
        name = str(index)
        match part:
            case (channels, kernel, padding):
                layer: Layer = Convolution(name, shape[0], channels, kernel, padding)
            case (features,):
                layer = Dense(name, shape[0], features)
            case "batch norm":
                layer = BatchNorm(name, shape[0])
            case "global pooling":
                layer = GlobalPooling(name)
            case "flatten":
                layer = Flatten(name)
            case str():
                layer = Activation(name, part) if part in ACTIVATIONS else Pooling(name, part)
        layers.append(layer)
        shape = layer.output_shape(shape)
    return Architecture(input_shape, tuple(layers))


LIMITS = {
    "as many stages as there can be": chain((1, 6, 7), *[(2, 3, 1)] * 30, "flatten", (10,)),
    "one pixel": chain((1, 1, 1), (5, 3, 1), "tanh", "flatten", (1,), "sigmoid", "tanh", (3,), (10,)),
    "one row": chain((3, 1, 9), (9, 3, 1), (9, 3, 2), "batch norm", "avg", "flatten", (10,)),
    "no weights but the last": chain((3, 13, 7), "avg", "tanh", "avg", "flatten", "flatten", (10,)),
    "a global pooling first": chain((3, 5, 6), "global pooling", (7, 1, 0), "tanh", "flatten", (10,)),
    "padding after a global pooling": chain(
        (1, 7, 6),
        (9, 3, 0),
        "tanh",
        "global pooling",
        (9, 3, 2),
        (8, 3, 2),
        "global pooling",
        (4, 5, 4),
        "flatten",
        (10,),
    ),
    "an activation of a flattened convolution": chain((1, 7, 9), (4, 2, 1), "flatten", "tanh", (10,)),
    "blocks with the widest padding": chain((3, 17, 14), (9, 5, 4), "avg", (7, 5, 4), "tanh", "avg", "flatten", (10,)),
    "normalizations of normalizations": chain(
        (3, 8, 9), "batch norm", "avg", (5, 2, 1), "batch norm", "tanh", "batch norm", "flatten", (10,)
    ),
}


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
