"""Networks as data: an Architecture is a list of layers, a Network is one with its weights in a single vector.

The vector holds the learned parameters in the order of the layers, then the running statistics of all BatchNorm layers.

architecture = build("lenet", padding=2)
network = initialized(architecture, "default", seed=0)
network.tensors["conv.0.weight"]  # float32 (6, 1, 5, 5), a view of network.weights
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lenet.errors import ModelError
from lenet.files.safetensors import MAX_PARAMETERS
from lenet.networks.layers import BatchNorm, Convolution, Dense, Layer, Shape

Weights = NDArray[np.float32]
Vector = TypeVar("Vector", bound=Any)  # an array or a tensor


@dataclass(frozen=True)
class Architecture:
    """The layers of a network, in the order in which an image passes through them.

    Attributes:
        input_shape: (channels, height, width) of an image.
        layers: the layers; the last one's output is the logits, (num_classes,).
    """

    input_shape: tuple[int, int, int]
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        """Raises ModelError, naming the layer, if one does not take what the layer before it makes."""
        shape: Shape = self.input_shape
        for layer in self.layers:
            if not layer.takes(shape):
                size = "×".join(map(str, shape))
                raise ModelError(f"the layer {layer.name} ({layer.kind}) does not take its input of {size}")
            shape = layer.output_shape(shape)

    @cached_property
    def output_shapes(self) -> tuple[Shape, ...]:
        """The shape of each layer's output for one image."""
        shape: Shape = self.input_shape
        shapes = []
        for layer in self.layers:
            shape = layer.output_shape(shape)
            shapes.append(shape)
        return tuple(shapes)

    @cached_property
    def parameter_shapes(self) -> dict[str, Shape]:
        """The shapes of all learned parameters by name, in the order of the weight vector."""
        return {name: shape for layer in self.layers for name, shape in layer.parameter_shapes.items()}

    @cached_property
    def statistic_shapes(self) -> dict[str, Shape]:
        """The shapes of all running statistics by name, in the order of the end of the weight vector."""
        layers = [layer for layer in self.layers if isinstance(layer, BatchNorm)]
        return {name: shape for layer in layers for name, shape in layer.statistic_shapes.items()}

    @cached_property
    def tensor_shapes(self) -> dict[str, Shape]:
        """The shapes of parameters and statistics by name: the layout of the weight vector, and what a weights file holds."""
        return self.parameter_shapes | self.statistic_shapes

    @property
    def num_parameters(self) -> int:
        """How many numbers the network learns: the first ones of the weight vector."""
        return sum(map(math.prod, self.parameter_shapes.values()))

    @property
    def num_values(self) -> int:
        """How many numbers the weight vector has: the learned ones and the running statistics."""
        return sum(map(math.prod, self.tensor_shapes.values()))

    @property
    def largest_output(self) -> int:
        """The most numbers in a layer's output for one image."""
        return max(map(math.prod, self.output_shapes))

    @property
    def num_classes(self) -> int:
        """How many logits the network computes."""
        return math.prod(self.output_shapes[-1])

    @property
    def multiply_adds(self) -> tuple[int, ...]:
        """For each layer, its multiplications that are added up, for one image."""
        return tuple(map(_multiply_adds, self.layers, self.output_shapes))


@dataclass(frozen=True, eq=False)
class Network:
    """A network: its architecture and its weights, float32 (num_values,)."""

    architecture: Architecture
    weights: Weights

    @classmethod
    def empty(cls, architecture: Architecture) -> "Network":
        """Return a network whose weights are yet to be written.

        Raises:
            ModelError: for more than MAX_PARAMETERS parameters.
        """
        size = architecture.num_values
        if size > MAX_PARAMETERS:
            raise ModelError(
                f"the network would have {size:,} parameters; expected at most {MAX_PARAMETERS:,}",
                hint="take fewer channels, or narrower hidden layers",
            )
        return cls(architecture, np.empty(size, np.float32))

    @classmethod
    def of(cls, architecture: Architecture, tensors: Mapping[str, Weights]) -> "Network":
        """Return the network with a copy of its tensors among these, whose names and shapes are the architecture's."""
        network = cls.empty(architecture)
        for name, view in network.tensors.items():
            view[...] = tensors[name]
        return network

    @property
    def tensors(self) -> dict[str, Weights]:
        """Parameters and running statistics by their names in the PyTorch module's state_dict, as views of the vector."""
        return split(self.weights, self.architecture.tensor_shapes)

    def copy(self) -> "Network":
        """Return the same network with weights of its own."""
        return Network(self.architecture, self.weights.copy())


def split(vector: Vector, shapes: Mapping[str, Shape]) -> dict[str, Vector]:
    """Return the parts of a vector by name, sharing its memory.

    Args:
        vector: a NumPy array or a torch tensor, such as (num_values,); what is left at its end belongs to no part.
        shapes: the shapes of the parts by name, in the order of the vector.
    """
    parts, start = {}, 0
    for name, shape in shapes.items():
        stop = start + math.prod(shape)
        parts[name] = vector[start:stop].reshape(shape)
        start = stop
    return parts


def _multiply_adds(layer: Layer, output: Shape) -> int:
    if isinstance(layer, Convolution | Dense):
        weight = layer.parameter_shapes[f"{layer.name}.weight"]
        return math.prod(output) * math.prod(weight[1:])
    return 0
