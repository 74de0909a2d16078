"""The stages of a network in C: each is a convolution with the activation and the pooling after it, a dense layer included.

A dense layer is a 1×1 convolution of a 1×1 image. What follows no convolution gets one that changes nothing, so every
sequence of layers can be expressed. Values lie in memory as (height, width, channels), and so do weights.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lenet.deploy.plan import InferencePlan, PlannedLayer
from lenet.errors import ModelError
from lenet.files.untrusted import printable
from lenet.networks.layers import Activation, Convolution, Dense, Flatten, GlobalPooling, Layer, Pooling, Shape

MAX_INDEX = 2**31 - 1  # what the C code counts with


@dataclass(frozen=True, eq=False)
class Stage:
    """A convolution with stride 1, then an activation, then 2×2 pooling.

    Attributes:
        name: the names of its layers.
        in_shape: (height, width, channels) of its input.
        weight: float32 (channels, kernel, kernel, in_channels).
        bias: float32 (channels,).
        padding: zeros around the input.
        activation: a name in registry.ACTIVATIONS, or None.
        pooling: a name in registry.POOLINGS, or None.
        is_dense: whether it stands after Flatten.
        order: of the first dense stage, which of the layer's inputs lies where in memory.
    """

    name: str
    in_shape: Shape
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    padding: int = 0
    activation: str | None = None
    pooling: str | None = None
    is_dense: bool = False
    order: NDArray[np.intp] | None = None

    @property
    def kernel(self) -> int:
        """Height and width of the kernel."""
        return int(self.weight.shape[1])

    @property
    def window(self) -> int:
        """Height and width of the pooling; 1 for none."""
        return 2 if self.pooling else 1

    @property
    def out_shape(self) -> Shape:
        """(height, width, channels) of its output."""
        height, width = ((edge + 2 * self.padding - self.kernel + 1) // self.window for edge in self.in_shape[:2])
        return height, width, len(self.bias)


@dataclass(frozen=True, eq=False)
class Stages:
    """A whole network.

    Attributes:
        mean: the input is (pixel / 255 - mean) / std.
        std: see mean.
        streamed: the stages before Flatten, whose maps are computed row by row.
        has_mean: whether the mean over all pixels follows them.
        dense: the stages after it; the last one computes the logits. The first one takes what the streamed stages or the mean
            make, or the image.
    """

    mean: float
    std: float
    streamed: tuple[Stage, ...]
    has_mean: bool
    dense: tuple[Stage, ...]

    @property
    def all(self) -> tuple[Stage, ...]:
        """All stages, in order."""
        return (*self.streamed, *self.dense)


def stages_of(plan: InferencePlan) -> Stages:
    """Return the stages of a plan.

    Raises:
        ModelError: for a layer that cannot be expressed, naming it.
    """
    channels, height, width = plan.input_shape
    made = _Stages((height, width, channels))
    for entry in plan.layers:
        made.add(entry)
    return made.finished(plan.preprocessing.mean, plan.preprocessing.std)


class _Stages:
    """Stages under way: `stages` grows, and the last one takes what can follow its convolution."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape  # of the next layer's input, (height, width, channels)
        self.stages: list[Stage] = []
        self.has_mean = False
        self.is_flat = False
        self.order: NDArray[np.intp] | None = None  # where the next dense layer's inputs lie in memory
        self.is_open = False  # whether the last stage may take more

    def add(self, entry: PlannedLayer) -> None:
        """Add a layer to the last stage, or as a new one."""
        layer = entry.layer
        match layer:
            case Convolution():
                weight, bias = entry.arrays
                self._begin(Stage(layer.name, self.shape, weight.transpose(0, 2, 3, 1), bias, layer.padding))
            case Dense():
                self._begin(self._dense(layer.name, *entry.arrays))
            case Activation():
                if not self.is_open or self.stages[-1].activation or self.stages[-1].pooling == "avg":
                    self._begin(_identity(layer.name, self.shape))
                self._change(layer, activation=layer.function)
            case Pooling():
                if not self.is_open or self.stages[-1].pooling:
                    self._begin(_identity(layer.name, self.shape))
                self._change(layer, pooling=layer.function)
            case GlobalPooling():
                if not self.stages:
                    self._begin(_identity(layer.name, self.shape))
                self.has_mean, self.is_open = True, False
                self.shape = (1, 1, self.shape[2])
            case Flatten():
                height, width, channels = self.shape
                if not self.is_flat:
                    numbers = np.arange(math.prod(self.shape)).reshape(channels, height, width)
                    self.order = numbers.transpose(1, 2, 0).ravel()
                self.is_flat = True
                self.is_open = self.is_open and (height, width) == (1, 1)
                self.shape = (1, 1, height * width * channels)
            case _:
                raise ModelError(f"the layer {printable(layer.name)} ({layer.kind}) cannot be written as C")

    def finished(self, mean: float, std: float) -> Stages:
        """Return the network. Its logits come from a dense stage without activation, made if there is none."""
        if not self.stages or not self.stages[-1].is_dense or self.stages[-1].activation:
            classes = math.prod(self.shape)
            self.is_flat = True
            self._begin(self._dense("output", np.eye(classes, dtype=np.float32), np.zeros(classes, np.float32)))
        streamed = tuple(stage for stage in self.stages if not stage.is_dense)
        dense = tuple(stage for stage in self.stages if stage.is_dense)
        return Stages(mean, std, streamed, self.has_mean, dense)

    def _begin(self, stage: Stage) -> None:
        if self.has_mean and not stage.is_dense:  # an image of one pixel is a vector
            middle = stage.padding
            if stage.kernel != 1 + 2 * middle:
                raise ModelError(
                    f"the layer {printable(stage.name)} is a convolution that makes the mean over all pixels larger, "
                    "which cannot be written as C"
                )
            weight = stage.weight[:, middle : middle + 1, middle : middle + 1]
            stage = replace(stage, weight=weight, padding=0)
        stage = replace(stage, is_dense=self.is_flat or self.has_mean)
        if max(stage.weight.size, math.prod(stage.in_shape), math.prod(stage.out_shape)) > MAX_INDEX:
            raise ModelError(f"the layer {printable(stage.name)} is too large for C, which counts to {MAX_INDEX:,}")
        self.stages.append(stage)
        self.shape = stage.out_shape
        self.is_open = True

    def _dense(self, name: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> Stage:
        order, self.order = self.order, None
        if order is not None:
            weight = weight[:, order]
        return Stage(name, self.shape, weight[:, None, None, :], bias, order=order)

    def _change(self, layer: Layer, **changes: str) -> None:
        stage = self.stages[-1]
        name = stage.name if stage.name == layer.name else f"{stage.name}, {layer.name}"
        self.stages[-1] = replace(stage, name=name, **changes)  # type: ignore[arg-type]
        self.shape = self.stages[-1].out_shape


def _identity(name: str, shape: Shape) -> Stage:
    """A 1×1 convolution that changes nothing."""
    channels = shape[2]
    weight = np.eye(channels, dtype=np.float32)[:, None, None, :]
    return Stage(name, shape, weight, np.zeros(channels, np.float32))
