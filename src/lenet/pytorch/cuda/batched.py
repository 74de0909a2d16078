"""K networks of one architecture computed at once, each on images of its own.

Convolutions are one grouped convolution over the channels of all networks, dense layers one batched product.
"""

import itertools
import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lenet.data.dropout import scale
from lenet.networks import Architecture
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
from lenet.pytorch.cuda.steps import kept
from lenet.pytorch.layers import ACTIVATION_MODULES, POOLING_MODULES


def tensors_of(weights: Tensor, architecture: Architecture) -> dict[str, Tensor]:
    """Return the parameters and statistics of K networks by name, (K, *shape) each, views of (K, num_values)."""
    parts, start = {}, 0
    for name, shape in architecture.tensor_shapes.items():
        stop = start + math.prod(shape)
        parts[name] = weights[:, start:stop].view(len(weights), *shape)
        start = stop
    return parts


def frozen(architecture: Architecture) -> set[str]:
    """Return the names of parameters without a gradient: biases of convolutions that a BatchNorm follows."""
    pairs = itertools.pairwise(architecture.layers)
    return {f"{one.name}.bias" for one, two in pairs if isinstance(one, Convolution) and isinstance(two, BatchNorm)}


class Batched:
    """Computes K networks at once.

    Args:
        architecture: of each network.
    """

    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture
        functions = {layer.function for layer in architecture.layers if isinstance(layer, Activation)}
        self._activations: dict[str, nn.Module] = {name: ACTIVATION_MODULES[name]() for name in functions}

    def __call__(
        self, images: Tensor, tensors: Mapping[str, Tensor], *, training: bool = False, keys: Tensor | None = None
    ) -> Tensor:
        """Compute logits.

        Args:
            images: float32 (K, B, C, H, W).
            tensors: parameters and running statistics by name, (K, *shape) each; training moves the statistics.
            training: whether batch normalization takes the statistics of the batch, and dropout drops.
            keys: of the images, for dropout, int64 (K, B).

        Returns:
            float32 (K, B, num_classes).
        """
        values = images
        for number, layer in enumerate(self.architecture.layers):
            values = self._layer(layer, number, values, tensors, training, keys)
        return values

    def _layer(
        self,
        layer: Layer,
        number: int,
        values: Tensor,
        tensors: Mapping[str, Tensor],
        training: bool,
        keys: Tensor | None,
    ) -> Tensor:
        """One layer. Values: (K, B, C, H, W) at first, (B, K · C, H, W) after a convolution, (K, B, features) when flat."""
        count = next(iter(tensors.values())).shape[0]
        match layer:
            case Convolution():
                weight, bias = tensors[f"{layer.name}.weight"], tensors[f"{layer.name}.bias"]
                joined = (weight.flatten(0, 1), bias.flatten())
                return F.conv2d(_side_by_side(values, count), *joined, padding=layer.padding, groups=count)
            case Dense():
                weight, bias = tensors[f"{layer.name}.weight"], tensors[f"{layer.name}.bias"]
                return torch.baddbmm(bias.unsqueeze(1), values, weight.transpose(1, 2))
            case BatchNorm():
                return _normalized(layer, _side_by_side(values, count), tensors, training)
            case Activation():
                activated: Tensor = self._activations[layer.function](values)
                return activated
            case Pooling():
                pooled: Tensor = POOLING_MODULES[layer.function](kernel_size=2, stride=2)(_side_by_side(values, count))
                return pooled
            case GlobalPooling():
                return _side_by_side(values, count).mean((2, 3), keepdim=True)
            case Flatten():
                return _of_each(values, count).flatten(2)
            case Dropout():
                if not training or keys is None or not layer.rate:
                    return values
                each = _of_each(values, count)
                mask = kept(keys, number, each[0, 0].numel(), layer.rate) * float(scale(layer.rate))
                dropped = each * mask.to(values.dtype).view(each.shape)
                return dropped if values.ndim != 4 else _side_by_side(dropped, count)


def _side_by_side(values: Tensor, count: int) -> Tensor:
    """(K, B, C, H, W) as (B, K · C, H, W)."""
    return values if values.ndim == 4 else values.transpose(0, 1).flatten(1, 2)


def _of_each(values: Tensor, count: int) -> Tensor:
    """(B, K · C, H, W) as (K, B, C, H, W)."""
    return values.unflatten(1, (count, -1)).transpose(0, 1) if values.ndim == 4 else values


def _normalized(layer: BatchNorm, values: Tensor, tensors: Mapping[str, Tensor], training: bool) -> Tensor:
    """Batch normalization of (B, K · C, H, W), each network's channels by themselves."""
    parts = [tensors[f"{layer.name}.{name}"] for name in ("running_mean", "running_var", "weight", "bias")]
    mean, variance, weight, bias = (part.flatten() for part in parts)  # copies: the vectors lie behind each other
    mean, variance = mean.clone(), variance.clone()
    normalized = F.batch_norm(values, mean, variance, weight, bias, training, layer.momentum, layer.epsilon)
    if training:
        with torch.no_grad():
            parts[0].copy_(mean.view(parts[0].shape))
            parts[1].copy_(variance.view(parts[1].shape))
    return normalized
