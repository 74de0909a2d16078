"""Every published result of the LeNet chapter, compared with what the same recipe gives here, over seeds.

    report, figure = reproduce(seeds=5, folder="runs/reproduction")

A published figure is one run, so the question is whether a run here could have given it. It is compared with the 95 %
prediction interval of one more run (Student's t), and with the lowest and highest of our seeds.
"""

import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lenet.analysis.report import Numbers, Report, Table
from lenet.analysis.statistics import Estimate
from lenet.configuration import configure
from lenet.display.style import TEST, styled_figure
from lenet.training.sweep import Result, Variation, sweep
from lenet.training.tasks import Executor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MIN_SEEDS = 5  # that a verdict needs: with fewer, the interval is so wide that everything is inside
QUANTITIES = {"test_accuracy": "test accuracy", "train_accuracy": "train accuracy", "train_loss": "train loss"}
SPEED = "images_per_second"


@dataclass(frozen=True)
class Published:
    """A figure that somebody published.

    Attributes:
        source: who published it.
        recipe: the recipe here that repeats it.
        quantity: a key of QUANTITIES, or SPEED.
        epoch: after how many epochs.
        figure: its value.
        device: of a speed, what computed.
    """

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
COLUMNS = [
    "published by",
    "recipe",
    "quantity",
    "published",
    "here: mean ± std",
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
    executor: Executor | None = None,
) -> "tuple[Report, Figure]":
    """Train each published recipe with several seeds, one run after the other on all threads, and compare.

    Args:
        seeds: trainings of each recipe, with the seeds 0 to seeds - 1.
        folder: where the runs are kept; finished ones are not trained again.
        data_dir: the folder of Fashion-MNIST's files; by default LENET_DATA, else the cache.
        progress: "auto" or "quiet".
        executor: where to train, side by side on one thread each; by default one run after the other in this process.

    Returns:
        The report and its chart.

    Raises:
        Interrupted: after Ctrl-C, when all is saved, and the same call resumes.
        LenetError: as `sweep` raises it.
    """
    settings = {"data": "fashion-mnist", "data_dir": data_dir, "device": "cpu"}
    variations = [Variation(name, configure(name, **settings)) for name in RECIPES]
    results = sweep(
        variations,
        seeds=seeds,
        folder=folder,
        one_by_one=executor is None,
        progress=progress,
        executor=executor,
    )
    numbers = {"seeds": seeds, "recipes": {result.variation.name: measured(result) for result in results}}
    return report(numbers), draw(numbers)


def measured(result: Result) -> Numbers:
    """Return each quantity of each run by epoch, the speed of each run, and what computed."""
    environment = result.runs[0].environment
    curves = {name: [[getattr(point, name) for point in run.epochs] for run in result.runs] for name in QUANTITIES}
    return curves | {
        "epochs": result.variation.config.epochs,
        SPEED: [getattr(run.summary, SPEED) for run in result.runs],
        "device": f"{environment.threads} thread{'s' if environment.threads > 1 else ''} of {environment.processor}",
    }


def report(numbers: Mapping[str, Any]) -> Report:
    """Make the report from its numbers, the content of reproduction.json."""
    return Report(
        name="reproduction",
        title="Published results, and the same recipes here",
        command=f"lenet reproduce --seeds {numbers['seeds']}",
        setting=_setting(numbers),
        table=Table(COLUMNS, [_row(published, numbers["recipes"][published.recipe]) for published in PUBLISHED]),
        numbers=dict(numbers),
    )


def values(published: Published, recipe: Mapping[str, Any]) -> list[float]:
    """Return what each seed of the recipe gave for the published quantity."""
    if published.quantity == SPEED:
        return list(recipe[SPEED])
    return [curve[published.epoch - 1] for curve in recipe[published.quantity]]


def verdict(figure: float, here: Sequence[float]) -> tuple[bool | None, str]:
    """Judge whether a run here could give a published figure.

    Args:
        figure: the published value.
        here: the value of each seed.

    Returns:
        Whether the figure is inside the interval, None if there are too few seeds; and that in words.
    """
    estimate = Estimate.of(here)
    half = estimate.prediction_interval
    if half is None or estimate.number < MIN_SEEDS:
        return None, f"{estimate.number} seed{'s are' if estimate.number > 1 else ' is'} too few to tell"
    distance = abs(figure - estimate.mean)
    is_inside = distance <= half
    if estimate.minimum <= figure <= estimate.maximum:
        below = sum(value < figure for value in here)
        rank, prefix = f"{below} of {len(here)} seeds are lower", "reproduced: "
    else:
        rank = f"{'below' if figure < estimate.minimum else 'above'} all {len(here)} seeds"
        prefix = "inside the interval, but "
    if is_inside:
        return True, f"{prefix}{rank}"
    stds = distance / estimate.std if estimate.std else float("inf")
    return False, f"not reproduced: {stds:.1f} std from the mean, {rank}"


def _row(published: Published, recipe: Mapping[str, Any]) -> list[str]:
    here = values(published, recipe)
    estimate = Estimate.of(here)
    half = estimate.prediction_interval
    is_inside, words = verdict(published.figure, here)
    if published.quantity == SPEED:
        ratio = statistics.median(here) / published.figure
        faster = f"{ratio:.1f} times as fast" if ratio >= 1 else f"{ratio:.2f} of the speed"
        words = f"here {faster}, on {recipe['device']} (published on {published.device})"
        quantity, form, finer = "images/s in the steps", "{:,.0f}", "{:,.0f}"
    else:
        quantity, form, finer = f"{QUANTITIES[published.quantity]}, epoch {published.epoch}", "{:.3f}", "{:.4f}"
    interval = ""
    if half is not None:
        interval = f"{finer.format(estimate.mean - half)} … {finer.format(estimate.mean + half)}"
    return [
        published.source,
        published.recipe,
        quantity,
        form.format(published.figure),
        finer.format(estimate.mean) + (f" ± {finer.format(estimate.std)}" if len(here) > 1 else ""),
        f"{finer.format(estimate.minimum)} … {finer.format(estimate.maximum)}",
        interval,
        {True: "yes", False: "no", None: ""}[is_inside],
        words,
    ]


def _setting(numbers: Mapping[str, Any]) -> str:
    epochs = " and ".join(f"{recipe['epochs']} epochs of `{name}`" for name, recipe in numbers["recipes"].items())
    device = next(iter(numbers["recipes"].values()))["device"]
    seeds = f"seeds 0 to {numbers['seeds'] - 1} of each" if numbers["seeds"] > 1 else "seed 0 of each"
    return (
        f"Fashion-MNIST, {epochs}, {seeds}, on {device}. A published figure is the result of one run, so it is compared with "
        "the 95 % prediction interval of one more run here (Student's t). Train loss and train accuracy are means over the "
        "last epoch, measured while the weights change, as the book prints them."
    )


def draw(numbers: Mapping[str, Any]) -> "Figure":
    """Draw every seed's curve, their mean, and the published figures as crosses."""
    from matplotlib.ticker import MaxNLocator

    recipes = numbers["recipes"]
    with styled_figure(10, 3.4 * len(recipes)) as figure:
        grid = figure.subplots(len(recipes), len(QUANTITIES), squeeze=False)
        for (name, recipe), line in zip(recipes.items(), grid, strict=True):
            for quantity, axes in zip(QUANTITIES, line, strict=True):
                curves = recipe[quantity]
                epochs = range(1, recipe["epochs"] + 1)
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
