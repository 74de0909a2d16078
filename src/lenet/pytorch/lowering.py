"""An nn.Sequential of PyTorch's layers as an Architecture, or the reason why it cannot be one."""

from collections.abc import Iterator, Mapping

import torch
from torch import nn

from lenet.engines.lowering import refused
from lenet.errors import ModelError
from lenet.networks import Architecture, Network
from lenet.networks.forward import LEAK
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
from lenet.networks.network import split
from lenet.pytorch.layers import ACTIVATION_MODULES, POOLING_MODULES
from lenet.pytorch.modules import network_tensors

_ACTIVATIONS = {kind: name for name, kind in ACTIVATION_MODULES.items()}
_POOLINGS = {kind: name for name, kind in POOLING_MODULES.items()}

_LAYERS = (nn.Conv2d, nn.Linear, nn.Flatten, nn.BatchNorm2d, nn.AdaptiveAvgPool2d, nn.Dropout)

# What a layer's attributes must be for lenet's layers to compute the same.
_CONVOLUTION = {"stride": (1, 1), "dilation": (1, 1), "groups": 1, "padding_mode": "zeros"}
_BATCH_NORM = {"eps": BatchNorm.epsilon, "momentum": BatchNorm.momentum, "affine": True, "track_running_stats": True}
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

    A convolution before a BatchNorm may lack its bias: the network's is zero, and stays so, as its gradient is zero.

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
    tensors = network_tensors(layers)
    for name, view in split(torch.from_numpy(network.weights), architecture.tensor_shapes).items():
        if name in tensors:
            view.copy_(tensors[name].detach())
        else:
            view.zero_()
    return network


def _layers(layers: nn.Sequential) -> Iterator[Layer]:
    modules = list(layers._modules.items())  # named_children would leave out a layer that is there twice
    for (name, layer), (_, after) in zip(modules, [*modules[1:], ("", None)], strict=True):
        kind = type(layer)
        if isinstance(layer, nn.Conv2d) and kind is nn.Conv2d:
            yield _convolution(name, layer, has_bias=layer.bias is not None or type(after) is nn.BatchNorm2d)
        elif isinstance(layer, nn.Linear) and kind is nn.Linear:
            if layer.bias is None:
                raise refused("nn.Linear without bias", "nn.Linear with a bias")
            yield Dense(name, layer.in_features, layer.out_features)
        elif isinstance(layer, nn.BatchNorm2d) and kind is nn.BatchNorm2d:
            _check("nn.BatchNorm2d", layer, _BATCH_NORM)
            if layer.bias is None:
                raise refused("nn.BatchNorm2d without bias", "nn.BatchNorm2d with a bias")
            yield BatchNorm(name, layer.num_features)
        elif isinstance(layer, nn.Flatten) and (layer.start_dim, layer.end_dim) == (1, -1):
            yield Flatten(name)
        elif kind in _ACTIVATIONS:
            _check("nn.LeakyReLU", layer, {"negative_slope": LEAK})
            yield Activation(name, _ACTIVATIONS[kind])
        elif kind in _POOLINGS:
            _check("a pooling", layer, _POOLING)
            yield Pooling(name, _POOLINGS[kind])
        elif kind is nn.AdaptiveAvgPool2d:
            _check("nn.AdaptiveAvgPool2d", layer, {"output_size": 1})
            yield GlobalPooling(name)
        elif isinstance(layer, nn.Dropout) and kind is nn.Dropout:
            yield Dropout(name, layer.p)
        else:
            expected = ", ".join(f"nn.{each.__name__}" for each in (*_LAYERS, *_ACTIVATIONS, *_POOLINGS))
            raise refused(f"nn.{kind.__name__}", expected)


def _convolution(name: str, layer: nn.Conv2d, has_bias: bool) -> Convolution:
    _check("a convolution", layer, _CONVOLUTION)
    kernel, padding = layer.kernel_size, layer.padding
    if kernel[0] != kernel[1]:
        raise refused(f"a kernel of {kernel[0]}×{kernel[1]}", "a square")
    if isinstance(padding, str) or padding[0] != padding[1]:
        raise refused(f"a padding of {padding}", "the same on all sides")
    if not has_bias:
        raise refused("a convolution without bias", "one with a bias, or one directly before nn.BatchNorm2d")
    return Convolution(name, layer.in_channels, layer.out_channels, kernel[0], int(padding[0]))


def _check(what: str, layer: nn.Module, expected: Mapping[str, object]) -> None:
    for attribute, value in expected.items():
        actual = getattr(layer, attribute, value)
        actual = tuple(actual) if isinstance(actual, list) else actual
        if actual not in (value, (value, value)):
            raise refused(f"{what} with {attribute} {actual}", f"{value}")


def _check_parameters(layers: nn.Module) -> None:
    for layer in layers.modules():
        if layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks or layer._backward_pre_hooks:
            raise refused(f"nn.{type(layer).__name__} with a hook", "layers without hooks, which they would not call")
    parameters = [parameter for _, parameter in layers.named_parameters(remove_duplicate=False)]
    if len(parameters) != len(list(layers.parameters())):
        raise refused("layers that share weights", "layers of their own")
    for parameter in parameters:
        if parameter.dtype != torch.float32 or parameter.device.type != "cpu":
            raise refused(f"weights of {parameter.dtype} on {parameter.device}", "torch.float32 on cpu")
