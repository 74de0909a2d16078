"""The chapter's exercises, each one call: a table over seeds, what it says in words, and a picture.

    report, figure = perform("pooling", seeds=5)

The trainings are kept in a folder of runs that all experiments share, so that an experiment that was interrupted goes on
where it stopped, and none trains what another has trained.
"""

import os
import shlex
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lenet.analysis.lab import probes, scaling
from lenet.analysis.lab.experiments import COMPARISONS, Comparison, permuted
from lenet.analysis.report import Report, Table, plus_minus
from lenet.analysis.statistics import Estimate, chance_of_difference, chance_of_zero
from lenet.config import configure
from lenet.data.dataset import load
from lenet.display.curve import STYLE
from lenet.errors import ConfigError, choices_hint
from lenet.training.sweep import Result, Variation, sweep

SIGNIFICANT = 0.05  # the probability below which a difference counts as one
AT_CHANCE = 2  # a network that is right less often than twice as often as guessing has learnt nothing
TITLES = ["variation", "test accuracy", "lowest … highest", "parameters", "seconds on one thread", "remarks"]

# Every experiment by its name: what it asks.
EXPERIMENTS: dict[str, str] = {name: comparison.question for name, comparison in COMPARISONS.items()} | {
    "activations": "What the convolutional layers make of pictures of each class",
    "noise": "What noise does to a trained network",
    "strangers": "What a network says of pictures of something else",
    "size": "Dense against convolutional layers as the picture grows",
}


def perform(
    name: str,
    *,
    seeds: int | None = None,
    epochs: int | None = None,
    recipe: str | None = None,
    data: str | None = None,
    data_dir: str | None = None,
    classes: Sequence[str] = (),
    folder: str | os.PathLike[str] = "runs/lab/runs",
    progress: str = "auto",
) -> tuple[Report, Figure]:
    """Carries out an experiment, an entry of EXPERIMENTS.

    seeds: trainings of each variation, by default 5; epochs: instead of the recipe's; recipe: for `activations`, `noise` and
    `strangers`, by default fast; data: by default fashion-mnist; classes: names or numbers of those that `activations`
    shows, by default all; folder: where the runs are kept. Ctrl-C saves and raises SweepInterrupted. Raises ConfigError for
    an unknown name and for what the experiment does not take, else LenetError as `sweep` does.
    """
    if name not in EXPERIMENTS:
        raise ConfigError(f"unknown experiment {name!r}", hint=choices_hint(name, EXPERIMENTS))
    given = {"seeds": seeds, "epochs": epochs, "recipe": recipe, "data": data, "classes": ",".join(classes) or None}
    given = {flag: value for flag, value in given.items() if value is not None}
    takes = taken(name)
    for flag in given:
        if flag not in takes:
            hint = f"it takes {', '.join(takes)}" if takes else "it takes nothing"
            raise ConfigError(f"the experiment {name} takes no {flag}", hint=hint)
    numbers: dict[str, Any] = {"experiment": name, "command": _command(name, given)}
    if name == "size":
        numbers |= scaling.measure()
        return report(numbers), scaling.draw(numbers)
    seeds = 5 if seeds is None else seeds
    base = recipe or (COMPARISONS[name].recipe if name in COMPARISONS else "fast")
    others = {"data": data or "fashion-mnist", "data_dir": data_dir, "epochs": epochs, "device": "cpu"}
    config = configure(base, **others)
    numbers |= {"recipe": base, "epochs": config.epochs, "seeds": seeds, "data": config.data}
    splits = load(config.data, data_dir)

    def train(variations: Sequence[Variation]) -> list[Result]:
        return sweep(variations, seeds=seeds, folder=folder, progress=progress)

    if name in COMPARISONS:
        comparison = COMPARISONS[name]
        shuffled = permuted(splits) if comparison.permuted else None
        results = train(
            [
                Variation(
                    label, configure(base, **others | dict(own)), shuffled if label in comparison.permuted else None
                )
                for label, own in comparison.variations.items()
            ]
        )
        numbers["variations"] = {result.variation.name: measured(result) for result in results}
        return report(numbers), draw(comparison, numbers)
    labels = probes.chosen(classes, splits.test.classes)
    runs = train([Variation(base, config)])[0].runs
    if not runs:
        raise ConfigError(f"every training of {base} diverged", hint="take another --recipe")
    found, figure = probes.PROBES[name](runs, splits.test, labels, data_dir)
    return report(numbers | found), figure


