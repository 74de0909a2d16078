"""Shape errors explained: which layer failed, the shape that it expects, and the shape that it received.

PyTorch reports `mat1 and mat2 shapes cannot be multiplied (256x256 and 400x120)` and leaves the search to the reader.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from lenet.errors import ModelError

LayerShape = tuple[str, nn.Module, tuple[int, ...]]  # a layer's name, itself, and a shape


def explain_shape_error(model: nn.Module, images: Tensor, error: RuntimeError) -> ModelError | None:
    """Return an error that names the layer on which `model(images)` failed; None if a shape is not the reason.

    Args:
        model: the network.
        images: (N, channels, height, width); two are enough.
        error: PyTorch's.
    """
    entered, left = _follow(model, images[:2])
    given = _shape(tuple(images.shape))
    if entered and len(entered) == len(left) + 1:
        name, layer, shape = entered[-1]
        if (needed := _expected(layer, shape)) is None:
            return _dtype_error(name, layer, images)
        return ModelError(
            f"the network does not take images of {given}: layer {name}, {layer}, expects {needed} "
            f"and received {_shape(shape)}",
            hint=_hint(name, layer, shape),
        )
    if left and "shape" in str(error):
        name, layer, shape = left[-1]
        return ModelError(
            f"the network does not take images of {given}: layer {name}, {layer}, gives {_shape(shape)}, "
            f"and the next operation in forward fails: {str(error).splitlines()[0]}",
            hint="view and reshape need the sizes that arrive; x.flatten(1) needs none",
        )
    return None


def _follow(model: nn.Module, images: Tensor) -> tuple[list[LayerShape], list[LayerShape]]:
    """The layers that the images entered, with the input shapes, and those that they left, with the output shapes."""
    entered: list[LayerShape] = []
    left: list[LayerShape] = []
    handles = []
    for name, layer in model.named_modules():
        if list(layer.children()):
            continue

        def enter(layer: nn.Module, inputs: Any, name: str = name) -> None:
            entered.append((name or "0", layer, tuple(inputs[0].shape)))

        def leave(layer: nn.Module, _: Any, output: Any, name: str = name) -> None:
            left.append((name or "0", layer, tuple(output.shape)))

        handles += [layer.register_forward_pre_hook(enter), layer.register_forward_hook(leave)]
    modes = [(module, module.training) for module in model.modules()]
    try:
        with torch.no_grad():
            model.eval()
            model(images)
    except (RuntimeError, IndexError, AttributeError):
        pass
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes:
            module.training = training
    return entered, left


def _expected(layer: nn.Module, shape: tuple[int, ...]) -> str | None:
    """The shape that a layer expects, in words, if it is the reason why it fails with this one."""
    if isinstance(layer, nn.Linear) and shape[-1:] != (layer.in_features,):
        return f"(N, {layer.in_features})"
    if isinstance(layer, nn.Conv2d):
        if len(shape) != 4 or shape[1] != layer.in_channels:
            return f"(N, {layer.in_channels}, height, width)"
        height, width = _smallest(layer)
        if shape[2] >= height and shape[3] >= width:
            return None
        return f"(N, {layer.in_channels}, height, width) of at least {height}×{width}"
    if isinstance(layer, nn.BatchNorm2d) and (len(shape) != 4 or shape[1] != layer.num_features):
        return f"(N, {layer.num_features}, height, width)"
    if isinstance(layer, nn.MaxPool2d | nn.AvgPool2d):
        height, width = _smallest(layer)
        return f"(N, channels, height, width) of at least {height}×{width}"
    return None


def _dtype_error(name: str, layer: nn.Module, images: Tensor) -> ModelError | None:
    """The error for images whose type is not that of the weights of the layer that failed; None for other reasons."""
    if not isinstance(layer, nn.Linear | nn.Conv2d) or layer.weight.dtype == images.dtype:
        return None
    given, expected = (str(dtype).removeprefix("torch.") for dtype in (images.dtype, layer.weight.dtype))
    if layer.weight.dtype != torch.float32:
        hint = "net.float() makes the weights float32, which the kernels need too"
    else:
        hint = "X.float() / 255 makes images of bytes float32" if images.dtype == torch.uint8 else "use X.float()"
    return ModelError(
        f"the network does not take images of {given}: the weights of layer {name}, {layer}, are {expected}", hint=hint
    )


def _smallest(layer: nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d) -> tuple[int, int]:
    """The smallest height and width for which the output has a pixel.

    A kernel of k pixels, d apart, covers d (k - 1) + 1 pixels of the padded image. With ceil_mode a window may end up to
    stride - 1 pixels outside.
    """
    if layer.padding == "same":
        return 1, 1
    kernels, paddings, strides = _edges(layer.kernel_size), _edges(layer.padding), _edges(layer.stride)
    dilations = _edges(getattr(layer, "dilation", 1))  # nn.AvgPool2d has none
    outside = [stride - 1 if getattr(layer, "ceil_mode", False) else 0 for stride in strides]
    height, width = (
        max(1, dilations[i] * (kernels[i] - 1) + 1 - 2 * paddings[i] - outside[i]) for i in range(len(kernels))
    )
    return height, width


def _hint(name: str, layer: nn.Module, shape: tuple[int, ...]) -> str:
    if isinstance(layer, nn.Linear) and len(shape) == 2:
        return f"make it nn.Linear({shape[1]}, {layer.out_features}), or change the layers before it"
    if isinstance(layer, nn.Linear) and math.prod(shape[1:]) == layer.in_features:
        return f"put nn.Flatten() before {name}"
    return "change the layers before it, or resize the images: load_data_fashion_mnist(batch_size, resize=…)"


def _edges(size: Any) -> tuple[int, int]:
    if isinstance(size, str):
        return 0, 0
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def _shape(shape: tuple[int, ...]) -> str:
    """A shape, with N for the number of images."""
    return f"({', '.join(['N', *map(str, shape[1:])])})"
