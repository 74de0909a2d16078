"""What the 8-bit C source computes, bit for bit, in NumPy: for measuring what the integers cost in accuracy."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images
from lenet.deploy.c.quantization import Quantized, QuantizedMean, QuantizedStage
from lenet.deploy.c.windows import convolved, squares

CHUNK = 100  # images at once
MOST = 2**30  # what `scaled` returns at most
EXACT = 2**24  # whole numbers up to here are exact in float32

Integers = NDArray[np.int64]


def logits(network: Quantized, images: Images) -> NDArray[np.float32]:
    """Return the logits (N, num_classes) of images, uint8 (N, height, width) or (N, height, width, 3)."""
    last = network.quantized[-1]
    sums = [_sums(last, levels)[:, 0, 0] for levels in _levels(network, images, len(network.quantized) - 1)]
    whole = np.concatenate(sums) if sums else np.empty((0, len(last.bias)), np.int64)
    return scaled(whole * last.multiplier, last.shift).astype(np.float32) * np.float32(network.step)


def inputs(network: Quantized, images: Images, number: int) -> NDArray[np.float32]:
    """Return the inputs (N, values) of a dense stage, in the order in which they lie in memory."""
    entry = network.quantized[number]
    levels = np.concatenate([levels.reshape(len(levels), -1) for levels in _levels(network, images, number)])
    return (levels - entry.input.zero).astype(np.float32) * np.float32(entry.input.scale)


def _levels(network: Quantized, images: Images, number: int) -> Iterator[Integers]:
    """The levels of a stage's input, some images at a time."""
    for start in range(0, len(images), CHUNK):
        values: Integers = images[start : start + CHUNK].astype(np.int64)
        for before, entry in enumerate(network.quantized[:number]):
            values = _output(entry, values.reshape(len(values), *entry.stage.in_shape))
            if network.mean is not None and before == len(network.stages.streamed) - 1:
                values = _mean(network.mean, values)
        yield values.reshape(len(values), *network.quantized[number].stage.in_shape)


def scaled(products: Integers, shift: int) -> Integers:
    """Return products / 2**shift, rounded to the nearest whole number, halves away from 0; at most 2**30 in size."""
    sizes = np.minimum((np.abs(products) + (1 << (shift - 1))) >> shift, MOST)
    signed: Integers = np.where(products < 0, -sizes, sizes)
    return signed


def _sums(entry: QuantizedStage, values: Integers) -> Integers:
    dtype: Any = np.float32 if entry.largest_sum <= EXACT else np.float64
    products = convolved((values - entry.input.zero).astype(dtype), entry.weight.astype(dtype), entry.stage.padding)
    result: Integers = products.astype(np.int64) + entry.bias
    return result


def _output(entry: QuantizedStage, values: Integers) -> Integers:
    stage = entry.stage
    sums = squares(_sums(entry, values), stage)
    is_average = stage.pooling == "avg"
    multiplier = entry.multiplier.astype(np.int64)
    if entry.thresholds is not None:
        pooled = sums if is_average else sums.max(axis=-1, keepdims=True)
        steps = scaled(pooled * multiplier[:, None], entry.shift)
        levels: Integers = np.searchsorted(entry.thresholds, steps, side="right")
        return (levels.sum(axis=-1) + 2) // 4 if is_average else levels[..., 0]
    if not is_average:
        sums = sums.max(axis=-1, keepdims=True)
    positive, negative = np.maximum(sums, 0).sum(axis=-1), np.minimum(sums, 0).sum(axis=-1)
    products = positive * multiplier
    if stage.activation == "leaky-relu":
        products += negative * (multiplier // 100)
    elif stage.activation != "relu":
        products += negative * multiplier
    return np.clip(scaled(products, entry.shift) + entry.output.zero, 0, 255)


def _mean(mean: QuantizedMean, values: Integers) -> Integers:
    sums = (values - mean.input.zero).sum(axis=(1, 2), keepdims=True)
    return np.clip(scaled(sums * mean.multiplier, mean.shift) + mean.output.zero, 0, 255)
