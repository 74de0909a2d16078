"""What a network computes, layer by layer, in plain NumPy: for looking at layers, not for speed.

outputs = forward(network, as_input(images, preprocessing))
logits = outputs[-1]
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images
from lenet.images.preprocess import Preprocessing
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
from lenet.networks.network import Network

Values = NDArray[np.floating[Any]]

TANH_HEIGHT, TANH_STEEPNESS = 1.7159, 2 / 3  # of scaled-tanh (LeCun et al., 1998)
LEAK = 0.01  # the slope of leaky-relu for negative numbers


def as_input(images: Images, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Return what a network takes for images.

    Args:
        images: uint8 (N, height, width) or (N, height, width, channels).
        preprocessing: its mean and standard deviation are subtracted and divided by.

    Returns:
        float32 (N, channels, height, width).
    """
    pixels = images.astype(np.float32) / np.float32(255)
    if preprocessing.std != 1 or preprocessing.mean != 0:
        pixels = (pixels - np.float32(preprocessing.mean)) / np.float32(preprocessing.std)
    return pixels[:, None] if pixels.ndim == 3 else np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))


def forward(network: Network, inputs: Values) -> list[Values]:
    """Return the output of every layer in evaluation: BatchNorm takes its running statistics, Dropout drops nothing.

    Args:
        network: the network.
        inputs: (N, channels, height, width), float32 or float64, in which everything is computed.

    Returns:
        One array a layer, (N, *shape), in the order of `network.architecture.layers`; the last holds the logits.
    """
    tensors = network.tensors
    outputs: list[Values] = []
    values = inputs
    for layer in network.architecture.layers:
        values = _output(layer, tensors, values)
        outputs.append(values)
    return outputs


def _output(layer: Layer, tensors: Mapping[str, Values], values: Values) -> Values:
    match layer:
        case Convolution():
            return _convolution(layer, tensors, values)
        case Dense():
            weight = tensors[f"{layer.name}.weight"].astype(values.dtype)
            return values @ weight.T + tensors[f"{layer.name}.bias"]
        case BatchNorm():
            return _normalized(layer, tensors, values)
        case Activation():
            activated: Values = ACTIVATION_FUNCTIONS[layer.function](values)
            return activated
        case Pooling():
            rows, columns = values.shape[2] // 2, values.shape[3] // 2
            squares = values[:, :, : 2 * rows, : 2 * columns].reshape(*values.shape[:2], rows, 2, columns, 2)
            return POOLING_FUNCTIONS[layer.function](squares)
        case GlobalPooling():
            means: Values = values.mean(axis=(2, 3), keepdims=True)
            return means
        case Dropout():
            return values
        case Flatten():
            return values.reshape(len(values), -1)


def _convolution(layer: Convolution, tensors: Mapping[str, Values], values: Values) -> Values:
    weight = tensors[f"{layer.name}.weight"].astype(values.dtype)  # (out, in, k, k)
    padding = (layer.padding, layer.padding)
    padded = np.pad(values, ((0, 0), (0, 0), padding, padding))
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], (2, 3))  # (N, in, rows, columns, k, k)
    sums = np.tensordot(windows, weight, ((1, 4, 5), (1, 2, 3)))  # (N, rows, columns, out)
    return np.ascontiguousarray((sums + tensors[f"{layer.name}.bias"]).transpose(0, 3, 1, 2))


def _normalized(layer: BatchNorm, tensors: Mapping[str, Values], values: Values) -> Values:
    weight, bias, mean, variance = (
        tensors[f"{layer.name}.{part}"].astype(values.dtype)[:, None, None]
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    normalized: Values = (values - mean) * (weight / np.sqrt(variance + layer.epsilon)) + bias
    return normalized


def _sigmoid(values: Values) -> Values:
    exponential = np.exp(-np.abs(values))  # at most 1: no overflow
    result: Values = np.where(values >= 0, 1, exponential) / (1 + exponential)
    return result


def _relu(values: Values) -> Values:
    return np.maximum(values, 0)


def _scaled_tanh(values: Values) -> Values:
    result: Values = TANH_HEIGHT * np.tanh(TANH_STEEPNESS * values)
    return result


def _leaky_relu(values: Values) -> Values:
    return np.where(values > 0, values, LEAK * values)


ACTIVATION_FUNCTIONS: dict[str, Callable[[Values], Values]] = {
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": _relu,
    "scaled-tanh": _scaled_tanh,
    "leaky-relu": _leaky_relu,
}

# Of (N, channels, rows, 2, columns, 2).
POOLING_FUNCTIONS: dict[str, Callable[[Values], Values]] = {
    "max": lambda squares: squares.max(axis=(3, 5)),
    "avg": lambda squares: squares.mean(axis=(3, 5)),
}