def taken(name: str) -> list[str]:
    """The settings that an experiment takes: not those that it varies, nor another recipe for what it varies."""
    if name == "size":
        return []
    if name in COMPARISONS:
        varied = {setting for own in COMPARISONS[name].variations.values() for setting in own}
        return [setting for setting in ("seeds", "epochs", "data") if setting not in varied]
    return ["seeds", "epochs", "recipe", "data", *(["classes"] if name == "activations" else [])]


def report(numbers: Mapping[str, Any]) -> Report:
    """The table of an experiment and what it says, from its numbers: those of the report that `perform` returned."""
    name = numbers["experiment"]
    make = comparison_table if name in COMPARISONS else scaling.table if name == "size" else probes.TABLES[name]
    titles, rows, verdicts = make(numbers)
    return Report(name, EXPERIMENTS[name], numbers["command"], setting(numbers), titles, rows, verdicts, dict(numbers))


def setting(numbers: Mapping[str, Any]) -> str:
    """How it was measured, in words."""
    if "seeds" not in numbers:
        return "Nothing is trained."
    epochs = f"{numbers['epochs']} epoch{'s' if numbers['epochs'] > 1 else ''}"
    seeds = f"seeds 0 to {numbers['seeds'] - 1}" if numbers["seeds"] > 1 else "seed 0"
    return (
        f"Recipe `{numbers['recipe']}` on {numbers['data']}, {epochs}, {seeds}, but for what is varied; mean ± half of its "
        "95 % interval over the seeds (Student's t)."
    )


def measured(result: Result) -> dict[str, Any]:
    """What the seeds of a variation did."""
    return {
        "epochs": result.variation.config.epochs,
        "test_accuracy": [[point["test_accuracy"] for point in run.epochs] for run in result.runs],
        "seconds": [run.summary["seconds"] for run in result.runs],
        "parameters": result.runs[0].summary["parameters"] if result.runs else None,
        "classes": len(result.runs[0].classes) if result.runs else None,
        "diverged": list(result.diverged),
    }


def last(found: Mapping[str, Any]) -> list[float]:
    """The test accuracy of each seed after its last epoch."""
    return [curve[-1] for curve in found["test_accuracy"]]


def comparison_table(numbers: Mapping[str, Any]) -> Table:
    """A row for each variation, and each pair in words."""
    comparison, found = COMPARISONS[numbers["experiment"]], numbers["variations"]
    first = next(iter(found))
    pairs = comparison.pairs or [(first, other) for other in [*found][1:]]
    verdicts = [
        words for one, other in pairs if (words := compared(one, found[one], other, found[other], comparison.nested))
    ]
    return TITLES, [_row(label, each) for label, each in found.items()], verdicts


def _row(label: str, found: Mapping[str, Any]) -> list[str]:
    accuracies = last(found)
    if not accuracies:
        return [label, "", "", "", "", failures(found)]
    estimate = Estimate.of(accuracies)
    return [
        label,
        plus_minus(estimate),
        f"{estimate.minimum:.4f} … {estimate.maximum:.4f}",
        f"{found['parameters']:,}",
        f"{statistics.fmean(found['seconds']):.1f}",
        failures(found),
    ]


def failures(found: Mapping[str, Any]) -> str:
    """How many seeds diverged or stayed at chance level, in words; empty if none did."""
    total = len(found["diverged"]) + len(found["test_accuracy"])
    stuck = len(found["test_accuracy"]) - len(learnt(found))
    counts = {"diverged": len(found["diverged"]), "at chance": stuck}
    return ", ".join(f"{count} of {total} {what}" for what, count in counts.items() if count)


