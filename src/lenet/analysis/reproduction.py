"""Every published result of the LeNet chapter, and what the same recipe gives here, over seeds.

    report, figure = reproduce(seeds=5, folder="runs/reproduction")

A published figure is one run; so it is compared with the interval in which, by what our seeds did, one more run would fall
with 95 % (Student's t), and with the lowest and highest of them.
"""

import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lenet.analysis.report import Report
from lenet.analysis.statistics import Estimate
from lenet.config import configure
from lenet.display.curve import STYLE, TEST
from lenet.training.sweep import Result, Variation, sweep

FEWEST = 5  # seeds that a verdict needs: of fewer, the interval is so wide that everything is in it
QUANTITIES = {"test_accuracy": "test accuracy", "train_accuracy": "train accuracy", "train_loss": "train loss"}
SPEED = "images_per_second"


@dataclass(frozen=True)
class Published:
    """A figure somebody printed: of `quantity`, after `epoch` epochs of `recipe`; for the speed, on `device`."""

    source: str
    recipe: str
    quantity: str
    epoch: int
    figure: float
    device: str = ""


LEARNER = "a learner's run, PyTorch"
BOOK = "Dive into Deep Learning"
PORT = "the book's Chinese PyTorch port"

PUBLISHED = (
    Published(LEARNER, "book-sgd", "test_accuracy", 10, 0.812),
    Published(LEARNER, "book-sgd", "train_accuracy", 10, 0.820),
    Published(LEARNER, "book-sgd", "train_loss", 10, 0.476),
    Published(LEARNER, "book-sgd", SPEED, 10, 103_100, "a GPU"),
    Published(f"{BOOK}, PyTorch", "book-sgd", "test_accuracy", 10, 0.779),
    Published(f"{BOOK}, MXNet", "book-sgd", "test_accuracy", 10, 0.827),
    Published(f"{BOOK}, TensorFlow", "book-sgd", "test_accuracy", 10, 0.828),
    Published(f"{BOOK}, Paddle", "book-sgd", "test_accuracy", 10, 0.827),
    Published(PORT, "book-adam", "test_accuracy", 1, 0.584),
    Published(PORT, "book-adam", "test_accuracy", 5, 0.759),
)
RECIPES = tuple(dict.fromkeys(published.recipe for published in PUBLISHED))
TITLES = [
    "published by",
    "recipe",
    "what",
    "published",
    "here: mean ± deviation",
    "lowest … highest",
    "95 % interval of one run",
    "inside",
    "verdict",
]


def reproduce(
    *,
    seeds: int = 5,
    folder: str | os.PathLike[str] = "runs/reproduction/runs",
    data_dir: str | None = None,
    progress: str = "auto",
) -> tuple[Report, Figure]:
    """Trains each published recipe with the seeds `0 … seeds - 1`, one after the other on all threads, and compares.

    folder: where the runs are kept; those that are there are not done again. Raises LenetError as `sweep` does.
    """
    given = {"data": "fashion-mnist", "data_dir": data_dir, "device": "cpu"}
    variations = [Variation(name, configure(name, **given)) for name in RECIPES]
    results = sweep(variations, seeds=seeds, folder=folder, one_by_one=True, progress=progress)
    numbers = {"seeds": seeds, "recipes": {result.variation.name: measured(result) for result in results}}
    return report(numbers), draw(numbers)


def measured(result: Result) -> dict[str, Any]:
    """What the seeds of a recipe did: each quantity by epoch, the speed of each run, and where."""
    where = result.runs[0].environment
    curves = {name: [[point[name] for point in run.epochs] for run in result.runs] for name in QUANTITIES}
    return curves | {
        "epochs": result.variation.config.epochs,
        SPEED: [run.summary[SPEED] for run in result.runs],
        "device": f"{where['threads']} threads of {where['processor']}",
    }


def report(numbers: Mapping[str, Any]) -> Report:
    """The table, from the numbers."""
    return Report(
        name="reproduction",
        title="What was published, and what it is here",
        command=f"lenet reproduce --seeds {numbers['seeds']}",
        setting=_setting(numbers),
        titles=TITLES,
        rows=[_row(published, numbers["recipes"][published.recipe]) for published in PUBLISHED],
        verdicts=[],
        numbers=dict(numbers),
    )


def values(published: Published, found: Mapping[str, Any]) -> list[float]:
    """What each seed gave for what was published."""
    if published.quantity == SPEED:
        return list(found[SPEED])
    return [curve[published.epoch - 1] for curve in found[published.quantity]]


