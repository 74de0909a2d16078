"""Many small trainings at once: a thread for each core, a training for each thread.

    seeds = [lenet.configure("book-sgd", seed=seed, epochs=2) for seed in range(100)]
    runs = lenet.train_many(seeds, out="runs/seeds")

The kernels leave Python free while they compute, so the trainings run side by side in one process, which holds each data set
once (a training that holds pictures out for validation has a copy of its own). Each is bit for bit what it would be alone on
one thread.
"""

import dataclasses
import datetime
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TypeAlias

from lenet.config import TrainConfig
from lenet.data.dataset import Splits, load
from lenet.display.progress import Finished, Silent
from lenet.engines.threads import cores, num_threads
from lenet.errors import ConfigError, LenetError, RunError, SaveError, Unsaved
from lenet.runs import environment
from lenet.runs.run import Run
from lenet.training.interrupts import interrupts
from lenet.training.train import Interrupted, resume_once, run_once


class ManyInterrupted(KeyboardInterrupt):
    """Ctrl-C, SIGTERM or SIGHUP during `train_many`: `runs` are finished. `saved` are the folders of those that were under
    way, with which `lenet.resume` goes on; the others, of `total`, were not begun."""

    def __init__(self, runs: list[Run], saved: list[Path], total: int, folder: Path, exit_code: int) -> None:
        under_way = f"; lenet.resume goes on with {', '.join(path.name for path in saved)}" if saved else ""
        super().__init__(f"stopped: of {total} trainings in {folder}, {len(runs)} are finished{under_way}")
        self.runs, self.saved, self.total, self.exit_code = runs, saved, total, exit_code


class NotBegun(KeyboardInterrupt):
    """What came of a training that was not begun, because Ctrl-C or its like came before."""

    def __init__(self, exit_code: int) -> None:
        super().__init__("not begun")
        self.exit_code = exit_code


def train_many(
    configs: Iterable[TrainConfig],
    *,
    data: Splits | None = None,
    out: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: str = "auto",
) -> list[Run]:
    """Trains a network for each config, on one thread each, and returns their runs in the order of the configs.

    data: your own Splits, or None for the data sets that the configs name; out: a new folder for the run directories `0000`,
    `0001`, …, by default `runs/DATE-TIME-many`; workers: trainings at a time, by default as many as there are cores;
    progress: "auto" (a line per finished training, on stderr) or "quiet". No charts are drawn; `lenet compare` draws one.

    If a training fails, the others go on, and its error is raised at the end. Ctrl-C lets the chunks under way end, saves
    them, and raises ManyInterrupted. Raises LenetError as `train` does.
    """
    configs = [_on_one_thread(config) for config in configs]
    if data is not None:
        configs = [dataclasses.replace(config, data=data.name) for config in configs]
    show = Finished(progress, len(configs))
    loaded = splits_of(configs, data, show)
    folder = _new_folder(out, workers)
    jobs = [Job(config, loaded[_source(config)], folder / f"{number:04d}") for number, config in enumerate(configs)]
    results = run_all(jobs, show, workers=workers)

    runs = [result for result in results if isinstance(result, Run)]
    errors = {number: result for number, result in enumerate(results) if isinstance(result, LenetError)}
    if errors:
        number = next((number for number, error in errors.items() if isinstance(error, SaveError)), min(errors))
        error = errors[number]
        others = ", ".join(str(other) for other in errors if other != number)
        others = f"; {others} failed too" if others else ""
        told = type(error)(
            f"training {number} of {len(configs)}: {error.message}",
            hint=f"{f'{error.hint}; ' if error.hint else ''}the {len(runs)} that are finished are in {folder}{others}",
        )
        if isinstance(error, SaveError) and isinstance(told, SaveError):
            in_memory = [each.training for each in errors.values() if isinstance(each, SaveError) and each.training]
            told.training = InMemory(in_memory) if in_memory else None
        raise told from error
    if len(runs) < len(configs):
        saved = [job.folder for job, result in zip(jobs, results, strict=True) if isinstance(result, Interrupted)]
        code = next(result.exit_code for result in results if isinstance(result, Interrupted | NotBegun))
        raise ManyInterrupted(runs, saved, len(configs), folder, code)
    return runs


