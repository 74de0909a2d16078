"""Many trainings of a network that differ in settings and seeds, and their results.

result = sweep("fast", vary={"activation": ["relu", "tanh"]}, seeds=10, out="runs/activations")
print(result.table.markdown(), result.comparisons)
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenet.analysis.inference import memory_guard
from lenet.analysis.report import Numbers, Report, Table, counted
from lenet.config import TrainConfig
from lenet.display.plain import Finished
from lenet.errors import ConfigError
from lenet.files import durable
from lenet.runs.run import Run
from lenet.sweeps import folder as folders
from lenet.sweeps import numbers as counts
from lenet.sweeps.compare import FIRST, Comparison
from lenet.sweeps.spec import Spec
from lenet.sweeps.values import naming
from lenet.sweeps.written import from_arguments
from lenet.training import sweep as trainings
from lenet.training.own import with_own_settings
from lenet.training.setup import check
from lenet.training.sweep import Variation
from lenet.training.tasks import Executor, load_splits, source

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "sweep"  # of the files with the result


@dataclass(frozen=True)
class Sweep:
    """The result of a sweep.

    Attributes:
        spec: what was trained.
        runs: the finished runs of each variation, in the order of the seeds.
        numbers: all that was measured, as sweep.json holds it.
        folder: where everything is.
    """

    spec: Spec
    runs: Mapping[str, tuple[Run, ...]]
    numbers: Numbers
    folder: Path

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Each variation compared with the first, seed by seed, with Holm's correction."""
        return self.compare()

    @property
    def table(self) -> Table:
        """A row for each variation, and what the comparisons say."""
        return counts.table(self.numbers, self.comparisons)

    @property
    def best(self) -> str | None:
        """The variation with the highest mean accuracy on held-out images; None if none are held out."""
        return counts.best_of(self.numbers)

    def compare(self, against: str = FIRST) -> tuple[Comparison, ...]:
        """Compare each variation with one of them.

        Args:
            against: "first", "best", or the name of a variation.

        Raises:
            ConfigError: for an unknown name, or for "best" without held-out images.
        """
        return counts.comparisons(self.numbers, against)

    def report(self, against: str = FIRST, command: str = "lenet.sweep(…)") -> Report:
        """Return the report: title, setting, table and conclusions.

        Args:
            against: as `compare` takes it.
            command: what made it.

        Raises:
            ConfigError: as `compare` raises it.
        """
        compared = self.compare(against)
        numbers = self.numbers | {"command": command, "comparisons": counts.as_json(compared)}
        table = counts.table(numbers, compared)
        return Report(NAME, _title(self.spec), command, _setting(self.spec, len(compared)), table, numbers)

    def figure(self) -> "Figure":
        """Return the chart."""
        from lenet.sweeps.chart import draw

        return draw(_title(self.spec), self.numbers)


def sweep(
    base: str | os.PathLike[str] | TrainConfig | Mapping[str, Any] = "fast",
    *,
    vary: Mapping[str, Any] | None = None,
    seeds: int | Sequence[int] | None = None,
    out: str | os.PathLike[str] = "runs/sweep",
    progress: str = "auto",
    executor: Executor | None = None,
) -> Sweep:
    """Train a network with different settings, each with the same seeds, and compare the results.

        result = lenet.sweep("fast", vary={"activation": ["relu", "tanh"]}, seeds=10, out="runs/activations")

    Every training has one thread, and as many run at once as there are cores. Finished runs are kept: the same call resumes
    an interrupted sweep, and more values or seeds train only what is missing.

    Args:
        base: what all trainings share: the name of a recipe, a TrainConfig, settings by name (with `data` perhaps your own
            Splits), or the path of a TOML file that describes the sweep.
        vary: by setting its values, all combined with each other; or by name the settings of each variation.
        seeds: their number, for 0 to seeds - 1, or the seeds; by default the file's, or 5.
        out: the folder of runs and results: sweep.md, sweep.json, sweep.csv and sweep.png.
        progress: "auto" (a line per finished training, on stderr) or "quiet".
        executor: where to train; by default in threads of this process.

    Returns:
        Runs, table and comparisons.

    Raises:
        ConfigError: for a setting that is unknown or invalid, naming the entry.
        Interrupted: after a signal, when everything is saved; the same call resumes.
        LenetError: as `train` raises it.
        RunError: if the folder holds another sweep, or one is running in it.
    """
    result = perform(from_arguments(base, vary, seeds).spec(), Path(out), progress=progress, executor=executor)
    save(result, result.report())
    return result