def verdict(figure: float, here: Sequence[float]) -> tuple[bool | None, str]:
    """Whether a published figure is one that a run here could give, and that in words."""
    estimate = Estimate.of(here)
    half = estimate.of_one_more
    if half is None or estimate.number < FEWEST:
        return None, f"{estimate.number} seed{'s are' if estimate.number > 1 else ' is'} too few to tell"
    if estimate.minimum <= figure <= estimate.maximum:
        below = sum(value < figure for value in here)
        rank = f"{below} of {len(here)} seeds gave less"
    else:
        rank = f"no seed of {len(here)} gave so {'little' if figure < estimate.minimum else 'much'}"
    if abs(figure - estimate.mean) <= half:
        return True, f"reproduced: {rank}" if " gave less" in rank else f"within the interval, though {rank}"
    away = abs(figure - estimate.mean) / estimate.deviation if estimate.deviation else float("inf")
    return False, f"not reproduced: {away:.1f} deviations from the mean; {rank}"


def _row(published: Published, found: Mapping[str, Any]) -> list[str]:
    here = values(published, found)
    estimate, half = Estimate.of(here), Estimate.of(here).of_one_more
    is_inside, words = verdict(published.figure, here)
    if published.quantity == SPEED:
        ratio = statistics.median(here) / published.figure
        faster = f"{ratio:.1f} times as fast" if ratio >= 1 else f"{ratio:.2f} of the speed"
        what, form = "images/s in the steps", "{:,.0f}"
        words = f"here {faster}, on {found['device']} (published on {published.device})"
    else:
        what, form = f"{QUANTITIES[published.quantity]}, epoch {published.epoch}", "{:.3f}"
    finer = form.replace(".3f", ".4f")
    interval = ""
    if half is not None:
        interval = f"{finer.format(estimate.mean - half)} … {finer.format(estimate.mean + half)}"
    return [
        published.source,
        published.recipe,
        what,
        form.format(published.figure),
        finer.format(estimate.mean) + (f" ± {finer.format(estimate.deviation)}" if len(here) > 1 else ""),
        f"{finer.format(estimate.minimum)} … {finer.format(estimate.maximum)}",
        interval,
        {True: "yes", False: "no", None: ""}[is_inside],
        words,
    ]


def _setting(numbers: Mapping[str, Any]) -> str:
    epochs = " and ".join(f"{found['epochs']} epochs of `{name}`" for name, found in numbers["recipes"].items())
    device = next(iter(numbers["recipes"].values()))["device"]
    seeds = f"seeds 0 to {numbers['seeds'] - 1} of each" if numbers["seeds"] > 1 else "seed 0 of each"
    return (
        f"Fashion-MNIST, {epochs}, {seeds}, on {device}. A published figure is one run: "
        "it is compared with the interval in which one more run here would fall with 95 % (Student's t). Train loss and "
        "train accuracy are those of the last epoch, measured while the weights change, as the book prints them."
    )


def draw(numbers: Mapping[str, Any]) -> Figure:
    """Every seed's curve, their mean, and the published figures as crosses."""
    with rc_context(STYLE):
        figure = Figure(figsize=(10, 3.4 * len(numbers["recipes"])), layout="constrained")
        grid = figure.subplots(len(numbers["recipes"]), len(QUANTITIES), squeeze=False)
        for (name, found), line in zip(numbers["recipes"].items(), grid, strict=True):
            for quantity, axes in zip(QUANTITIES, line, strict=True):
                curves = found[quantity]
                epochs = range(1, found["epochs"] + 1)
                for curve in curves:
                    axes.plot(epochs, curve, color=TEST, alpha=max(0.15, min(0.6, 4 / len(curves))), linewidth=0.8)
                mean = [statistics.fmean(column) for column in zip(*curves, strict=True)]
                axes.plot(epochs, mean, color="black", linewidth=1.5, label=f"mean of {len(curves)} seeds")
                _crosses(axes, name, quantity)
                axes.set_title(f"{name}: {QUANTITIES[quantity]}", fontsize=10)
                axes.set_xlabel("epoch")
                axes.xaxis.set_major_locator(MaxNLocator(integer=True))
                axes.legend(fontsize=8)
    return figure


def _crosses(axes: Any, recipe: str, quantity: str) -> None:
    points = [(p.epoch, p.figure) for p in PUBLISHED if p.recipe == recipe and p.quantity == quantity]
    if points:
        axes.plot(*zip(*points, strict=True), "x", color="#bf3b3b", markersize=8, markeredgewidth=2, label="published")
