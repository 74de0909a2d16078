"""LeNet in the two forms that *Dive into Deep Learning* prints, with the variations its exercises ask for.

LeNet is the chapter's max-pooling form (`.conv` and `.fc`), LeNetAvg its average-pooling form (one nn.Sequential).
Both go back to LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition" (1998).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lenet.errors import ModelError

ACTIVATIONS: dict[str, type[nn.Module]] = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}
POOLINGS: dict[str, type[nn.Module]] = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}


class LeNet(nn.Module):
    """Convolutional blocks (`.conv`: convolution, activation, 2×2 pooling), then dense layers (`.fc`).

    kernel_size: edge of every convolution, in pixels; channels: output channels of each convolution; hidden: widths of
    the hidden dense layers, none for a single one; padding: zeros around the picture, for the first convolution only,
    as in the chapter; input_size: edge of the picture, or (height, width). Maps `(N, in_channels, height, width)`
    float32 to logits `(N, num_classes)`. Without arguments: 44,426 parameters. With padding 2: 61,706.

    Raises ModelError for a combination that cannot work, naming the layer and the sizes.
    """

    def __init__(
        self,
        kernel_size: int = 5,
        channels: Sequence[int] = (6, 16),
        hidden: Sequence[int] = (120, 84),
        activation: str = "sigmoid",
        pooling: str = "max",
        padding: int = 0,
        in_channels: int = 1,
        input_size: int | tuple[int, int] = 28,
        num_classes: int = 10,
    ) -> None:
        super().__init__()
        blocks, features = convolutions(kernel_size, channels, activation, pooling, padding, in_channels, input_size)
        self.conv = nn.Sequential(*blocks)
        self.fc = nn.Sequential(*dense(features, hidden, num_classes, activation))

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, num_classes)` of `images` `(N, in_channels, height, width)`."""
        features = self.conv(images)
        logits: Tensor = self.fc(torch.flatten(features, 1))
        return logits


class LeNetAvg(nn.Sequential):
    """The same network as one nn.Sequential, by default with padding 2 and average pooling: 61,706 parameters.

    Arguments, shapes and errors as LeNet.
    """

    def __init__(
        self,
        kernel_size: int = 5,
        channels: Sequence[int] = (6, 16),
        hidden: Sequence[int] = (120, 84),
        activation: str = "sigmoid",
        pooling: str = "avg",
        padding: int = 2,
        in_channels: int = 1,
        input_size: int | tuple[int, int] = 28,
        num_classes: int = 10,
    ) -> None:
        blocks, features = convolutions(kernel_size, channels, activation, pooling, padding, in_channels, input_size)
        super().__init__(*blocks, nn.Flatten(), *dense(features, hidden, num_classes, activation))


def convolutions(
    kernel_size: int,
    channels: Sequence[int],
    activation: str,
    pooling: str,
    padding: int,
    in_channels: int,
    input_size: int | tuple[int, int],
) -> tuple[list[nn.Module], int]:
    """The convolutional blocks, and how many numbers come out of them for a picture."""
    make_activation = choose("activation", activation, ACTIVATIONS)
    make_pooling = choose("pooling", pooling, POOLINGS)
    height, width = both(input_size)
    at_least_one(kernel_size=kernel_size, in_channels=in_channels, height=height, width=width)
    if not channels:
        raise ModelError(
            "channels is empty; a LeNet needs at least one convolution",
            hint="give the output channels of each, such as 6,16; the model mlp has no convolutions",
        )
    blocks: list[nn.Module] = []
    incoming = in_channels
    for number, outgoing in enumerate(channels, start=1):
        at_least_one(channels=outgoing)
        margin = padding if number == 1 else 0
        if min(height, width) + 2 * margin < kernel_size:
            around = f" with padding {margin}" if margin else ""
            raise ModelError(
                f"convolution {number} has a {kernel_size}×{kernel_size} kernel, "
                f"larger than its {height}×{width} picture{around}",
                hint="take a smaller kernel, more padding or fewer convolutions",
            )
        height, width = height + 2 * margin - kernel_size + 1, width + 2 * margin - kernel_size + 1
        if min(height, width) < 2:
            raise ModelError(
                f"the 2×2 pooling after convolution {number} would get a {height}×{width} picture",
                hint="take a smaller kernel, more padding or fewer convolutions",
            )
        blocks += [
            nn.Conv2d(incoming, outgoing, kernel_size, padding=margin),
            make_activation(),
            make_pooling(kernel_size=2, stride=2),
        ]
        height, width, incoming = height // 2, width // 2, outgoing
    return blocks, incoming * height * width


def dense(features: int, hidden: Sequence[int], num_classes: int, activation: str) -> list[nn.Module]:
    """Linear layers from `features` through the `hidden` widths to `num_classes`, with activations between them."""
    make_activation = choose("activation", activation, ACTIVATIONS)
    layers: list[nn.Module] = []
    for width in hidden:
        at_least_one(hidden=width)
        layers += [nn.Linear(features, width), make_activation()]
        features = width
    at_least_one(num_classes=num_classes)
    return [*layers, nn.Linear(features, num_classes)]


def both(size: int | tuple[int, int]) -> tuple[int, int]:
    """(height, width) of a size that may be a single edge."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def choose(what: str, name: str, choices: dict[str, type[nn.Module]]) -> type[nn.Module]:
    """The class of that name, or a ModelError that lists the choices."""
    if name not in choices:
        raise ModelError(f"unknown {what} {name!r}", hint=f"choose from {', '.join(choices)}")
    return choices[name]


def at_least_one(**numbers: int) -> None:
    """Raises ModelError for a number that is not at least 1."""
    for name, number in numbers.items():
        if number < 1:
            raise ModelError(f"{name} is {number}; expected at least 1")
