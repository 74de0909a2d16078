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
from lenet.networks.layers import Activation, Convolution, Dense, Flatten, Layer, Pooling
from lenet.networks.network import Network

Values = NDArray[np.floating[Any]]


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
    """Return the output of every layer.

    Args:
        network: the network.
        inputs: (N, channels, height, width), float32 or float64, in which everything is computed.

    Returns:
        One array a layer, (N, *shape), in the order of `network.architecture.layers`; the last holds the logits.
    """
    parameters = network.parameters
    outputs: list[Values] = []
    values = inputs
    for layer in network.architecture.layers:
        values = _output(layer, parameters, values)
        outputs.append(values)
    return outputs


def _output(layer: Layer, parameters: Mapping[str, Values], values: Values) -> Values:
    match layer:
        case Convolution():
            return _convolution(layer, parameters, values)
        case Dense():
            weight = parameters[f"{layer.name}.weight"].astype(values.dtype)
            return values @ weight.T + parameters[f"{layer.name}.bias"]
        case Activation():
            activated: Values = ACTIVATION_FUNCTIONS[layer.function](values)
            return activated
        case Pooling():
            rows, columns = values.shape[2] // 2, values.shape[3] // 2
            squares = values[:, :, : 2 * rows, : 2 * columns].reshape(*values.shape[:2], rows, 2, columns, 2)
            return POOLING_FUNCTIONS[layer.function](squares)
        case Flatten():
            return values.reshape(len(values), -1)


def _convolution(layer: Convolution, parameters: Mapping[str, Values], values: Values) -> Values:
    weight = parameters[f"{layer.name}.weight"].astype(values.dtype)  # (out, in, k, k)
    padding = (layer.padding, layer.padding)
    padded = np.pad(values, ((0, 0), (0, 0), padding, padding))
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], (2, 3))  # (N, in, rows, columns, k, k)
    sums = np.tensordot(windows, weight, ((1, 4, 5), (1, 2, 3)))  # (N, rows, columns, out)
    return np.ascontiguousarray((sums + parameters[f"{layer.name}.bias"]).transpose(0, 3, 1, 2))


def _sigmoid(values: Values) -> Values:
    exponential = np.exp(-np.abs(values))  # at most 1: no overflow
    result: Values = np.where(values >= 0, 1, exponential) / (1 + exponential)
    return result


def _relu(values: Values) -> Values:
    return np.maximum(values, 0)


ACTIVATION_FUNCTIONS: dict[str, Callable[[Values], Values]] = {"sigmoid": _sigmoid, "tanh": np.tanh, "relu": _relu}

# Of (N, channels, rows, 2, columns, 2).
POOLING_FUNCTIONS: dict[str, Callable[[Values], Values]] = {
    "max": lambda squares: squares.max(axis=(3, 5)),
    "avg": lambda squares: squares.mean(axis=(3, 5)),
}
