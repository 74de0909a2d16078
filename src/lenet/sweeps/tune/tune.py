"""The search for the best settings of a training, and what they are worth on the test set.

result = tune("fashion-mnist", search={"learning_rate": "1e-4..1e-1:log", "channels": "4..32"}, epochs=1)
result.best, result.table.conclusions
"""

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lenet.analysis.report import Numbers, Report, Table, counted
from lenet.config import TrainConfig
from lenet.configuration import configure
from lenet.data.dataset import Dataset, Splits
from lenet.data.from_arrays import as_splits
from lenet.display.plain import Finished
from lenet.errors import ConfigError
from lenet.extras import require
from lenet.files import durable
from lenet.sweeps.tune import manifest, numbers
from lenet.sweeps.tune.chart import draw
from lenet.sweeps.tune.checks import check
from lenet.sweeps.tune.folder import SearchFolder, turn
from lenet.sweeps.tune.held_out import Base
from lenet.sweeps.tune.objective import Objective
from lenet.sweeps.tune.plan import NAMES, Plan
from lenet.sweeps.tune.search import Progress, search, stopped
from lenet.sweeps.tune.space import Space, described
from lenet.training.interrupts import interrupts
from lenet.training.own import recipe_for
from lenet.training.sweep import Variation
from lenet.training.sweep import sweep as trained
from lenet.training.tasks import load_splits, source
from lenet.training.trials import LocalTrials, TrialExecutor

NAME = "tune"  # of the files with the result


@dataclass(frozen=True)
class Tuned:
    """The result of a search.

    Attributes:
        config: the settings of the best trial, with all training images and seed 0: `lenet.train(config=...)` takes them.
        best: those of them that were searched, by name.
        numbers: all that was measured, as tune.json holds it.
        report: the document tune.md.
        folder: where everything is.
    """

    config: TrainConfig
    best: Mapping[str, Any]
    numbers: Numbers
    report: Report
    folder: Path

    @property
    def table(self) -> Table:
        """The best trials, and sentences about what mattered and what the test set says."""
        return self.report.table

    def save(self) -> list[Path]:
        """Write the document, the numbers, the chart, and a table of all trials.

        Returns:
            The paths of the files.

        Raises:
            ConfigError: a file cannot be written.
        """
        paths = self.report.save(self.folder, draw(self.report.title, self.numbers))
        path = self.folder / f"{NAME}.csv"
        try:
            durable.write(path, numbers.as_csv(self.numbers).encode())
        except OSError as error:
            what, hint = durable.explain(error)
            raise ConfigError(f"cannot write {path}: {what}", hint=hint) from error
        return [*paths, path]


def tune(
    data: str | os.PathLike[str] | Splits | Dataset | Sequence[Any] | None = None,
    *,
    search: Mapping[str, Any],
    recipe: str | None = None,
    out: str | os.PathLike[str] = "runs/tune",
    progress: str = "auto",
    executor: TrialExecutor | None = None,
    **options: Any,
) -> Tuned:
    """Search for the settings that are best on held-out images, and measure them on the test set once, at the end.

        lenet.tune("fashion-mnist", search={"learning_rate": "1e-4..1e-1:log", "activation": ["relu", "tanh"]}, epochs=1)

    The extra `optuna`. The same call resumes an interrupted search; the same call in another process, at the same time,
    shares its work. With one worker the same seed gives the same trials.

    Args:
        data: as `lenet.train` takes it. Without `validation=N` and without a validation set of its own, a sixth of the
            training images is held out, at most 10,000.
        search: by setting its bounds: a range "4..32", "1e-4..1e-1:log" or "16..128:step=16"; choices "relu,tanh" or a list.
            A range for a setting with several numbers, such as channels, holds for each of them.
        recipe: as `lenet.train` takes it.
        out: the folder of the search, of the final runs and of the results: tune.md, tune.json, tune.csv and tune.png.
        progress: "auto" (a line per trial, on stderr) or "quiet".
        executor: where to train, such as a Ray cluster (lenet.distributed.cluster.connect); by default in threads of this
            process.
        **options: fields of `lenet.TrainConfig` that are the same for all trials, and how the search goes on: `trials` (100)
            and `seconds`, its budget; `workers`; `objective`, "accuracy" or "loss"; `sampler`, "tpe" or "random"; `pruner`,
            "median", "halving" or "none"; `storage`, "journal" or "sqlite"; `final_seeds` (10).

    Returns:
        The best settings, and the table.

    Raises:
        ConfigError: for an invalid setting, bound or budget, or without held-out images.
        Interrupted: after a signal, when everything is saved; the same call resumes.
        LenetError: as `train` raises it.
        MissingExtra: if Optuna is not installed.
        RunError: if the folder holds another search.
    """
    require("optuna", "lenet tune")
    plan = Plan(**{name: options.pop(name) for name in NAMES if options.get(name, ...) is not ...})
    base = _base(data, recipe, options, Finished(progress, 0))
    space = Space.of(search, base.config({}))
    _ = base.held  # checks it before anything is written
    check(base, space, is_here=executor is None)
    folder = SearchFolder(Path(out), plan, space, base.config({}).seed)
    manifest.claim(folder.path, manifest.manifest(base, space, plan))
    local = contextlib.nullcontext(LocalTrials(plan.workers))
    with folder.opened():
        with executor.trials(plan.workers, Finished(progress, 0)) if executor else local as trials:
            _search(folder, Objective(plan.objective, base, space, trials), progress == "quiet")
        found = numbers.measured(folder.study, space) | {"objective": plan.objective, "recipe": base.recipe}
        best = numbers.best_of(found, plan.objective)
        if best is None:
            raise _nothing(found)
        results = _final(folder, base, best["settings"], progress, executor)
    found |= {"best": best["trial"], "settings": described(best["settings"])}
    found |= {"held_out": len(base.trial_splits.test), "final": results}
    report = _report(found, base, plan, search)
    config = base.config(best["settings"])
    result = Tuned(config, {name: getattr(config, name) for name in best["settings"]}, found, report, folder.path)
    result.save()
    return result


