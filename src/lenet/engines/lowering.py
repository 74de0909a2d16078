"""An architecture as the structure that the kernels take, or the reason why they cannot compute it."""

import ctypes
import itertools

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
)
from lenet.registry import ACTIVATIONS, POOLINGS

MAX_BLOCKS, MAX_HIDDEN, MAX_CLASSES, MAX_EDGE, MAX_KERNEL, MAX_WIDTH = 3, 4, 100, 64, 11, 4096
FUNCTIONS = ("sigmoid", "tanh", "relu")
MAX_WEIGHTS = 1 << 26  # so that everything of one layer can be counted in 31 bits


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
    for layer in layers:
        if isinstance(layer, BatchNorm | GlobalPooling | Dropout):
            raise refused(f"nn.{layer.kind} (the layer {layer.name})", "convolutions, poolings and dense layers")
        if isinstance(layer, Activation) and layer.function not in FUNCTIONS:
            raise refused(f"the activation {layer.function}", ", ".join(FUNCTIONS))
    flattens = [number for number, layer in enumerate(layers) if isinstance(layer, Flatten)]
    if len(flattens) != 1:
        raise refused(f"{len(flattens)} Flatten layers", "one")
    blocks, poolings = _blocks(layers[: flattens[0]])
    dense = _dense(layers[flattens[0] + 1 :])
    functions = {layer.function for layer in layers if isinstance(layer, Activation)}
    if len(functions) > 1:
        raise refused("more than one activation", "the same everywhere")
    if architecture.num_parameters > MAX_WEIGHTS:
        raise refused(f"{architecture.num_parameters:,} weights", f"at most {MAX_WEIGHTS:,}")
    return kernels.Network(
        in_channels=in_channels,
        height=height,
        width=width,
        activation=ACTIVATIONS[functions.pop()].code if functions else 0,
        pooling=POOLINGS[poolings.pop()].code if poolings else 0,
        num_blocks=len(blocks),
        num_dense=len(dense),
        blocks=(kernels.Block * MAX_BLOCKS)(
            *[kernels.Block(layer.channels, layer.kernel_size, layer.padding) for layer in blocks]
        ),
        widths=(ctypes.c_int32 * (MAX_HIDDEN + 1))(*[layer.features for layer in dense]),
    )


def _blocks(layers: tuple[Layer, ...]) -> tuple[list[Convolution], set[str]]:
    """The convolutions, each followed by an activation and a pooling, and the kinds of pooling."""
    convolutions: list[Convolution] = []
    poolings: set[str] = set()
    for convolution, activation, pooling in itertools.zip_longest(layers[0::3], layers[1::3], layers[2::3]):
        if not isinstance(convolution, Convolution):
            raise refused(f"nn.{convolution.kind} at the beginning of a block", "nn.Conv2d")
        if not (isinstance(activation, Activation) and isinstance(pooling, Pooling)):
            raise refused("a convolution without activation and pooling", "both, in this order")
        kernel = convolution.kernel_size
        if kernel > MAX_KERNEL:
            raise refused(f"a kernel of {kernel}×{kernel}", f"a square of at most {MAX_KERNEL}×{MAX_KERNEL}")
        if convolution.padding >= kernel:
            raise refused(f"a padding of {convolution.padding}", "one smaller than the kernel")
        if convolution.channels > MAX_WIDTH:
            raise refused(f"a convolution with {convolution.channels} channels", f"at most {MAX_WIDTH}")
        convolutions.append(convolution)
        poolings.add(pooling.function)
    if len(convolutions) > MAX_BLOCKS:
        raise refused(f"{len(convolutions)} convolutions", f"at most {MAX_BLOCKS}")
    if len(poolings) > 1:
        raise refused("more than one kind of pooling", "the same everywhere")
    return convolutions, poolings


def _dense(layers: tuple[Layer, ...]) -> list[Dense]:
    """The dense layers, with activations between them."""
    dense: list[Dense] = []
    for number, layer in enumerate(layers):
        wanted = Dense if number % 2 == 0 else Activation
        if not isinstance(layer, wanted):
            raise refused(f"nn.{layer.kind} among the dense layers", "nn.Linear and activations in turn")
        if isinstance(layer, Dense):
            dense.append(layer)
    if len(layers) % 2 == 0:
        raise refused("no dense layer at the end", "nn.Linear")
    if len(dense) > MAX_HIDDEN + 1:
        raise refused(f"{len(dense) - 1} hidden dense layers", f"at most {MAX_HIDDEN}")
    if not 2 <= dense[-1].features <= MAX_CLASSES:
        raise refused(f"{dense[-1].features} classes", f"2 to {MAX_CLASSES}")
    if (widest := max(layer.features for layer in dense)) > MAX_WIDTH:
        raise refused(f"a dense layer of width {widest}", f"at most {MAX_WIDTH}")
    return dense


def refused(what: str, expected: str) -> EngineError:
    """Return the error for what the kernels cannot compute."""
    hint = "use --engine reference, which takes any network"
    return EngineError(f"the CPU kernels do not take {what}; they take {expected}", hint=hint)
