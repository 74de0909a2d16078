"""Initial weights, drawn from a seed by NumPy's PCG64 generator; the distributions are PyTorch's."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lenet.networks.layers import BatchNorm, Convolution, Dense
from lenet.networks.network import Architecture, Network
from lenet.registry import INITS, resolve

_STREAM = 2  # keeps this generator's numbers apart from those of data/plan.py


def initialized(architecture: Architecture, init: str, seed: int) -> Network:
    """Return a network with initial weights.

    Args:
        architecture: the layers.
        init: a name in registry.INITS.
        seed: decides the weights.
    """
    network = Network.empty(architecture)
    resolve(INITS, init)(network, np.random.default_rng([_STREAM, seed]))
    return network


def default(network: Network, random: np.random.Generator) -> None:
    """Draw weights and biases uniformly from ±1/sqrt(fan-in), as torch.nn.Conv2d and torch.nn.Linear do."""
    _fill(network, random, lambda fan_in, fan_out: 1 / math.sqrt(fan_in))


def xavier_uniform(network: Network, random: np.random.Generator) -> None:
    """Draw weights as Glorot and Bengio (2010) do, from ±sqrt(6 / (fan-in + fan-out)); biases as `default` does."""
    _fill(network, random, lambda fan_in, fan_out: math.sqrt(6 / (fan_in + fan_out)))


def _fill(network: Network, random: np.random.Generator, bound: Callable[[int, int], float]) -> None:
    tensors = network.tensors
    for layer in network.architecture.layers:
        if isinstance(layer, Convolution | Dense):
            weight, bias = tensors[f"{layer.name}.weight"], tensors[f"{layer.name}.bias"]
            receptive_field = math.prod(weight.shape[2:])
            fan_in, fan_out = weight.shape[1] * receptive_field, weight.shape[0] * receptive_field
            weight[...] = _uniform(random, bound(fan_in, fan_out), weight.shape)
            bias[...] = _uniform(random, 1 / math.sqrt(fan_in), bias.shape)
        elif isinstance(layer, BatchNorm):
            for part, value in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
                tensors[f"{layer.name}.{part}"][...] = value


def _uniform(random: np.random.Generator, bound: float, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return random.uniform(-bound, bound, shape)
