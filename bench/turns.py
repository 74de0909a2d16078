"""Contenders measured in turns within one run, and the table of a comparison with the processor's peak."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contenders import Contender
from recording import Log, spread

from lenet.networks import Architecture
from lenet.networks.layers import Convolution

WARM_UP = 0.5  # seconds, at most


def measured(contenders: Mapping[str, Contender], repeats: int, seconds: float) -> dict[str, list[float]]:
    """The rates of all contenders in all repeats, measured in turns after a warm-up."""
    for contender in contenders.values():
        contender(min(seconds, WARM_UP))
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, contender in contenders.items():
            rates[name].append(contender(seconds))
    return rates


def quotients(rates: list[float], others: list[float]) -> list[float]:
    """How many times as fast, in each turn."""
    return [rate / other for rate, other in zip(rates, others, strict=True)]


def operations(architecture: Architecture, *, training: bool, padding: bool = False) -> float:
    """Floating-point operations per image: two for each multiply-add of forward, and of both gradients when training.

    They are those of the direct sums, also where an algorithm needs fewer. The first layer's input needs no gradient.

    Args:
        architecture: the network's.
        training: count the gradients too.
        padding: count the multiplications with the zeros of the padding, as `Architecture.multiply_adds` does.
    """
    inputs = (architecture.input_shape, *architecture.output_shapes)
    counts = []
    for layer, shape, count in zip(architecture.layers, inputs, architecture.multiply_adds, strict=False):
        if isinstance(layer, Convolution) and not padding:
            height, width = (_taps(edge, layer) for edge in shape[1:])
            count = layer.in_channels * layer.channels * height * width
        counts.append(count)
    forward = sum(counts)
    first = next(count for count in counts if count)
    return 2.0 * (3 * forward - first if training else forward)


def _taps(edge: int, layer: Convolution) -> int:
    """The multiplications along one edge of an image of one channel, without those with the padding's zeros."""
    starts = range(-layer.padding, edge + layer.padding - layer.kernel_size + 1)
    return sum(min(start + layer.kernel_size, edge) - max(start, 0) for start in starts)


@dataclass(frozen=True)
class Turns:
    """How contenders are compared with each other, with "lenet cpu" among them, and with the processor's peak."""

    log: Log
    peak: Contender
    repeats: int
    seconds: float

    def compare(self, title: str, operations: float, contenders: Mapping[str, Contender]) -> dict[str, Any]:
        """Measures, prints a table, and returns the figures.

        Args:
            title: what is computed.
            operations: for one image.
            contenders: images per second; the one named "lenet cpu" is compared with the others.
        """
        rates = measured({"ceiling": self.peak, **contenders}, self.repeats, self.seconds)
        rates["ceiling"] = [rate / operations for rate in rates["ceiling"]]
        self.log.say(f"\n{title}: {operations / 1e6:.3f} MFLOP an image")
        self.log.say(f"{'':<30}{'images/s':>10}{'min':>10}{'max':>10}{'of ceiling':>12}{'lenet is':>11}")
        entry: dict[str, Any] = {"images_per_second": {}, "ratio": {}, "megaflop": operations / 1e6}
        for name, values in rates.items():
            share = statistics.median(quotients(values, rates["ceiling"]))
            ratio = statistics.median(quotients(rates["lenet cpu"], values))
            figures = spread(values)
            entry["images_per_second"][name], entry["ratio"][name] = figures, ratio
            if name == "lenet cpu":
                entry["share_of_ceiling"] = share
            self.log.say(
                f"{name:<30}{figures['median']:>10,.0f}{figures['min']:>10,.0f}{figures['max']:>10,.0f}"
                f"{share:>12.1%}{ratio:>9.2f} ×"
            )
        entry["gigaflop_per_second"] = spread([value * operations / 1e9 for value in rates["ceiling"]])
        return entry
