"""The chapter's exercises, each one call: a table over seeds, conclusions in words, and a chart.

    report, figure = perform("pooling", seeds=5)

The runs are kept in a folder that all experiments share: an experiment that was interrupted resumes where it stopped, and
none trains what another has trained.
"""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenet.analysis.inference import memory_guard
from lenet.analysis.lab import activations, noise, out_of_distribution, rate_range, scaling
from lenet.analysis.lab.comparisons import as_experiment
from lenet.analysis.lab.exercises import COMPARISONS
from lenet.analysis.lab.experiments import Experiment, Setup
from lenet.analysis.report import Numbers, Report, counted
from lenet.errors import ConfigError, choices_hint
from lenet.training.tasks import Executor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EXPERIMENTS: dict[str, Experiment] = {
    **{name: as_experiment(comparison) for name, comparison in COMPARISONS.items()},
    "activations": activations.EXPERIMENT,
    "rate-range": rate_range.EXPERIMENT,
    "noise": noise.EXPERIMENT,
    "strangers": out_of_distribution.EXPERIMENT,
    "size": scaling.EXPERIMENT,
}


def perform(
    name: str,
    *,
    data_dir: str | None = None,
    folder: str | os.PathLike[str] = "runs/lab/runs",
    progress: str = "auto",
    executor: Executor | None = None,
    **options: Any,
) -> "tuple[Report, Figure]":
    """Perform an experiment.

    Args:
        name: a key of EXPERIMENTS.
        data_dir: the folder of the data set's files; by default LENET_DATA, else the cache.
        folder: where the runs are kept.
        progress: "auto" or "quiet".
        executor: where variations are trained; by default in threads of this process.
        options: of those that the experiment takes: seeds, the trainings of each variation, by default 5; epochs, instead of
            the recipe's; recipe, by default the experiment's; data, the name of a data set, by default fashion-mnist;
            classes, names or numbers of the classes to look at, by default all. None stands for the default.

    Returns:
        The report and its chart.

    Raises:
        ConfigError: the name is unknown, or the experiment does not take an option.
        Interrupted: after Ctrl-C, when all is saved, and the same call resumes.
        LenetError: as `sweep` raises it.
    """
    if name not in EXPERIMENTS:
        raise ConfigError(f"unknown experiment {name!r}", hint=choices_hint(name, EXPERIMENTS))
    experiment = EXPERIMENTS[name]
    options = {option: value for option, value in options.items() if value is not None and value != ()}
    for option in options:
        if option not in experiment.options:
            hint = f"it takes {', '.join(experiment.options)}" if experiment.options else "it takes nothing"
            raise ConfigError(f"the experiment {name} takes no {option}", hint=hint)
    numbers: Numbers = {"experiment": name, "command": _command(name, options)}
    defaults = {"recipe": experiment.recipe}
    setup = Setup(**defaults | options, data_dir=data_dir, folder=Path(folder), progress=progress, executor=executor)
    numbers |= setup.numbers() if experiment.options else {}
    with memory_guard("cpu", f"in the experiment {name}"):
        measured, figure = experiment.perform(setup)
    return report(numbers | measured), figure


def report(numbers: Mapping[str, Any]) -> Report:
    """Make the report of an experiment from its numbers, the content of its JSON file."""
    name = numbers["experiment"]
    experiment = EXPERIMENTS[name]
    return Report(
        name, experiment.question, numbers["command"], _setting(numbers), experiment.table(numbers), dict(numbers)
    )


def _setting(numbers: Mapping[str, Any]) -> str:
    if "seeds" not in numbers:
        return "Nothing is trained."
    seeds = f"seeds 0 to {numbers['seeds'] - 1}" if numbers["seeds"] > 1 else "seed 0"
    return (
        f"Recipe `{numbers['recipe']}` on {numbers['data']}, {counted(numbers['epochs'], 'epoch')}, {seeds}, except for what "
        f"is varied. {EXPERIMENTS[numbers['experiment']].spread}"
    )


def _command(name: str, options: Mapping[str, Any]) -> str:
    """Return the command line that repeats the experiment."""
    parts = ["lenet", "lab", name]
    for option, value in options.items():
        parts += [f"--{option}", ",".join(value) if option == "classes" else str(value)]
    return shlex.join(parts)
