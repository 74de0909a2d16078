"""What the calls in a forward stand for: modules, functions of torch and methods of tensors, as PyTorch's layers."""

import math
import operator
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn
from torch.nn.modules.dropout import _DropoutNd

from lenet.errors import ModelError
from lenet.networks.forward import TANH_HEIGHT, TANH_STEEPNESS
from lenet.pytorch.layers import ACTIVATION_MODULES, POOLING_MODULES, ScaledTanh

ACTIVATIONS = tuple(ACTIVATION_MODULES.values())
LAYERS = (
    nn.Conv2d,
    nn.Linear,
    nn.BatchNorm2d,
    nn.AdaptiveAvgPool2d,
    nn.Dropout,
    nn.Flatten,
    nn.Identity,
    *ACTIVATIONS,
    *POOLING_MODULES.values(),
)

# The layer that a function or a method of a tensor stands for.
FUNCTIONS: dict[Any, type[nn.Module]] = {
    **dict.fromkeys((F.relu, torch.relu, "relu"), nn.ReLU),
    **dict.fromkeys((F.sigmoid, torch.sigmoid, "sigmoid"), nn.Sigmoid),
    **dict.fromkeys((F.tanh, torch.tanh, "tanh"), nn.Tanh),
    **dict.fromkeys((F.max_pool2d, torch.max_pool2d), nn.MaxPool2d),
    **dict.fromkeys((torch.mean, "mean"), nn.AdaptiveAvgPool2d),
    F.leaky_relu: nn.LeakyReLU,
    F.avg_pool2d: nn.AvgPool2d,
    F.adaptive_avg_pool2d: nn.AdaptiveAvgPool2d,
    F.dropout: nn.Dropout,
}
# A function's arguments after the first, by position; the others only by name.
ARGUMENTS: dict[Any, tuple[str, ...]] = {
    **dict.fromkeys((nn.MaxPool2d, nn.AvgPool2d), ("kernel_size", "stride", "padding")),
    nn.LeakyReLU: ("negative_slope",),
    nn.AdaptiveAvgPool2d: ("output_size",),
    nn.Dropout: ("p", "training"),
}
MEANS = (torch.mean, "mean")
RESHAPING = (torch.flatten, torch.reshape, "view", "reshape", "flatten")
READING = (getattr, operator.getitem, operator.mul, math.prod, "size", "dim", "numel")

Shape = tuple[int, ...]


class _Scaling(nn.Module):
    """A multiplication by a number, which is a layer only as a part of ScaledTanh."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor


def check_known(layer: nn.Module) -> None:
    """Raise ModelError for a module that stands for none of lenet's layers."""
    if type(layer) not in LAYERS and not (isinstance(layer, _DropoutNd) and not layer.training):
        raise refused(f"nn.{type(layer).__name__}")


def check_function(target: Any) -> None:
    """Raise ModelError for a function or method that stands for none of lenet's layers, reshapes or reads a shape."""
    if target not in (*FUNCTIONS, *RESHAPING, *READING):
        raise refused(f"{_name(target)} in forward")


def node_layers(node: fx.Node, model: nn.Module, before: Shape, after: Shape) -> list[nn.Module]:
    """Return the layers that a call stands for; none for one that changes nothing.

    Args:
        node: the call.
        model: whose modules it may call; its mode is that in which it is followed.
        before: the shape of what the call gets.
        after: the shape of what it returns.

    Raises:
        ModelError: for a call that is no layer.
    """
    if node.op == "call_module":
        return _module_layers(node, model, before, after)
    if node.target in RESHAPING:
        return _flattening(before, after)
    if node.target is operator.mul and len(numbers := [each for each in node.args if isinstance(each, float)]) == 1:
        return [_Scaling(numbers[0])]
    kind = FUNCTIONS.get(node.target)
    if kind is None:  # one of READING, that reads an image instead of a shape
        raise refused(f"{_name(node.target)} of images in forward")
    if len(node.all_input_nodes) > 1:
        raise refused(f"{_name(node.target)} with arguments that are not plain numbers")
    if node.target in MEANS:
        return _mean(node, before, after)
    options: dict[str, Any] = dict(zip(ARGUMENTS.get(kind, ()), node.args[1:], strict=False)) | node.kwargs
    options = {name: value for name, value in options.items() if name not in ("input", "inplace")}
    if kind is nn.Dropout:
        return _dropout(options.pop("training", True), model, **options)
    return [kind(**options)]


def with_scaled_tanh(layers: list[nn.Module]) -> list[nn.Module]:
    """Return the layers with a ScaledTanh in place of each 1.7159 * tanh(2/3 * x).

    Raises:
        ModelError: for any other multiplication.
    """
    joined: list[nn.Module] = []
    for layer in layers:
        joined.append(layer)
        match joined[-3:]:
            case [_Scaling(factor=before), nn.Tanh(), _Scaling(factor=after)]:
                if (before, after) == (TANH_STEEPNESS, TANH_HEIGHT):
                    joined[-3:] = [ScaledTanh()]
    if any(isinstance(layer, _Scaling) for layer in joined):
        raise refused("mul of images in forward")
    return joined


def refused(what: str) -> ModelError:
    """Return the error for a network that is no chain of layers."""
    return ModelError(f"not a chain of layers: {what}")


def _module_layers(node: fx.Node, model: nn.Module, before: Shape, after: Shape) -> list[nn.Module]:
    layer = model.get_submodule(str(node.target))
    if len(node.args) > 1 or node.kwargs:
        raise refused(f"more than one argument for {node.target}")
    depends_on_mode = isinstance(layer, nn.BatchNorm2d) or (isinstance(layer, nn.Dropout) and layer.training)
    if depends_on_mode and layer.training != model.training:
        mode = "training" if layer.training else "evaluation"
        raise refused(f"{node.target} (nn.{type(layer).__name__}) in {mode} mode, in which the network is not")
    is_idle = isinstance(layer, _DropoutNd) and not layer.training
    is_flat = isinstance(layer, nn.Flatten) and before == after
    return [] if is_idle or is_flat or isinstance(layer, nn.Identity) else [layer]


def _flattening(before: Shape, after: Shape) -> list[nn.Module]:
    if after == before:
        return []
    if after != (before[0], math.prod(before[1:])):
        raise refused(f"a reshaping from {before} to {after}")
    return [nn.Flatten()]


def _mean(node: fx.Node, before: Shape, after: Shape) -> list[nn.Module]:
    """The mean over all pixels, whether it keeps them as 1×1 or not."""
    dim = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", node.kwargs.get("axis"))
    dims = {each % 4 for each in dim if isinstance(each, int)} if isinstance(dim, tuple | list) else set()
    if len(before) != 4 or dims != {2, 3} or "dtype" in node.kwargs:
        raise refused(f"a mean over {dim} of {before}, which is not that over all pixels")
    return [nn.AdaptiveAvgPool2d(1), *_flattening((*before[:2], 1, 1), after)]


def _dropout(is_active: bool, model: nn.Module, p: float = 0.5) -> list[nn.Module]:
    if is_active and not model.training:
        raise refused("F.dropout that drops in evaluation too, without training=self.training")
    return [nn.Dropout(p)] if is_active else []


def _name(target: Any) -> str:
    return str(getattr(target, "__name__", target))