def learnt(found: Mapping[str, Any]) -> dict[int, float]:
    """The last test accuracy by seed, of the seeds that learnt."""
    total = len(found["diverged"]) + len(found["test_accuracy"])
    seeds = [seed for seed in range(total) if seed not in found["diverged"]]
    accuracies = dict(zip(seeds, last(found), strict=True))
    return {seed: each for seed, each in accuracies.items() if each >= AT_CHANCE / found["classes"]}


def compared(
    one: str, first: Mapping[str, Any], other: str, second: Mapping[str, Any], nested: bool = False
) -> str | None:
    """The two in words: which fail, and, of the seeds that learnt, by Welch's test which is better.

    nested: each run of one is the beginning of the other's with the same seed, so the differences by seed are tested.
    None where there is nothing to say.
    """
    failed = [f"{label}: {words}" for label, words in ((one, failures(first)), (other, failures(second))) if words]
    accuracies = learnt(first), learnt(second)
    estimates = [Estimate.of([*each.values()]) for each in accuracies if each]
    if len(estimates) < 2:
        return "; ".join(failed) or None
    if nested:
        differences = [accuracies[1][seed] - accuracies[0][seed] for seed in accuracies[0] if seed in accuracies[1]]
        chance = chance_of_zero(differences)
    else:
        chance = chance_of_difference(*estimates)
    words = f"{other} against {one}: {estimates[1].mean - estimates[0].mean:+.4f}"
    if chance is None:
        return "; ".join([*failed, f"{words}, too few seeds to tell"])
    probability = "p < 0.001" if chance < 0.001 else f"p = {chance:.3f}"
    if chance >= SIGNIFICANT:
        words = f"{words}, which these seeds cannot tell from chance ({probability})"
    else:
        difference = estimates[1].mean - estimates[0].mean
        words = (
            f"{other} is {'better' if difference > 0 else 'worse'} than {one} by {abs(difference):.4f} ({probability})"
        )
    return "; ".join([*failed, f"of those that learnt, {words}" if failed else words])


def draw(comparison: Comparison, numbers: Mapping[str, Any]) -> Figure:
    """Left the seeds of each variation with the mean and its interval, right the mean curve and the range of the seeds."""
    found = numbers["variations"]
    with rc_context(STYLE):
        figure = Figure(figsize=(10, 2.2 + 0.32 * len(found)), layout="constrained")
        figure.suptitle(f"{comparison.question} ({numbers['recipe']} on {numbers['data']})", fontsize=11)
        points, curves = figure.subplots(1, 2)
        for number, (label, each) in enumerate(found.items()):
            colour = f"C{number % 10}"
            accuracies = last(each)
            points.plot(accuracies, [number] * len(accuracies), "o", color=colour, alpha=0.4, markersize=4)
            if not accuracies:
                continue
            estimate = Estimate.of(accuracies)
            points.errorbar(estimate.mean, number, xerr=estimate.of_the_mean, color=colour, marker="|", capsize=4)
            columns = [*zip(*each["test_accuracy"], strict=True)]
            epochs = range(1, len(columns) + 1)
            curves.plot(epochs, [statistics.fmean(column) for column in columns], color=colour, label=label)
            curves.fill_between(
                epochs, [*map(min, columns)], [*map(max, columns)], color=colour, alpha=0.15, linewidth=0
            )
        points.set_yticks(range(len(found)), found)
        points.invert_yaxis()
        points.set_xlabel("test accuracy after the last epoch")
        curves.set_xlabel("epoch")
        curves.set_ylabel("test accuracy")
        curves.xaxis.set_major_locator(MaxNLocator(integer=True))
        curves.legend(fontsize=8)
    return figure


def _command(name: str, given: Mapping[str, Any]) -> str:
    """The command line that does this again."""
    return shlex.join(
        ["lenet", "lab", name, *(part for flag, value in given.items() for part in (f"--{flag}", str(value)))]
    )
