"""An nn.Sequential of PyTorch's layers as an Architecture, or the reason why it cannot be one."""

from collections.abc import Iterator, Mapping

import torch
from torch import nn

from lenet.engines.lowering import refused
from lenet.errors import ModelError
from lenet.networks import Architecture, Network
from lenet.networks.forward import LEAK
from lenet.networks.layers import Activation, Convolution, Dense, Flatten, Layer, Pooling
from lenet.networks.network import split
from lenet.registry import ACTIVATIONS, POOLINGS

_ACTIVATIONS = {getattr(nn, kind.module): name for name, kind in ACTIVATIONS.items() if hasattr(nn, kind.module)}
_POOLINGS = {getattr(nn, kind.module): name for name, kind in POOLINGS.items()}

# What a layer's attributes must be for lenet's layers to compute the same.
_CONVOLUTION = {"stride": (1, 1), "dilation": (1, 1), "groups": 1, "padding_mode": "zeros"}
_POOLING = {
    "kernel_size": 2,
    "stride": 2,
    "padding": 0,
    "dilation": 1,
    "ceil_mode": False,
    "return_indices": False,
    "divisor_override": None,
}


def from_module(layers: nn.Sequential, input_shape: tuple[int, int, int]) -> Network:
    """Return a network with a copy of a module's weights; `modules.share` then makes them one memory.

    Args:
        layers: PyTorch's layers in a row, float32 on the CPU.
        input_shape: (channels, height, width) of an image.

    Raises:
        EngineError: for layers or weights that a Network cannot hold, naming them.
    """
    _check_parameters(layers)
    try:
        architecture = Architecture(input_shape, tuple(_layers(layers)))
    except ModelError as error:
        raise refused(error.message, "layers that fit together") from error
    network = Network.empty(architecture)
    parameters = list(layers.parameters())
    if len(parameters) != len(architecture.parameter_shapes):
        raise refused("layers that share weights", "layers of their own")
    views = split(torch.from_numpy(network.weights), architecture.parameter_shapes)
    for view, parameter in zip(views.values(), parameters, strict=True):
        view.copy_(parameter.detach())
    return network


def _layers(layers: nn.Sequential) -> Iterator[Layer]:
    for name, layer in layers._modules.items():  # named_children would leave out a layer that is there twice
        kind = type(layer)
        if isinstance(layer, nn.Conv2d) and kind is nn.Conv2d:
            yield _convolution(name, layer)
        elif isinstance(layer, nn.Linear) and kind is nn.Linear:
            if layer.bias is None:
                raise refused("nn.Linear without bias", "nn.Linear with a bias")
            yield Dense(name, layer.in_features, layer.out_features)
        elif isinstance(layer, nn.Flatten) and (layer.start_dim, layer.end_dim) == (1, -1):
            yield Flatten(name)
        elif kind in _ACTIVATIONS:
            _check("LeakyReLU", layer, {"negative_slope": LEAK})
            yield Activation(name, _ACTIVATIONS[kind])
        elif kind in _POOLINGS:
            _check("pooling", layer, _POOLING)
            yield Pooling(name, _POOLINGS[kind])
        else:
            known = (nn.Conv2d, nn.Linear, nn.Flatten, *_ACTIVATIONS, *_POOLINGS)
            raise refused(f"nn.{kind.__name__}", ", ".join(f"nn.{each.__name__}" for each in known))


def _convolution(name: str, layer: nn.Conv2d) -> Convolution:
    _check("convolution", layer, _CONVOLUTION)
    kernel, padding = layer.kernel_size, layer.padding
    if kernel[0] != kernel[1]:
        raise refused(f"a kernel of {kernel[0]}×{kernel[1]}", "a square")
    if isinstance(padding, str) or padding[0] != padding[1]:
        raise refused(f"a padding of {padding}", "the same on all sides")
    if layer.bias is None:
        raise refused("a convolution without bias", "one with")
    return Convolution(name, layer.in_channels, layer.out_channels, kernel[0], int(padding[0]))


def _check(what: str, layer: nn.Module, expected: Mapping[str, object]) -> None:
    for attribute, value in expected.items():
        actual = getattr(layer, attribute, value)
        if actual not in (value, (value, value)):
            raise refused(f"a {what} with {attribute} {actual}", f"{value}")


def _check_parameters(layers: nn.Module) -> None:
    for layer in layers.modules():
        if layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks or layer._backward_pre_hooks:
            raise refused(f"nn.{type(layer).__name__} with a hook", "layers without hooks, which they would not call")
    for parameter in layers.parameters():
        if parameter.dtype != torch.float32 or parameter.device.type != "cpu":
            raise refused(f"weights of {parameter.dtype} on {parameter.device}", "torch.float32 on cpu")