@dataclasses.dataclass(frozen=True)
class InMemory:
    """The trainings that could not save: `SaveError.training` of many at once."""

    trainings: Sequence[Unsaved]

    def save_to(self, folder: str | os.PathLike[str]) -> list[Run]:
        """Saves each in another folder, under its number, and returns the runs there."""
        return [training.save_to(folder) for training in self.trainings]


@dataclasses.dataclass(frozen=True)
class Job:
    """A training to be done in a folder of its own."""

    config: TrainConfig
    data: Splits
    folder: Path
    name: str = ""  # for the line that says that it is finished; by default the folder's, with recipe and seed


Outcome: TypeAlias = "Run | LenetError | Interrupted | NotBegun"


def run_all(
    jobs: Sequence[Job],
    show: Finished,
    *,
    workers: int | None = None,
) -> list[Outcome]:
    """What came of each job: its run; or its error; or, after Ctrl-C, Interrupted if it was under way, else NotBegun.

    A job whose folder holds a run already is not done again: a finished one is taken as it is, an interrupted one goes on
    from its checkpoint. workers: jobs at a time, by default one for each core.
    """
    kinds = {(job.data.fingerprint, num_threads(job.config.threads)) for job in jobs}
    where = {kind: environment.describe(*kind) for kind in kinds}

    with interrupts() as interrupted, ThreadPoolExecutor(workers or cores()) as pool:

        def work(job: Job) -> Run:
            if interrupted.is_set():
                raise NotBegun(interrupted.exit_code)
            began, quiet = time.perf_counter(), Silent(show, job.name or str(job.folder))
            if not (job.folder / "config.json").is_file():
                about = where[job.data.fingerprint, num_threads(job.config.threads)]
                return run_once(job.config, job.data, job.folder, quiet, interrupted, about, began, chart=False)
            run = Run.load(job.folder, finished=False)
            if run.missing:
                return resume_once(run, job.data, quiet, interrupted, began, chart=False)
            return run

        futures = [pool.submit(work, job) for job in jobs]
        names = {future: job.name for future, job in zip(futures, jobs, strict=True)}
        try:
            for future in as_completed(futures):
                if not future.exception():
                    show.finished(future.result(), names[future])
        except BaseException:
            interrupted.set()  # the chunks under way end, and nothing else begins
            raise
    return [_outcome(future) for future in futures]


def splits_of(
    configs: Iterable[TrainConfig], data: Splits | None, show: Finished
) -> dict[tuple[str, str | None], Splits]:
    """The data sets that the configs name, each loaded once, or `data` for all."""
    loaded = {key: data or load(*key, progress=show.download) for key in dict.fromkeys(map(_source, configs))}
    for splits in loaded.values():
        show.notice(splits.notice)
    return loaded


def _outcome(future: "Future[Run]") -> Outcome:
    """What came of a training. An error that is no mistake of its user is raised."""
    error = future.exception()
    if error is not None and not isinstance(error, LenetError | Interrupted | NotBegun):
        raise error
    return future.result() if error is None else error


def _on_one_thread(config: TrainConfig) -> TrainConfig:
    if config.threads not in (None, 1):
        raise ConfigError(
            f"threads is {config.threads}; train_many gives every training one", hint="leave threads out of the config"
        )
    return dataclasses.replace(config, threads=1)


def _source(config: TrainConfig) -> tuple[str, str | None]:
    """The data set of a config, as `load` takes it."""
    return config.data, config.data_dir


def _new_folder(out: str | os.PathLike[str] | None, workers: int | None) -> Path:
    if workers is not None and workers < 1:
        raise ConfigError(f"workers is {workers}; expected at least 1", hint="leave it out: one for each core")
    folder = Path(out) if out is not None else Path("runs") / f"{datetime.datetime.now():%Y-%m-%d-%H%M%S}-many"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = any(folder.iterdir())
    except OSError as error:
        raise RunError(f"cannot make the folder {folder}: {error.strerror}", hint="choose another with out=") from error
    if taken:
        raise RunError(f"{folder} is not empty", hint="choose another folder with out=")
    return folder
