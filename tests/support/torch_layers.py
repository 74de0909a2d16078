"""What each type of layer computes in evaluation, by PyTorch's functions alone."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def by_pytorch(layer: Any, tensors: Mapping[str, Any], values: Tensor) -> Tensor:
    """What a layer of lenet's computes in evaluation, in float64."""
    weight: Any
    weight, bias, mean, variance = (
        torch.from_numpy(tensors[f"{layer.name}.{part}"]).double() if f"{layer.name}.{part}" in tensors else None
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    functions: dict[str, Callable[[], Tensor]] = {
        "Conv2d": lambda: F.conv2d(values, weight, bias, padding=layer.padding),
        "Linear": lambda: F.linear(values, weight, bias),
        "BatchNorm2d": lambda: F.batch_norm(values, mean, variance, weight, bias),
        "LeakyReLU": lambda: F.leaky_relu(values),
        "ScaledTanh": lambda: 1.7159 * torch.tanh(2 * values / 3),
        "ReLU": lambda: F.relu(values),
        "Tanh": lambda: torch.tanh(values),
        "Sigmoid": lambda: torch.sigmoid(values),
        "MaxPool2d": lambda: F.max_pool2d(values, 2),
        "AvgPool2d": lambda: F.avg_pool2d(values, 2),
        "AdaptiveAvgPool2d": lambda: F.adaptive_avg_pool2d(values, 1),
        "Dropout": lambda: F.dropout(values, layer.rate, training=False),
        "Flatten": lambda: values.flatten(1),
    }
    result: Tensor = functions[layer.kind]()
    return result
