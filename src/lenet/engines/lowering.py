"""An architecture as the structure that the kernels take, or the reason why they cannot compute it."""

import math

from lenet.engines import kernels
from lenet.errors import EngineError
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
    Shape,
)
from lenet.registry import ACTIVATIONS, POOLINGS

MAX_LAYERS, MAX_CLASSES = kernels.MAX_LAYERS, kernels.MAX_CLASSES
MAX_EDGE, MAX_KERNEL, MAX_WIDTH = 96, 11, 4096
# So that everything of one layer can be counted in 31 bits: its weights, and what it computes for sixteen images.
MAX_WEIGHTS, MAX_NUMBERS = 1 << 26, 1 << 26

REFUSAL = "the CPU kernels do not take "  # how an error begins

# The numbers of the kinds of layers in kernels/interface.h.
KINDS: dict[type[Layer], int] = {
    Convolution: 0,
    BatchNorm: 1,
    Activation: 2,
    Pooling: 3,
    GlobalPooling: 4,
    Dropout: 5,
    Flatten: 6,
    Dense: 7,
}


def lowered(architecture: Architecture) -> kernels.Network:
    """Return the structure for the kernels.

    Raises:
        EngineError: for what they cannot compute, naming the layer.
    """
    in_channels, height, width = architecture.input_shape
    if in_channels not in (1, 3):
        raise refused(f"{in_channels} input channels", "1 or 3")
    if not 1 <= min(height, width) <= max(height, width) <= MAX_EDGE:
        raise refused(f"images of {height}×{width}", f"at most {MAX_EDGE}×{MAX_EDGE}")
    layers = architecture.layers
    if len(layers) > MAX_LAYERS:
        raise refused(f"{len(layers)} layers", f"at most {MAX_LAYERS}")
    if not isinstance(layers[-1], Dense):
        raise refused(f"nn.{layers[-1].kind} as the last layer {layers[-1].name}", "nn.Linear")
    if not 2 <= architecture.num_classes <= MAX_CLASSES:
        raise refused(f"{architecture.num_classes} classes", f"2 to {MAX_CLASSES}")
    if architecture.num_parameters > MAX_WEIGHTS:
        raise refused(f"{architecture.num_parameters:,} weights", f"at most {MAX_WEIGHTS:,}")
    structures = [_lowered(layer) for layer in layers]
    for layer, shape in zip(layers[1:], architecture.output_shapes, strict=False):  # an image is small
        if isinstance(layer, Convolution) and (count := _most_numbers(layer, shape)) > MAX_NUMBERS:
            raise _refused(layer, f"{count:,} numbers for one image", f"at most {MAX_NUMBERS:,}")
    return kernels.Network(in_channels, height, width, len(layers), (kernels.Layer * MAX_LAYERS)(*structures))


def _most_numbers(layer: Convolution, shape: Shape) -> int:
    """The size of its input with its padding, or of its output in the frame that its gradient needs."""
    padded = [edge + 2 * layer.padding for edge in shape[1:]]
    framed = [edge + layer.kernel_size - 1 for edge in shape[1:]]
    return max(layer.in_channels * math.prod(padded), layer.channels * math.prod(framed))


def _lowered(layer: Layer) -> kernels.Layer:
    structure = kernels.Layer(kind=KINDS[type(layer)])
    match layer:
        case Convolution():
            kernel = layer.kernel_size
            if kernel > MAX_KERNEL:
                raise _refused(
                    layer, f"a kernel of {kernel}×{kernel}", f"a square of at most {MAX_KERNEL}×{MAX_KERNEL}"
                )
            if layer.padding >= kernel:
                raise _refused(layer, f"a padding of {layer.padding}", "one smaller than the kernel")
            if layer.channels > MAX_WIDTH:
                raise _refused(layer, f"{layer.channels} channels", f"at most {MAX_WIDTH}")
            structure.outputs, structure.kernel_size, structure.padding = layer.channels, kernel, layer.padding
        case Dense():
            if layer.features > MAX_WIDTH:
                raise _refused(layer, f"a width of {layer.features}", f"at most {MAX_WIDTH}")
            structure.outputs = layer.features
        case Activation():
            structure.function = ACTIVATIONS[layer.function].code
        case Pooling():
            structure.function = POOLINGS[layer.function].code
        case Dropout():
            if layer.rate:
                structure.threshold, structure.kept = int(layer.rate * 2**32), 1 / (1 - layer.rate)
    return structure


def _refused(layer: Layer, what: str, expected: str) -> EngineError:
    return refused(f"{what} in the layer {layer.name} (nn.{layer.kind})", expected)


def refused(what: str, expected: str) -> EngineError:
    """Return the error for what the kernels cannot compute."""
    hint = "use --engine reference, which takes any network"
    return EngineError(f"{REFUSAL}{what}; they take {expected}", hint=hint)