def _base(data: Any, recipe: str | None, settings: dict[str, Any], display: Finished) -> Base:
    """What the search starts from, with the data loaded."""
    given = as_splits(data, settings.get("split_seed") or 0)
    name = given.name if isinstance(given, Splits) else None if given is None else os.fspath(given)
    recipe = recipe or recipe_for(given)
    settings = {name: value for name, value in settings.items() if value is not None}
    settings = {"device": "cpu"} | settings | ({} if name is None else {"data": name})
    config = configure(recipe, **settings)
    splits = given if isinstance(given, Splits) else load_splits([config], None, display)[source(config)]
    return Base(recipe, settings, splits)


def _search(folder: SearchFolder, objective: Objective, is_quiet: bool) -> None:
    """The trials that are left; a search whose number is reached only reports again."""
    progress, base = Progress(folder, objective, is_quiet), objective.base
    which = "the data's validation images" if not base.held.validation else "held out of the training images"
    progress.notice(
        f"{len(base.trial_splits.test):,} images judge the trials, {which}; the test images are used once, at the end"
    )
    before = len(folder.trials())
    if before:
        progress.notice(f"{folder.path} already has {counted(before, 'trial')}")
    search(folder, objective, progress)


def _final(
    folder: SearchFolder, base: Base, best: Mapping[str, Any], progress: str, executor: TrialExecutor | None
) -> Numbers:
    """What the best settings and the recipe reach on the test set; of several processes one trains, the others wait."""
    seeds = folder.plan.final_seeds
    if not seeds:
        return {}
    configs = {numbers.BEST: base.config(best), f"recipe {base.recipe}": base.config({})}
    pair = [Variation(name, config, base.splits) for name, config in configs.items()]
    with interrupts() as interrupt, turn(folder.workers, interrupt) as is_held:
        if not is_held:
            raise stopped(folder, interrupt)
        results = trained(pair, seeds=seeds, folder=folder.path / "runs", progress=progress, executor=executor)
        return numbers.final(results)


def _nothing(found: Numbers) -> ConfigError:
    trials = found["trials"]
    reasons = [trial["reason"] for trial in trials if trial["reason"]]
    why = f"; the last failed because {reasons[-1]}" if reasons else ""
    hint = (
        "try other bounds, or more --seconds or --trials; failed trials are kept, so choose another folder with --out"
    )
    return ConfigError(f"{counted(len(trials), 'trial')} done, none with a result{why}", hint=hint)


def _report(found: Numbers, base: Base, plan: Plan, search: Mapping[str, Any]) -> Report:
    config = base.held
    words = [f"--search {name.replace('_', '-')}={_typed(given)}" for name, given in search.items()]
    given = described({name: value for name, value in base.given.items() if name != "device"})
    command = " ".join(["lenet tune", f"--recipe {base.recipe}", given, *words]).replace("  ", " ")
    done = [trial["state"] for trial in found["trials"]]
    setting = (
        f"{counted(len(done), 'trial')} ({done.count('pruned')} pruned) of {counted(config.epochs, 'epoch')} on "
        f"{base.splits.name}, chosen by Optuna (sampler {plan.sampler}, pruner {plan.pruner}, seed {config.seed}), judged by "
        f"{plan.objective} on {found['held_out']:,} held-out images. The test images were not used for it."
    )
    if found["final"]:
        seeds = counted(plan.final_seeds, "seed")
        setting += f" In the end the best trial's settings and the recipe were trained with {seeds} and tested once."
    found["command"] = command
    title = f"Search for settings of the recipe {base.recipe} on {base.splits.name}"
    return Report(NAME, title, command, setting, numbers.table(found), found)


def _typed(given: Any) -> str:
    return given if isinstance(given, str) else ",".join(map(str, given))
