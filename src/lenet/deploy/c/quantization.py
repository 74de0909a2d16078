"""A network in 8-bit integers: weights of -127 to 127 for each channel, values of 0 to 255, sums of 32 bits.

A value is scale * (level - zero). `zero` need not be a level: padding is left out of the sums, so no 0 is ever stored. A
pixel is itself a level of the input, whose zero is round(255 * mean).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images
from lenet.deploy.c.ranges import CURVED, Range, ranges
from lenet.deploy.c.stages import Stage, Stages
from lenet.errors import ModelError
from lenet.files.untrusted import printable
from lenet.networks.forward import TANH_HEIGHT, TANH_STEEPNESS

MAX_SUM = 2**31 - 1
MAX_BIAS = 2**29
MAX_ZERO = 2048  # so that sums stay small
MAX_SHIFT = 62
TABLE_LIMIT = 32_000  # of thresholds, which are 16 bits
MAX_LOGIT_BITS = 16


@dataclass(frozen=True)
class Levels:
    """How levels of 0 to 255 stand for values: scale * (level - zero)."""

    scale: float
    zero: int

    @property
    def largest(self) -> int:
        """The most that level - zero can be in size."""
        return max(abs(self.zero), abs(255 - self.zero))


@dataclass(frozen=True, eq=False)
class QuantizedStage:
    """A stage in integers.

    Attributes:
        stage: its sizes.
        weight: int8 (channels, kernel, kernel, in_channels).
        bias: int32 (channels,), added to the products.
        multiplier: int32 (channels,); multiplier / 2**shift brings a sum to levels, or to the steps of the thresholds.
        shift: see multiplier.
        input: the levels of the input.
        output: the levels of the output; of the logits, their step.
        thresholds: int16 (255,) of a curved activation.
        largest_sum: what the sums cannot exceed in size.
    """

    stage: Stage
    weight: NDArray[np.int8]
    bias: NDArray[np.int32]
    multiplier: NDArray[np.int32]
    shift: int
    input: Levels
    output: Levels
    thresholds: NDArray[np.int16] | None
    largest_sum: int


@dataclass(frozen=True)
class QuantizedMean:
    """The mean over all pixels in integers: multiplier / 2**shift brings the sum of level - zero to levels of the output."""

    input: Levels
    output: Levels
    multiplier: int
    shift: int


@dataclass(frozen=True, eq=False)
class Quantized:
    """A network in integers: its stages, and the mean after the last streamed one, if there is one."""

    stages: Stages
    quantized: tuple[QuantizedStage, ...]
    mean: QuantizedMean | None

    @property
    def step(self) -> float:
        """What one unit of an integer logit stands for: a power of 2."""
        return self.quantized[-1].output.scale


def quantize(stages: Stages, images: Images) -> Quantized:
    """Return the network in integers.

    Args:
        stages: the network.
        images: what it was trained on, uint8 (N, height, width) or (N, height, width, 3): ranges are measured over them.
    """
    found = ranges(stages, images)
    zero = round(255 * stages.mean)
    levels = Levels(1 / (255 * stages.std), zero)
    offset = (zero - 255 * stages.mean) * levels.scale  # what level `zero` stands for
    quantized: list[QuantizedStage] = []
    mean = None
    for number, stage in enumerate(stages.all):
        bias = stage.bias.astype(np.float64)
        if number == 0:
            bias = bias + offset * stage.weight.sum(axis=(1, 2, 3), dtype=np.float64)
        is_last = number == len(stages.all) - 1
        quantized.append(_quantized(stage, bias, levels, None if is_last else found.stages[number]))
        levels = quantized[-1].output
        if found.mean is not None and number == len(stages.streamed) - 1:
            mean = _mean(stage, levels, found.mean)
            levels = mean.output
    return Quantized(stages, tuple(quantized), mean)


def _quantized(stage: Stage, bias: NDArray[np.float64], levels: Levels, values: Range | None) -> QuantizedStage:
    """One stage; `values` is the range of its output, or None for logits."""
    is_curved = stage.activation in CURVED
    at_once = 4 if stage.pooling == "avg" and not is_curved else 1
    weight, sums, scales, largest = _weights(stage, bias, levels, at_once)
    thresholds = None
    if values is None:
        most = float((largest * scales).max())
        bits = min(MAX_LOGIT_BITS, 29 - math.ceil(math.log2(most))) if most > 0 else MAX_LOGIT_BITS
        output = Levels(2.0**-bits, 0)
        factors = scales / output.scale
    elif is_curved:
        output = _chosen(values, 0.0)
        thresholds, step = _thresholds(stage.activation or "", output)
        factors = scales / step
    else:
        output = _chosen(values, float(scales.max()))
        factors = scales / output.scale / at_once
    multiplier, shift = _fixed_point(factors)
    return QuantizedStage(
        stage, weight, sums, multiplier, shift, levels, output, thresholds, int(largest.max()) * at_once
    )


def _weights(
    stage: Stage, bias: NDArray[np.float64], levels: Levels, at_once: int
) -> tuple[NDArray[np.int8], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Weights and biases as integers, what one unit of each channel's sum stands for, and the largest sums.

    A channel whose sums could exceed 32 bits takes fewer levels of its weights.
    """
    weight = stage.weight.astype(np.float64)
    scale = np.abs(weight).max(axis=(1, 2, 3)) / 127
    scale = np.maximum(scale, np.abs(bias) / (levels.scale * MAX_BIAS))
    scale[scale == 0] = 1.0
    while True:
        integers = np.clip(np.rint(weight / scale[:, None, None, None]), -127, 127)
        sums = np.rint(bias / (scale * levels.scale))
        largest = np.abs(integers).sum(axis=(1, 2, 3)) * levels.largest + np.abs(sums)
        too_large = largest * at_once > MAX_SUM
        if not too_large.any():
            return integers.astype(np.int8), sums.astype(np.int32), scale * levels.scale, largest
        scale[too_large] *= 2


