"""Many small trainings at once.

    seeds = [lenet.configure("book-sgd", seed=seed, epochs=2) for seed in range(100)]
    runs = lenet.train_many(seeds, out="runs/seeds")

Each is bit for bit what it would be alone, on any number of threads.
"""

import dataclasses
import datetime
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lenet.config import TrainConfig
from lenet.data.dataset import Splits
from lenet.display.plain import Finished
from lenet.errors import ConfigError, LenetError, RunError, SaveError, Unsaved
from lenet.runs.run import Run
from lenet.training.interrupts import Interrupted
from lenet.training.tasks import Task, load_splits, run_all, source

ManyInterrupted = Interrupted  # what train_many raised in earlier versions


def train_many(
    configs: Iterable[TrainConfig],
    *,
    data: Splits | None = None,
    out: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: str = "auto",
) -> list[Run]:
    """Train a network for each config, on one thread each; those with the engine cuda at once on a GPU.

    If a training fails, the others continue, and its error is raised at the end. Ctrl-C, SIGTERM and SIGHUP let the chunks
    under way end, save them, and raise Interrupted. No charts are drawn (`lenet compare` draws one), and no snapshots kept.

    Args:
        configs: the settings of the trainings.
        data: your own Splits for all; by default the data sets that the configs name.
        out: a new or empty folder for the run directories 0000, 0001, …; by default runs/DATE-TIME-many.
        workers: trainings at a time; by default as many as there are cores.
        progress: "auto" (a line per finished training, on stderr) or "quiet".

    Returns:
        The runs, in the order of the configs.

    Raises:
        Interrupted: after a signal: `runs` are finished, `saved` were under way, and the others were not begun.
        LenetError: as `train` raises it.
    """
    configs = [_on_one_thread(config) for config in configs]
    if data is not None:
        configs = [dataclasses.replace(config, data=data.name) for config in configs]
    display = Finished(progress, len(configs))
    splits = load_splits(configs, data, display)
    folder = _new_folder(out, workers)
    tasks = [Task(config, splits[source(config)], folder / f"{n:04d}") for n, config in enumerate(configs)]
    outcomes = run_all(tasks, display, workers)

    runs = [outcome for outcome in outcomes if isinstance(outcome, Run)]
    errors = {number: outcome for number, outcome in enumerate(outcomes) if isinstance(outcome, LenetError)}
    if errors:
        raise _joined(errors, len(configs), f"the {len(runs)} that are finished are in {folder}")
    stops = [outcome for outcome in outcomes if isinstance(outcome, Interrupted)]
    if stops:
        saved = [path for stop in stops for path in stop.saved]
        hint = f"; lenet.resume resumes {', '.join(path.name for path in saved)}" if saved else ""
        message = f"stopped: of {len(configs)} trainings in {folder}, {len(runs)} are finished{hint}"
        raise Interrupted(message, stops[0].exit_code, runs, saved)
    return runs


@dataclasses.dataclass(frozen=True)
class InMemory:
    """The trainings that could not be saved: `SaveError.training` of many at once."""

    trainings: Sequence[Unsaved]

    def save_to(self, folder: str | os.PathLike[str]) -> list[Run]:
        """Save each in another folder, under its number, and return the runs there."""
        return [training.save_to(folder) for training in self.trainings]


def _joined(errors: Mapping[int, LenetError], total: int, finished: str) -> LenetError:
    """One error for those of several trainings, by number: a SaveError, if there is one, else the first."""
    number = next((number for number, error in errors.items() if isinstance(error, SaveError)), min(errors))
    error = errors[number]
    others = ", ".join(str(other) for other in errors if other != number)
    hint = f"{error.hint}; {finished}" if error.hint else finished
    joined = type(error)(
        f"training {number} of {total}: {error.message}", hint=f"{hint}; {others} failed too" if others else hint
    )
    if isinstance(joined, SaveError):
        unsaved = [each.training for each in errors.values() if isinstance(each, SaveError) and each.training]
        joined.training = InMemory(unsaved) if unsaved else None
    joined.__cause__ = error
    return joined


def _on_one_thread(config: TrainConfig) -> TrainConfig:
    if config.threads not in (None, 1):
        raise ConfigError(
            f"threads is {config.threads}; train_many gives every training one", hint="leave threads out of the config"
        )
    return dataclasses.replace(config, threads=1, snapshots=0)


def _new_folder(out: str | os.PathLike[str] | None, workers: int | None) -> Path:
    if workers is not None and workers < 1:
        raise ConfigError(f"workers is {workers}; expected at least 1", hint="leave it out: one for each core")
    folder = Path(out) if out is not None else Path("runs") / f"{datetime.datetime.now():%Y-%m-%d-%H%M%S}-many"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise RunError(f"cannot make the folder {folder}: {error.strerror}", hint="choose another with out=") from error
    if not is_empty:
        raise RunError(f"{folder} is not empty", hint="choose another folder with out=")
    return folder
