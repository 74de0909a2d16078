"""The layers that a trained network needs for inference, with their arrays: what every export is written from.

    plan = InferencePlan.of(trained)
    for entry in plan.layers:
        entry.layer, entry.input_shape, entry.output_shape, entry.weight, entry.bias

Batch normalization is folded into the convolution before it, dropout is left out.
"""

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.errors import ModelError, RunError
from lenet.files.untrusted import printable
from lenet.images.preprocess import Preprocessing
from lenet.networks import Network
from lenet.networks.calibration import Calibration
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
    Shape,
)
from lenet.networks.trained import TrainedNetwork

InferenceLayer: TypeAlias = Convolution | Dense | Activation | Pooling | GlobalPooling | Flatten
Array: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PlannedLayer:
    """A layer for inference.

    Attributes:
        layer: its kind and sizes; the name is the one in the network.
        input_shape: (channels, height, width), or (features,) after Flatten.
        output_shape: likewise.
        weight: float32 (channels, in_channels, kernel, kernel) of a convolution, (features, in_features) of a dense layer.
        bias: float32 (channels,) or (features,).
    """

    layer: InferenceLayer
    input_shape: Shape
    output_shape: Shape
    weight: Array | None = None
    bias: Array | None = None

    @property
    def arrays(self) -> tuple[Array, Array]:
        """Weight and bias of a convolution or dense layer."""
        if self.weight is None or self.bias is None:
            raise TypeError(f"the layer {self.layer.name} ({self.layer.kind}) has no weights")
        return self.weight, self.bias


@dataclass(frozen=True, eq=False)
class InferencePlan:
    """What is computed from an image: normalisation, then these layers; the output of the last one is the logits.

    Attributes:
        preprocessing: the input of the first layer is (pixel / 255 - mean) / std.
        layers: the layers, in order.
        calibration: the temperature of the probabilities, and the rule for unknown images; None for a network without.
    """

    preprocessing: Preprocessing
    layers: tuple[PlannedLayer, ...]
    calibration: Calibration | None = None

    @classmethod
    def of(cls, trained: TrainedNetwork) -> "InferencePlan":
        """Return the plan of a trained network.

        Raises:
            RunError: if its weights cannot be read, or some of them are NaN or infinite, naming the layer.
        """
        return cls(trained.preprocessing, planned_layers(trained.network), trained.calibration)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of an image."""
        return (self.preprocessing.channels, *self.preprocessing.size)

    @property
    def num_classes(self) -> int:
        """How many logits are computed."""
        return math.prod(self.layers[-1].output_shape)

    @property
    def embedding(self) -> int | None:
        """The index of the dense layer whose input the rule for unknown images looks at; None without a calibration."""
        if self.calibration is None:
            return None
        names = [entry.layer.name for entry in self.layers]
        return names.index(self.calibration.layer)


def planned_layers(network: Network) -> tuple[PlannedLayer, ...]:
    """Return the layers of a network for inference, with copies of its weights.

    A BatchNorm that does not follow a convolution becomes a 1×1 convolution.

    Raises:
        RunError: for weights that are NaN or infinite, also after folding, naming the layer.
        ModelError: for a kind of layer that exports do not know.
    """
    tensors = network.tensors
    planned: list[PlannedLayer] = []
    shape: Shape = network.architecture.input_shape
    for layer in network.architecture.layers:
        output_shape = layer.output_shape(shape)
        match layer:
            case Dropout():
                continue
            case BatchNorm():
                if not planned or not isinstance(planned[-1].layer, Convolution):
                    planned.append(_identity(layer, shape))
                planned[-1] = _folded(planned[-1], layer, tensors)
            case Convolution() | Dense():
                weight, bias = (tensors[f"{layer.name}.{part}"].copy() for part in ("weight", "bias"))
                planned.append(PlannedLayer(layer, shape, output_shape, weight, bias))
            case Activation() | Pooling() | GlobalPooling() | Flatten():
                planned.append(PlannedLayer(layer, shape, output_shape))
            case _:
                raise ModelError(f"the layer {printable(layer.name)} ({layer.kind}) cannot be exported")
        _must_be_finite(planned[-1], layer)
        shape = output_shape
    return tuple(planned)


def _folded(entry: PlannedLayer, layer: BatchNorm, tensors: dict[str, Array]) -> PlannedLayer:
    """The convolution with the normalization of its output in its weights: both are linear in evaluation.

    weight' = weight * scale and bias' = (bias - mean) * scale + shift with scale = gamma / sqrt(variance + epsilon)
    """
    gamma, shift, mean, variance = (
        tensors[f"{layer.name}.{part}"].astype(np.float64)  # so that folding adds one rounding, not four
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gamma / np.sqrt(variance + layer.epsilon)
    weight, bias = entry.arrays
    with np.errstate(over="ignore"):
        return replace(
            entry,
            weight=(weight * scale[:, None, None, None]).astype(np.float32),
            bias=((bias - mean) * scale + shift).astype(np.float32),
        )


def _identity(layer: BatchNorm, shape: Shape) -> PlannedLayer:
    """A 1×1 convolution that changes nothing."""
    channels = layer.channels
    convolution = Convolution(layer.name, channels, channels, kernel_size=1)
    weight = np.eye(channels, dtype=np.float32)[:, :, None, None]
    return PlannedLayer(convolution, shape, shape, weight, np.zeros(channels, np.float32))


def _must_be_finite(entry: PlannedLayer, layer: Layer) -> None:
    if not all(np.isfinite(array).all() for array in (entry.weight, entry.bias) if array is not None):
        raise RunError(
            f"the layer {printable(layer.name)} ({layer.kind}) has weights that are NaN or infinite",
            hint="train again, with a smaller learning rate if the training diverged",
        )
