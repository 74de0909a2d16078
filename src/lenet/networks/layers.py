"""The layer types: sizes without weights, as frozen dataclasses. What they compute is in forward.py.

Images have the shape (channels, height, width) between layers, and (features,) after Flatten.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from lenet.errors import ModelError
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
class BatchNorm:
    """Batch normalization (Ioffe and Szegedy, 2015) of images: (x - mean) / sqrt(variance + epsilon) * weight + bias.

    Mean and variance are those of a channel: in training over the batch, in evaluation the running ones, which a step moves
    towards those of its batch by the share `momentum`. The running variance is the unbiased one. Weight, bias and both
    running statistics are (channels,).
    """

    name: str
    channels: int

    kind: ClassVar[str] = "BatchNorm2d"
    epsilon: ClassVar[float] = 1e-5
    momentum: ClassVar[float] = 0.1

    def takes(self, shape: Shape) -> bool:
        """Return whether an input of `shape` fits."""
        return len(shape) == 3 and shape[0] == self.channels

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of the output for an input of `shape`."""
        return shape

    @property
    def parameter_shapes(self) -> dict[str, Shape]:
        """The shapes of weight and bias by their names in a state_dict."""
        return {f"{self.name}.{part}": (self.channels,) for part in ("weight", "bias")}

    @property
    def statistic_shapes(self) -> dict[str, Shape]:
        """The shapes of running mean and variance by their names in a state_dict."""
        return {f"{self.name}.{part}": (self.channels,) for part in ("running_mean", "running_var")}


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
class GlobalPooling:
    """The mean over all pixels of each channel: (channels, 1, 1)."""

    name: str

    kind: ClassVar[str] = "AdaptiveAvgPool2d"
    parameter_shapes: ClassVar[dict[str, Shape]] = {}

    def takes(self, shape: Shape) -> bool:
        """Return whether an input of `shape` fits."""
        return len(shape) == 3

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of the output for an input of `shape`."""
        return shape[0], 1, 1


@dataclass(frozen=True)
class Dropout:
    """Dropout (Srivastava et al., 2014): in training each number is 0 with probability `rate`, else divided by 1 - rate.

    In evaluation it changes nothing. data/dropout.py says which numbers are dropped.

    Raises:
        ModelError: for a rate that is not from 0 to below 1.
    """

    name: str
    rate: float

    kind: ClassVar[str] = "Dropout"
    parameter_shapes: ClassVar[dict[str, Shape]] = {}

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise ModelError(f"the layer {self.name} has the dropout rate {self.rate}; expected at least 0 and below 1")

    def takes(self, shape: Shape) -> bool:
        """Return whether an input of `shape` fits."""
        return True

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of the output for an input of `shape`."""
        return shape


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


Layer: TypeAlias = Convolution | Dense | BatchNorm | Activation | Pooling | GlobalPooling | Dropout | Flatten
