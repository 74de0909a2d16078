"""Comparing variations of a training: the table, the verdicts and the chart."""

import dataclasses
import functools
import statistics
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lenet.analysis.lab.experiments import Experiment, Setup
from lenet.analysis.lab.verdicts import Outcome, verdict
from lenet.analysis.report import Numbers, Table, mean_and_interval
from lenet.analysis.statistics import Estimate
from lenet.data.dataset import Dataset, Splits
from lenet.display.style import styled_figure
from lenet.training.sweep import Variation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = ["variation", "test accuracy", "lowest … highest", "parameters", "seconds on one thread", "remarks"]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Variations of a recipe that are compared with each other.

    Attributes:
        question: the title of the report.
        recipe: what is varied.
        variations: by name, the settings that differ from the recipe's; the chapter's own first.
        permuted: names of the variations whose images have their pixels permuted.
        pairs: which variations are compared in words; by default each with the first.
        nested: whether the runs of one variation are the beginnings of another's with the same seed.
    """

    question: str
    recipe: str
    variations: Mapping[str, Mapping[str, Any]]
    permuted: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    nested: bool = False


def as_experiment(comparison: Comparison) -> Experiment:
    """Make it an experiment, which takes no option for a setting that is varied."""
    varied = {name for settings in comparison.variations.values() for name in settings}
    return Experiment(
        comparison.question,
        functools.partial(perform, comparison),
        functools.partial(table, comparison),
        options=tuple(option for option in ("seeds", "epochs", "data") if option not in varied),
        recipe=comparison.recipe,
    )


def perform(comparison: Comparison, setup: Setup) -> "tuple[Numbers, Figure]":
    """Train all variations."""
    permuted = permute_pixels(setup.splits) if comparison.permuted else None
    results = setup.train(
        [
            Variation(name, setup.config(**settings), permuted if name in comparison.permuted else None)
            for name, settings in comparison.variations.items()
        ]
    )
    outcomes = {result.variation.name: Outcome.of(result) for result in results}
    figure = draw(f"{comparison.question} ({setup.recipe} on {setup.data})", outcomes)
    return {"variations": {name: dataclasses.asdict(outcome) for name, outcome in outcomes.items()}}, figure


def outcomes_of(numbers: Mapping[str, Any]) -> dict[str, Outcome]:
    """Return the outcomes by variation, from the numbers of a report."""
    return {name: Outcome(**values) for name, values in numbers["variations"].items()}


def table(comparison: Comparison, numbers: Mapping[str, Any]) -> Table:
    """Make a row for each variation and a verdict for each pair."""
    outcomes = outcomes_of(numbers)
    first, *others = outcomes
    verdicts = [
        verdict(outcomes, pair, nested=comparison.nested)
        for pair in comparison.pairs or [(first, other) for other in others]
    ]
    return Table(COLUMNS, [_row(*item) for item in outcomes.items()], [words for words in verdicts if words])


def _row(name: str, outcome: Outcome) -> list[str]:
    accuracy = outcome.final_accuracy
    if not accuracy:
        return [name, "", "", "", "", outcome.failures]
    return [
        name,
        mean_and_interval(accuracy),
        f"{min(accuracy):.4f} … {max(accuracy):.4f}",
        f"{outcome.parameters:,}",
        f"{statistics.fmean(outcome.seconds):.1f}",
        outcome.failures,
    ]


def draw(title: str, outcomes: Mapping[str, Outcome]) -> "Figure":
    """Draw, on the left, each seed with mean and interval; on the right, the mean curve and the range of the seeds."""
    from matplotlib.ticker import MaxNLocator

    with styled_figure(10, 2.2 + 0.32 * len(outcomes)) as figure:
        figure.suptitle(title, fontsize=11)
        points, curves = figure.subplots(1, 2)
        for number, (name, outcome) in enumerate(outcomes.items()):
            color = f"C{number % 10}"
            accuracy = outcome.final_accuracy
            points.plot(accuracy, [number] * len(accuracy), "o", color=color, alpha=0.4, markersize=4)
            if not accuracy:
                continue
            estimate = Estimate.of(accuracy)
            points.errorbar(estimate.mean, number, xerr=estimate.mean_interval, color=color, marker="|", capsize=4)
            by_epoch = [*zip(*outcome.test_accuracy, strict=True)]
            epochs = range(1, len(by_epoch) + 1)
            curves.plot(epochs, [statistics.fmean(values) for values in by_epoch], color=color, label=name)
            lowest, highest = [*map(min, by_epoch)], [*map(max, by_epoch)]
            curves.fill_between(epochs, lowest, highest, color=color, alpha=0.15, linewidth=0)
        points.set_yticks(range(len(outcomes)), outcomes)
        points.invert_yaxis()
        points.set_xlabel("test accuracy after the last epoch")
        curves.set_xlabel("epoch")
        curves.set_ylabel("test accuracy")
        curves.xaxis.set_major_locator(MaxNLocator(integer=True))
        curves.legend(fontsize=8)
    return figure


def permute_pixels(splits: Splits, seed: int = 0) -> Splits:
    """Return the images with their pixels in another order, drawn once from `seed`: the same for all images."""
    height, width = splits.train.size
    order = np.random.default_rng(seed).permutation(height * width)

    def permuted(dataset: Dataset) -> Dataset:
        images = dataset.images.reshape(len(dataset), height * width)[:, order].reshape(-1, height, width)
        return Dataset(f"{dataset.name}-permuted", images, dataset.labels, dataset.classes)

    return Splits(permuted(splits.train), permuted(splits.test), f"{splits.source}, pixels permuted")
