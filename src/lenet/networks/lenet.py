"""LeNet in the two forms that *Dive into Deep Learning* prints, with the variations that its exercises ask for.

Both go back to LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition" (1998).
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from lenet.errors import ModelError
from lenet.networks.layers import Activation, BatchNorm, Convolution, Dense, Dropout, Flatten, Layer, Pooling
from lenet.networks.network import Architecture
from lenet.networks.sizes import check_choice, check_positive, height_and_width
from lenet.registry import ACTIVATIONS, POOLINGS


@dataclass(frozen=True)
class LeNet:
    """The chapter's max-pooling LeNet: blocks of convolution, activation and 2×2 pooling, then dense layers.

    Without arguments it has 44,426 parameters, with padding 2 it has 61,706. They are named `conv.N` and `fc.N`.

    Attributes:
        kernel_size: height and width of every convolution's kernel, in pixels.
        channels: output channels of each convolution.
        hidden: widths of the hidden dense layers.
        activation: a name in registry.ACTIVATIONS.
        pooling: a name in registry.POOLINGS.
        padding: zeros around the image, for the first convolution only, as in the chapter.
        in_channels: channels of the image.
        input_size: height and width of the image, or one number for both, in pixels.
        num_classes: number of logits.
        dropout: share of the units that is dropped after each hidden activation; 0 for no such layers.
    """

    kernel_size: int = 5
    channels: Sequence[int] = (6, 16)
    hidden: Sequence[int] = (120, 84)
    activation: str = "sigmoid"
    pooling: str = "max"
    padding: int = 0
    in_channels: int = 1
    input_size: int | tuple[int, int] = 28
    num_classes: int = 10
    dropout: float = 0.0

    is_normalized: ClassVar[bool] = False  # whether a BatchNorm stands between each convolution and its activation

    def architecture(self) -> Architecture:
        """Return the layers.

        Raises:
            ModelError: for sizes that do not fit together, naming the layer.
        """
        return self._joined(_numbered("conv."), ["flatten"], _numbered("fc."))

    def _joined(self, blocks: Iterator[str], flatten: Iterable[str], classifier: Iterator[str]) -> Architecture:
        """The blocks, a Flatten and the dense layers, with names taken from these in this order."""
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("pooling", self.pooling, POOLINGS)
        shape = (self.in_channels, *height_and_width(self.input_size))
        check_positive(kernel_size=self.kernel_size, in_channels=shape[0], height=shape[1], width=shape[2])
        layers = list(self._blocks(shape, blocks))
        features = math.prod(Architecture(shape, tuple(layers)).output_shapes[-1])
        layers.append(Flatten(next(iter(flatten))))
        layers += dense((features, *self.hidden, self.num_classes), self.activation, classifier, self.dropout)
        return Architecture(shape, tuple(layers))

    def _blocks(self, shape: tuple[int, ...], names: Iterator[str]) -> Iterator[Layer]:
        if not self.channels:
            raise ModelError(
                "channels is empty; a LeNet needs at least one convolution",
                hint="give the output channels of each, such as 6,16; the model mlp has no convolutions",
            )
        for number, channels in enumerate(self.channels, start=1):
            check_positive(channels=channels)
            padding = self.padding if number == 1 else 0
            in_channels, height, width = shape
            if min(height, width) + 2 * padding < self.kernel_size:
                around = f" with padding {padding}" if padding else ""
                raise ModelError(
                    f"convolution {number} has a {self.kernel_size}×{self.kernel_size} kernel, "
                    f"larger than its {height}×{width} image{around}",
                    hint="take a smaller kernel, more padding or fewer convolutions",
                )
            convolution = Convolution(next(names), in_channels, channels, self.kernel_size, padding)
            shape = convolution.output_shape(shape)
            if min(shape[1:]) < 2:
                raise ModelError(
                    f"the 2×2 pooling after convolution {number} would get a {shape[1]}×{shape[2]} image",
                    hint="take a smaller kernel, more padding or fewer convolutions",
                )
            yield convolution
            if self.is_normalized:
                yield BatchNorm(next(names), channels)
            yield Activation(next(names), self.activation)
            pooling = Pooling(next(names), self.pooling)
            shape = pooling.output_shape(shape)
            yield pooling


@dataclass(frozen=True)
class LeNetAvg(LeNet):
    """The chapter's average-pooling LeNet, one sequence of layers: 61,706 parameters, named `N`."""

    pooling: str = "avg"
    padding: int = 2

    def architecture(self) -> Architecture:
        """Return the layers; see LeNet."""
        names = _numbered("")
        return self._joined(names, names, names)


def dense(widths: Sequence[int], activation: str, names: Iterator[str], dropout: float = 0.0) -> Iterator[Layer]:
    """Yield dense layers with activations between them.

    Args:
        widths: features of the input, of each hidden layer, and of the output.
        activation: a name in registry.ACTIVATIONS.
        names: names for the layers, in order.
        dropout: share of the units that is dropped after each activation.
    """
    check_choice("activation", activation, ACTIVATIONS)
    for number, (in_features, features) in enumerate(itertools.pairwise(widths)):
        is_last = number == len(widths) - 2
        check_positive(**{"num_classes" if is_last else "hidden": features})
        yield Dense(next(names), in_features, features)
        if not is_last:
            yield Activation(next(names), activation)
            if dropout:
                yield Dropout(next(names), dropout)


def _numbered(prefix: str) -> Iterator[str]:
    return (f"{prefix}{number}" for number in itertools.count())
