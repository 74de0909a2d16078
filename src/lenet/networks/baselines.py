"""The two models of the chapters before LeNet, as baselines: softmax regression and a multilayer perceptron.

*Dive into Deep Learning*, chapters "Linear Neural Networks for Classification" and "Multilayer Perceptrons".
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from lenet.networks.layers import Flatten
from lenet.networks.lenet import dense
from lenet.networks.network import Architecture
from lenet.networks.sizes import check_positive, height_and_width


@dataclass(frozen=True)
class MLP:
    """Dense layers over the flattened image; by default 784-256-10 with ReLU: 203,530 parameters.

    Attributes:
        hidden: widths of the hidden layers.
        activation: a name in registry.ACTIVATIONS.
        in_channels: channels of the image.
        input_size: height and width of the image, or one number for both, in pixels.
        num_classes: number of logits.
        dropout: share of the units that is dropped after each hidden activation; 0 for no such layers.
    """

    hidden: Sequence[int] = (256,)
    activation: str = "relu"
    in_channels: int = 1
    input_size: int | tuple[int, int] = 28
    num_classes: int = 10
    dropout: float = 0.0

    def architecture(self) -> Architecture:
        """Return the layers.

        Raises:
            ModelError: for sizes that are not possible.
        """
        shape = (self.in_channels, *height_and_width(self.input_size))
        check_positive(in_channels=shape[0], height=shape[1], width=shape[2])
        names = map(str, itertools.count())
        flatten = Flatten(next(names))
        widths = (math.prod(shape), *self.hidden, self.num_classes)
        return Architecture(shape, (flatten, *dense(widths, self.activation, names, self.dropout)))


@dataclass(frozen=True)
class Softmax:
    """Softmax regression: one dense layer over the flattened image, 7,850 parameters. The softmax is part of the loss.

    Attributes:
        in_channels: channels of the image.
        input_size: height and width of the image, or one number for both, in pixels.
        num_classes: number of logits.
    """

    in_channels: int = 1
    input_size: int | tuple[int, int] = 28
    num_classes: int = 10

    def architecture(self) -> Architecture:
        """Return the layers; see MLP."""
        return MLP((), "relu", self.in_channels, self.input_size, self.num_classes).architecture()
