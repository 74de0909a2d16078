"""The layers of lenet's networks as modules of torch.nn, and the activation that torch.nn lacks."""

import torch
from torch import Tensor, nn

from lenet.networks.forward import TANH_HEIGHT, TANH_STEEPNESS
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


class ScaledTanh(nn.Module):
    """The activation of the published LeNet-5, 1.7159 tanh(2x/3) (LeCun et al., 1998)."""

    def forward(self, values: Tensor) -> Tensor:
        """Return the activations, of the same shape."""
        return TANH_HEIGHT * torch.tanh(TANH_STEEPNESS * values)


ACTIVATION_MODULES: dict[str, type[nn.Module]] = {
    name: getattr(nn, kind.module, ScaledTanh) for name, kind in ACTIVATIONS.items()
}
POOLING_MODULES: dict[str, type[nn.Module]] = {name: getattr(nn, kind.module) for name, kind in POOLINGS.items()}


def layer_module(layer: Layer) -> nn.Module:
    """Return a layer as a module with weights of its own."""
    match layer:
        case Convolution():
            return nn.Conv2d(layer.in_channels, layer.channels, layer.kernel_size, padding=layer.padding)
        case Dense():
            return nn.Linear(layer.in_features, layer.features)
        case BatchNorm():
            return nn.BatchNorm2d(layer.channels, layer.epsilon, layer.momentum)
        case Activation():
            return ACTIVATION_MODULES[layer.function]()
        case Pooling():
            return POOLING_MODULES[layer.function](kernel_size=2, stride=2)
        case GlobalPooling():
            return nn.AdaptiveAvgPool2d(1)
        case Dropout():
            return nn.Dropout(layer.rate)
        case Flatten():
            return nn.Flatten()
