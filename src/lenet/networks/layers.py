"""The layer types: sizes without weights, as frozen dataclasses. What they compute is in forward.py.

Images have the shape (channels, height, width) between layers, and (features,) after Flatten.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from lenet.registry import ACTIVATIONS, POOLINGS

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Convolution:
    """A convolution with stride 1 and bias. Its weight is (channels, in_channels, kernel_size, kernel_size)."""

    name: str
    in_channels: int
    channels: int
    kernel_size: int
    padding: int = 0

    kind: ClassVar[str] = "Conv2d"

    def takes(self, shape: Shape) -> bool:
        """Return whether an input of `shape` fits."""
        return len(shape) == 3 and shape[0] == self.in_channels and min(self.output_shape(shape)) > 0

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of the output for an input of `shape`."""
        height, width = (edge + 2 * self.padding - self.kernel_size + 1 for edge in shape[1:])
        return self.channels, height, width

    @property
    def parameter_shapes(self) -> dict[str, Shape]:
        """The shapes of weight and bias by their names in a state_dict."""
        weight = (self.channels, self.in_channels, self.kernel_size, self.kernel_size)
        return {f"{self.name}.weight": weight, f"{self.name}.bias": (self.channels,)}


@dataclass(frozen=True)
class Dense:
    """A fully connected layer with bias. Its weight is (features, in_features)."""

    name: str
    in_features: int
    features: int

    kind: ClassVar[str] = "Linear"

    def takes(self, shape: Shape) -> bool:
        """Return whether an input of `shape` fits."""
        return shape == (self.in_features,)

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of the output for an input of `shape`."""
        return (self.features,)

    @property
    def parameter_shapes(self) -> dict[str, Shape]:
        """The shapes of weight and bias by their names in a state_dict."""
        return {f"{self.name}.weight": (self.features, self.in_features), f"{self.name}.bias": (self.features,)}


@dataclass(frozen=True)
class Activation:
    """An activation function by its name in registry.ACTIVATIONS."""

    name: str
    function: str

    parameter_shapes: ClassVar[dict[str, Shape]] = {}

    @property
    def kind(self) -> str:
        """Its class in torch.nn."""
        return ACTIVATIONS[self.function].module

    def takes(self, shape: Shape) -> bool:
        """Return whether an input of `shape` fits."""
        return True

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of the output for an input of `shape`."""
        return shape


@dataclass(frozen=True)
class Pooling:
    """Pooling over 2×2 pixels with stride 2, by its name in registry.POOLINGS; an odd last row or column is left out."""

    name: str
    function: str

    parameter_shapes: ClassVar[dict[str, Shape]] = {}

    @property
    def kind(self) -> str:
        """Its class in torch.nn."""
        return POOLINGS[self.function].module

    def takes(self, shape: Shape) -> bool:
        """Return whether an input of `shape` fits."""
        return len(shape) == 3 and min(shape[1:]) >= 2

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of the output for an input of `shape`."""
        return shape[0], shape[1] // 2, shape[2] // 2


@dataclass(frozen=True)
class Flatten:
    """(channels, height, width) as one vector."""

    name: str

    kind: ClassVar[str] = "Flatten"
    parameter_shapes: ClassVar[dict[str, Shape]] = {}

    def takes(self, shape: Shape) -> bool:
        """Return whether an input of `shape` fits."""
        return True

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of the output for an input of `shape`."""
        return (math.prod(shape),)


Layer: TypeAlias = Convolution | Dense | Activation | Pooling | Flatten
