"""A learning-rate range test: the training loss while the rate rises from far too small to far too large in one epoch.

Smith, 2017, "Cyclical Learning Rates for Training Neural Networks", arXiv 1506.01186.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenet.analysis.lab.experiments import Experiment, Setup
from lenet.analysis.report import Numbers, Table
from lenet.config import TrainConfig
from lenet.data.dataset import Splits
from lenet.data.plan import plan
from lenet.display.style import LOSS, TEST, TRAIN, styled_figure
from lenet.training.setup import set_up

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOWEST_RATE, HIGHEST_RATE = 1e-5, 10.0
CALLS = 20  # of the engine in an epoch; after one whose loss is not finite the test ends
WINDOW = 0.05  # of all steps: how far away a step counts in the smoothed loss of another, less the farther it is
CAP = 2.0  # times the first loss: what a loss counts at most, so that a huge one is not smeared over its neighbours
LEARNED = 0.98  # times the first loss: below it the network has learned, above it again all that it learned is lost
BELOW_LOWEST = 10  # how many times smaller than the rate of the lowest loss the suggested rate is


@dataclass(frozen=True, eq=False)
class Curve:
    """The losses of one range test.

    Attributes:
        rates: of all steps, float64 (num_steps,).
        losses: of the steps before the first loss that was not finite, float64 (num_done,).
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]

    @property
    def smoothed(self) -> NDArray[np.float64]:
        """The losses, none above CAP, averaged with triangular weights over the steps around each, float64 (num_done,).

        Unlike a running mean this does not lag behind, and unlike a plain mean it has slopes that say something.
        """
        if not len(self.losses):
            return self.losses
        reach = max(1, min(round(WINDOW * len(self.rates)), (len(self.losses) + 1) // 2))
        window = np.bartlett(2 * reach + 1)[1:-1]
        losses = np.minimum(self.losses, CAP * self.losses[0])
        return np.convolve(losses, window, "same") / np.convolve(np.ones_like(losses), window, "same")


def perform(setup: Setup) -> "tuple[Numbers, Figure]":
    """Make the range test with every seed."""
    config = setup.config()
    curves = [range_test(replace(config, seed=seed), setup.splits) for seed in range(setup.seeds)]
    numbers: Numbers = {
        "epochs": 1,
        "own_rate": config.learning_rate,
        "points": [points(curve) for curve in curves],
    }
    return numbers, draw(curves, numbers)


def range_test(config: TrainConfig, splits: Splits) -> Curve:
    """Train for one epoch while the rate rises exponentially from LOWEST_RATE to HIGHEST_RATE.

    Args:
        config: the settings of the training, but for its rates.
        splits: the data.
    """
    setup = set_up(config, splits)
    epoch = plan(config, 0, len(setup.train))
    rates = np.geomspace(LOWEST_RATE, HIGHEST_RATE, epoch.num_steps)
    epoch = replace(epoch, learning_rates=rates)
    losses: NDArray[np.float64] = np.empty(0)
    for steps in np.array_split(np.arange(epoch.num_steps), min(CALLS, epoch.num_steps)):
        stats = setup.engine.train_steps(epoch, int(steps[0]), int(steps[-1]) + 1)
        losses = np.concatenate([losses, stats.losses])
        if not np.isfinite(stats.losses).all():
            losses = losses[: int(np.flatnonzero(~np.isfinite(losses))[0])]
            break
    return Curve(rates, losses)


def points(curve: Curve) -> Numbers:
    """Return the rates at which the loss falls fastest, is lowest, and diverges; None for those that there are not."""
    rates, losses = curve.rates, curve.smoothed
    if not len(losses):  # the first loss was not finite
        return {"steepest": None, "lowest": None, "diverged": float(rates[0]), "loss": None}
    lowest = int(losses.argmin())
    has_learned = lowest > 0 and losses[lowest] < LEARNED * losses[0]
    lost = lowest + np.flatnonzero(losses[lowest:] > LEARNED * losses[0])
    # If the loss never returned: the step after the last, which there is only if its loss was not finite.
    end = int(lost[0]) if has_learned and len(lost) else len(losses)
    steepest = int(np.gradient(losses[: lowest + 1]).argmin()) if has_learned else None
    return {
        "steepest": None if steepest is None else float(rates[steepest]),
        "lowest": float(rates[lowest]) if has_learned else None,
        "diverged": float(rates[end]) if end < len(rates) else None,
        "loss": float(losses[lowest]),
    }


def suggestion(found: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the suggested rate, the median over the seeds; None if no seed learned."""
    lowest = _of(found, "lowest")
    return median(lowest) / BELOW_LOWEST if lowest else None


def table(numbers: Mapping[str, Any]) -> Table:
    """Make a row for each point of the curve."""
    found = numbers["points"]
    titles = {"steepest": "the loss falls fastest", "lowest": "the loss is lowest", "diverged": "the loss diverges"}
    rows = [[title, *_cells(_of(found, name), len(found))] for name, title in titles.items()]
    rate, own = suggestion(found), numbers["own_rate"]
    if rate is None:
        conclusions = [f"At no rate does the network learn within one epoch; the recipe's own is {own:g}."]
    else:
        conclusions = [
            f"Suggested learning rate: {rate:.2g}, a tenth of that at the lowest loss; the recipe's own is {own:g}."
        ]
    conclusions.append(
        "One epoch says nothing about rates that only pay later: try the suggestion, and two or three times as much and as "
        "little."
    )
    return Table(["where", "learning rate", "lowest … highest", "seeds"], rows, conclusions)


def _of(found: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    """The rates of a point, of the seeds that have it."""
    return [each[name] for each in found if each[name] is not None]


def _cells(rates: Sequence[float], num_seeds: int) -> list[str]:
    seeds = f"{len(rates)} of {num_seeds}"
    if not rates:
        return ["none", "", seeds]
    return [f"{median(rates):.2g}", f"{min(rates):.2g} … {max(rates):.2g}", seeds]


def draw(curves: Sequence[Curve], numbers: Mapping[str, Any]) -> "Figure":
    """Draw the loss over the rate, and where it falls fastest and diverges."""
    found, rate = numbers["points"], suggestion(numbers["points"])
    with styled_figure(9, 3.8) as figure:
        axes = figure.subplots()
        for number, curve in enumerate(curves):
            rates = curve.rates[: len(curve.losses)]
            axes.semilogx(rates, curve.losses, color=LOSS, alpha=0.15, linewidth=0.7)
            label = "smoothed, of each seed" if number == 0 else None
            axes.semilogx(rates, curve.smoothed, color=LOSS, linewidth=1.3, label=label)
        marks = {
            "falls fastest": (median(_of(found, "steepest")) if rate else None, TEST),
            "diverges": (median(_of(found, "diverged")) if _of(found, "diverged") else None, TRAIN),
            "suggested": (rate, "black"),
        }
        for name, (position, color) in marks.items():
            if position is not None:
                axes.axvline(position, color=color, linestyle="--", linewidth=1.2, label=f"{name}: {position:.2g}")
        axes.set_xlim(LOWEST_RATE, HIGHEST_RATE)
        first = max((float(curve.losses[0]) for curve in curves if len(curve.losses)), default=1.0)
        axes.set_ylim(0, CAP * first)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("learning rate")
        axes.set_ylabel("training loss")
        axes.legend(loc="upper left")
    return figure


EXPERIMENT = Experiment(
    "The learning rate, by a range test",
    perform,
    table,
    options=("seeds", "recipe", "data"),
    spread="The learning rate rises exponentially; rates are the median over the seeds.",
)
