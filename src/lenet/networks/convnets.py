"""Convolutional networks with batch normalization: LeNet with it, and two that are deeper and have few parameters.

Ioffe and Szegedy, "Batch Normalization" (2015). The mean over all pixels before the last layer is that of Lin, Chen and Yan,
"Network In Network" (2014).
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from lenet.errors import ModelError
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
from lenet.networks.lenet import LeNet
from lenet.networks.network import Architecture
from lenet.networks.sizes import check_choice, check_positive, height_and_width
from lenet.registry import ACTIVATIONS, POOLINGS


@dataclass(frozen=True)
class LeNetBN(LeNet):
    """LeNet with a BatchNorm between each convolution and its activation; 61,750 parameters, named as LeNet's.

    The attributes are LeNet's; unlike there, ReLU and padding 2 are the defaults.
    """

    activation: str = "relu"
    padding: int = 2

    is_normalized: ClassVar[bool] = True


@dataclass(frozen=True)
class Small:
    """A 5×5 convolution, then 3×3 ones, the mean over all pixels, and one dense layer: 59,450 parameters, named `N`.

    Zero padding keeps the size of the image. After each convolution stand a BatchNorm and an activation; after the first, the
    third and so on, but not after the last, a 2×2 pooling. Folding the BatchNorm layers into the convolutions leaves 59,050
    parameters.

    Attributes:
        channels: output channels of each convolution.
        activation: a name in registry.ACTIVATIONS.
        pooling: a name in registry.POOLINGS.
        in_channels: channels of the image.
        input_size: height and width of the image, or one number for both, in pixels.
        num_classes: number of logits.
        dropout: share of the channels' means that is dropped before the dense layer; 0 for no such layer.
    """

    channels: Sequence[int] = (24, 32, 32, 48, 64)
    activation: str = "relu"
    pooling: str = "max"
    in_channels: int = 1
    input_size: int | tuple[int, int] = 28
    num_classes: int = 10
    dropout: float = 0.0

    def architecture(self) -> Architecture:
        """Return the layers.

        Raises:
            ModelError: for sizes that do not fit together, naming the layer.
        """
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("pooling", self.pooling, POOLINGS)
        shape = (self.in_channels, *height_and_width(self.input_size))
        check_positive(in_channels=shape[0], height=shape[1], width=shape[2], num_classes=self.num_classes)
        if not self.channels:
            raise ModelError(
                "channels is empty; the network needs at least one convolution",
                hint="give the output channels of each, such as 24,32; the model mlp has no convolutions",
            )
        names = map(str, itertools.count())
        layers = list(self._convolutions(shape, names))
        layers += [GlobalPooling(next(names)), Flatten(next(names))]
        if self.dropout:
            layers.append(Dropout(next(names), self.dropout))
        layers.append(Dense(next(names), self.channels[-1], self.num_classes))
        return Architecture(shape, tuple(layers))

    def _convolutions(self, shape: tuple[int, int, int], names: Iterator[str]) -> Iterator[Layer]:
        in_channels, height, width = shape
        for number, channels in enumerate(self.channels, start=1):
            check_positive(channels=channels)
            kernel_size = 5 if number == 1 else 3
            yield Convolution(next(names), in_channels, channels, kernel_size, kernel_size // 2)
            yield BatchNorm(next(names), channels)
            yield Activation(next(names), self.activation)
            in_channels = channels
            if number % 2 == 1 and number < len(self.channels):
                if min(height, width) < 2:
                    raise ModelError(
                        f"the 2×2 pooling after convolution {number} would get a {height}×{width} image",
                        hint="take larger images or fewer convolutions",
                    )
                yield Pooling(next(names), self.pooling)
                height, width = height // 2, width // 2


@dataclass(frozen=True)
class Tiny(Small):
    """Small with fewer channels: 9,406 parameters, 9,254 after folding."""

    channels: Sequence[int] = (8, 12, 16, 18, 22)
