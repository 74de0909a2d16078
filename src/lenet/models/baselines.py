"""The two models of the chapters before LeNet, to measure it against: softmax regression and an MLP.

*Dive into Deep Learning*, chapters "Linear Neural Networks for Classification" and "Multilayer Perceptrons".
"""

from collections.abc import Sequence

from torch import nn

from lenet.models.lenet import at_least_one, both, dense


class MLP(nn.Sequential):
    """Dense layers over the flattened picture; by default 784-256-10 with ReLU: 203,530 parameters.

    Maps `(N, in_channels, height, width)` float32 to logits `(N, num_classes)`.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (256,),
        activation: str = "relu",
        in_channels: int = 1,
        input_size: int | tuple[int, int] = 28,
        num_classes: int = 10,
    ) -> None:
        height, width = both(input_size)
        at_least_one(in_channels=in_channels, height=height, width=width)
        super().__init__(nn.Flatten(), *dense(in_channels * height * width, hidden, num_classes, activation))


class Softmax(nn.Sequential):
    """Softmax regression: one dense layer over the flattened picture, 7,850 parameters.

    Maps `(N, in_channels, height, width)` float32 to logits `(N, num_classes)`; the softmax itself is in the loss.
    """

    def __init__(self, in_channels: int = 1, input_size: int | tuple[int, int] = 28, num_classes: int = 10) -> None:
        height, width = both(input_size)
        at_least_one(in_channels=in_channels, height=height, width=width)
        super().__init__(nn.Flatten(), nn.Linear(in_channels * height * width, num_classes))
