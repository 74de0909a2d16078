"""The gradient of a logit with respect to a network's input, in plain NumPy: which pixels move it, and in which direction.

    gradient = input_gradient(network, as_input(images, preprocessing), labels)  # (N, channels, height, width)

As forward.py it computes in evaluation: BatchNorm takes its running statistics, Dropout drops nothing.
"""

import itertools
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images
from lenet.errors import DataError
from lenet.images.preprocess import Preprocessing
from lenet.networks.forward import LEAK, TANH_HEIGHT, TANH_STEEPNESS, Values, as_input, forward
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

AT_ONCE = 250  # images, whose outputs of all layers are in memory together


def of_images(
    network: Network, images: Images, classes: NDArray[np.int64], preprocessing: Preprocessing
) -> NDArray[np.float32]:
    """Return the gradient of one logit of each image with respect to what the network takes for it.

    Args:
        network: the network.
        images: uint8 (N, height, width) or (N, height, width, channels), of the network's size.
        classes: int64 (N,), which logit, such as the labels.
        preprocessing: how images become the network's input.

    Returns:
        float32 (N, channels, height, width). The change of a logit for a change of a pixel, from 0 to 1, is 1 / std of it.

    Raises:
        DataError: for classes that the network does not have, or another number of them.
    """
    num_classes = network.architecture.num_classes
    classes = np.asarray(classes)
    if classes.shape != (len(images),) or classes.dtype.kind not in "iu":
        raise DataError(f"the classes are {classes.dtype} {classes.shape}; expected int64 ({len(images)},)")
    if len(classes) and not 0 <= classes.min() <= classes.max() < num_classes:
        odd = classes[(classes < 0) | (classes >= num_classes)][0]
        raise DataError(f"there is a class {odd}; expected classes from 0 to {num_classes - 1}")
    parts: list[Values] = [np.empty((0, *network.architecture.input_shape), np.float32)]
    for start in range(0, len(images), AT_ONCE):
        positions = slice(start, start + AT_ONCE)
        parts.append(input_gradient(network, as_input(images[positions], preprocessing), classes[positions]))
    return np.concatenate(parts)


def input_gradient(network: Network, inputs: Values, classes: NDArray[np.int64]) -> Values:
    """Return the gradient of one logit of each image with respect to the network's input.

    At a kink it is PyTorch's: 0 for ReLU at 0, and in a maximum of equal numbers that of the first.

    Args:
        network: the network.
        inputs: (N, channels, height, width), float32 or float64, in which everything is computed.
        classes: int64 (N,), which logit.

    Returns:
        (N, channels, height, width), as `inputs`.
    """
    outputs = forward(network, inputs)
    gradient = np.zeros_like(outputs[-1])
    gradient[np.arange(len(classes)), classes] = 1
    tensors, befores = network.tensors, [inputs, *outputs[:-1]]
    for layer, before, after in reversed(list(zip(network.architecture.layers, befores, outputs, strict=True))):
        gradient = _before(layer, tensors, gradient, before, after)
    return gradient


def _before(layer: Layer, tensors: Mapping[str, Values], gradient: Values, before: Values, after: Values) -> Values:
    """The gradient with respect to a layer's input `before`, of that with respect to its output `after`."""
    match layer:
        case Convolution():
            return _before_convolution(layer, tensors, gradient, before)
        case Dense():
            return gradient @ tensors[f"{layer.name}.weight"].astype(gradient.dtype)
        case BatchNorm():
            weight, variance = (
                tensors[f"{layer.name}.{part}"].astype(gradient.dtype) for part in ("weight", "running_var")
            )
            scaled: Values = gradient * (weight / np.sqrt(variance + layer.epsilon))[:, None, None]
            return scaled
        case Activation():
            return gradient * SLOPES[layer.function](before, after)
        case Pooling():
            return _before_pooling(layer, gradient, before)
        case GlobalPooling():
            height, width = before.shape[2:]
            return np.broadcast_to(gradient / (height * width), before.shape)
        case Dropout():
            return gradient
        case Flatten():
            return gradient.reshape(before.shape)


def _before_convolution(layer: Convolution, tensors: Mapping[str, Values], gradient: Values, before: Values) -> Values:
    """What each output gives to the pixels of its window, added up where windows overlap."""
    weight = tensors[f"{layer.name}.weight"].astype(gradient.dtype)  # (out, in, k, k)
    shares = np.tensordot(gradient, weight, ((1,), (0,)))  # (N, rows, columns, in, k, k)
    num_images, channels, height, width = before.shape
    around, (rows, columns) = layer.padding, gradient.shape[2:]
    padded = np.zeros((num_images, channels, height + 2 * around, width + 2 * around), gradient.dtype)
    for row, column in itertools.product(range(layer.kernel_size), repeat=2):
        padded[:, :, row : row + rows, column : column + columns] += shares[..., row, column].transpose(0, 3, 1, 2)
    return padded[:, :, around : around + height, around : around + width]


def _before_pooling(layer: Pooling, gradient: Values, before: Values) -> Values:
    rows, columns = gradient.shape[2:]
    result = np.zeros_like(before)
    whole = result[:, :, : 2 * rows, : 2 * columns]  # without an odd last row or column
    if layer.function == "avg":
        whole[...] = (gradient / 4).repeat(2, axis=2).repeat(2, axis=3)
        return result
    squares = before[:, :, : 2 * rows, : 2 * columns].reshape(*before.shape[:2], rows, 2, columns, 2)
    squares = squares.transpose(0, 1, 2, 4, 3, 5).reshape(*gradient.shape, 4)
    largest = squares.argmax(axis=-1)
    for position in range(4):
        row, column = divmod(position, 2)
        whole[:, :, row::2, column::2] = np.where(largest == position, gradient, 0)
    return result


# The derivative of each activation, from its input and output.
SLOPES: dict[str, Callable[[Values, Values], Values]] = {
    "sigmoid": lambda before, after: after * (1 - after),
    "tanh": lambda before, after: 1 - after * after,
    "relu": lambda before, after: (before > 0).astype(before.dtype),
    "scaled-tanh": lambda before, after: TANH_STEEPNESS * (TANH_HEIGHT - after * after / TANH_HEIGHT),
    "leaky-relu": lambda before, after: np.where(before > 0, before.dtype.type(1), before.dtype.type(LEAK)),
}
