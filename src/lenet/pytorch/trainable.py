"""A Network as the module that the reference engine trains, where PyTorch's own layers would not do.

The plan decides what Dropout layers drop, not PyTorch's generator. And the bias of a convolution before a BatchNorm, which
subtracts it again with the mean, has the gradient zero; autograd finds rounding noise, which Adam would scale up.
"""

import itertools

import torch
from torch import Tensor, nn

from lenet.data.dropout import Keys, kept, scale
from lenet.networks import Network
from lenet.networks.layers import BatchNorm, Convolution, Dropout
from lenet.pytorch.modules import to_module


class PlannedDropout(nn.Module):
    """Drops what a plan says, by data/dropout.py.

    Args:
        layer: the layer.
        number: its position in Architecture.layers.

    Attributes:
        keys: of the images of the next batch, uint32 (B,); None drops nothing.
    """

    def __init__(self, layer: Dropout, number: int) -> None:
        super().__init__()
        self.layer, self.number = layer, number
        self.keys: Keys | None = None

    def forward(self, values: Tensor) -> Tensor:
        """Return (B, *shape) with 0 for the dropped numbers, and the others multiplied by 1 / (1 - rate)."""
        if not self.training or self.keys is None:
            return values
        mask = kept(self.keys, self.number, values[0].numel(), self.layer.rate)
        factors = torch.from_numpy(mask * scale(self.layer.rate)).to(values)
        return values * factors.reshape(values.shape)


def trainable(network: Network) -> nn.Module:
    """Return a network as a module for training, whose parameters and running statistics are views of its weights."""
    module = to_module(network)
    layers = network.architecture.layers
    for number, layer in enumerate(layers):
        if isinstance(layer, Dropout):
            parent, _, name = layer.name.rpartition(".")
            setattr(module.get_submodule(parent), name, PlannedDropout(layer, number))
    for layer, after in itertools.pairwise(layers):
        if isinstance(layer, Convolution) and isinstance(after, BatchNorm):
            module.get_parameter(f"{layer.name}.bias").requires_grad_(False)
    return module


def set_dropout_keys(module: nn.Module, keys: Keys | None) -> None:
    """Set the dropout keys, uint32 (B,), of the images of the next batch."""
    for layer in module.modules():
        if isinstance(layer, PlannedDropout):
            layer.keys = keys