def perform(spec: Spec, folder: Path, *, progress: str = "auto", executor: Executor | None = None) -> Sweep:
    """Train what is missing of a sweep.

    Args:
        spec: the sweep.
        folder: its folder.
        progress: as `sweep` takes it.
        executor: as `sweep` takes it.

    Raises:
        LenetError, Interrupted: as `sweep` raises them.
    """
    folders.check(folder, spec)
    variations = _with_data(spec, Finished(progress, 0))
    prints = {each.data.fingerprint for each in variations if each.data}
    fingerprint = prints.pop() if len(prints) == 1 else ""
    folders.check(folder, spec, fingerprint)
    for each in variations:
        if each.data:
            with naming(f"the variation {each.name}"):
                check(each.config, each.data, is_here=executor is None)
    with (
        folders.claimed(folder, spec, fingerprint, trainings.homes(variations)),
        memory_guard("cpu", "in a sweep"),
    ):
        results = trainings.sweep(
            variations, seeds=spec.seeds, folder=folder / "runs", progress=progress, executor=executor
        )
    numbers: Numbers = {"seeds": [*spec.seeds], "varied": spec.varied, **counts.measured(spec, results)}
    return Sweep(spec, {each.variation.name: each.runs for each in results}, numbers, folder)


def save(result: Sweep, report: Report) -> list[Path]:
    """Write the result into the sweep's folder: a document, numbers, a table of the trainings, a chart.

    Returns:
        The paths of the files.

    Raises:
        ConfigError: a file cannot be written.
    """
    paths = report.save(result.folder, result.figure())
    path = result.folder / f"{NAME}.csv"
    try:
        durable.write(path, counts.as_csv(result.numbers).encode())
    except OSError as error:
        what, hint = durable.explain(error)
        raise ConfigError(f"cannot write {path}: {what}", hint=hint) from error
    return [*paths, path]


def _with_data(spec: Spec, display: Finished) -> list[Variation]:
    """The variations with their data, and with what the recipe for people's own images decides by it."""
    configs = spec.configs
    splits = load_splits(configs.values(), spec.data, display)
    return [
        Variation(
            name,
            with_own_settings(config, splits[source(config)].train, spec.given(spec.variations[name])),
            splits[source(config)],
        )
        for name, config in configs.items()
    ]


def _title(spec: Spec) -> str:
    return "Sweep over " + (", ".join(name.replace("_", "-") for name in spec.varied) or "seeds")


def _setting(spec: Spec, num_comparisons: int) -> str:
    config = next(iter(spec.configs.values()))
    seeds = ", ".join(map(str, spec.seeds))
    if len(spec.seeds) > 2 and spec.seeds == tuple(range(spec.seeds[0], spec.seeds[-1] + 1)):
        seeds = f"{spec.seeds[0]} to {spec.seeds[-1]}"
    words = "seed" if len(spec.seeds) == 1 else "seeds"
    setting = (
        f"Recipe `{config.recipe}` on {config.data}, {counted(config.epochs, 'epoch')}, {words} {seeds}, except for what is "
        "varied. Accuracies are the mean over the seeds ± half of its 95 % confidence interval (Student's t)."
    )
    if num_comparisons:
        tests = counted(num_comparisons, "comparison")
        setting += f" Differences are between runs of the same seed: paired t-tests, corrected for {tests} (Holm)."
    return setting
