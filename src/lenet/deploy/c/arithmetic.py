"""What the 8-bit C source computes, bit for bit, in NumPy: for measuring what the integers cost in accuracy."""

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
    parts = [_integers(network, images[start : start + CHUNK])[1] for start in range(0, len(images), CHUNK)]
    whole = np.concatenate(parts) if parts else np.empty((0, len(network.quantized[-1].bias)), np.int64)
    return whole.astype(np.float32) * np.float32(network.step)


def embeddings(network: Quantized, images: Images) -> NDArray[np.float32]:
    """Return the inputs (N, features) of the last dense layer, in the order in which they lie in memory."""
    levels = network.quantized[-1].input
    parts = [_integers(network, images[start : start + CHUNK])[0] for start in range(0, len(images), CHUNK)]
    return (np.concatenate(parts) - levels.zero).astype(np.float32) * np.float32(levels.scale)


def _integers(network: Quantized, images: Images) -> tuple[Integers, Integers]:
    """The levels of the last layer's input, and the logits, as integers."""
    values: Integers = images.astype(np.int64)
    for number, entry in enumerate(network.quantized):
        values = values.reshape(len(images), *entry.stage.in_shape)
        if number == len(network.quantized) - 1:
            return values.reshape(len(images), -1), scaled(_sums(entry, values) * entry.multiplier, entry.shift)[
                :, 0, 0
            ]
        values = _output(entry, values)
        if network.mean is not None and number == len(network.stages.streamed) - 1:
            values = _mean(network.mean, values)
    raise AssertionError("a network has a last stage")


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