def _chosen(values: Range, least_scale: float) -> Levels:
    """The levels for a range of values; finer ones than a unit of the sums would say nothing."""
    scale = max((values.most - values.least) / 255, abs(values.least) / MAX_ZERO, least_scale, 1e-30)
    return Levels(scale, round(-values.least / scale))


def _thresholds(activation: str, output: Levels) -> tuple[NDArray[np.int16], float]:
    """From which sums on the output is 1, 2, ... 255, in steps; and the step.

    Level j + 1 begins where the activation reaches the middle between two levels.
    """
    middles = (np.arange(255) + 0.5 - output.zero) * output.scale
    with np.errstate(divide="ignore", invalid="ignore"):
        match activation:
            case "sigmoid":
                bounded = np.clip(middles, 0, 1)
                sums = np.log(bounded) - np.log1p(-bounded)
            case "tanh":
                sums = np.arctanh(np.clip(middles, -1, 1))
            case _:
                sums = np.arctanh(np.clip(middles / TANH_HEIGHT, -1, 1)) / TANH_STEEPNESS
    finite = sums[np.isfinite(sums)]
    step = max(float(np.abs(finite).max(initial=0)), 1e-6) / TABLE_LIMIT
    return np.clip(np.ceil(sums / step), -32_767, 32_767).astype(np.int16), step


def _mean(stage: Stage, levels: Levels, values: Range) -> QuantizedMean:
    pixels = math.prod(stage.out_shape[:2])
    if pixels * levels.largest > MAX_SUM:
        raise ModelError(
            f"the mean over the {pixels:,} pixels of the layer {printable(stage.name)} does not fit into sums of 32 bits",
            hint="write it in float, without --int8",
        )
    output = _chosen(values, levels.scale / pixels)
    multiplier, shift = _fixed_point(np.array([levels.scale / (pixels * output.scale)]))
    return QuantizedMean(levels, output, int(multiplier[0]), shift)


def _fixed_point(factors: NDArray[np.float64]) -> tuple[NDArray[np.int32], int]:
    """Return integers and one shift with factors = integers / 2**shift, the largest integer having 31 bits."""
    most = float(factors.max())
    shift = min(max(31 - math.ceil(math.log2(most)), 1), MAX_SHIFT)
    return np.minimum(np.rint(factors * 2.0**shift), 2**31 - 1).astype(np.int32), shift
