"""Trainings side by side: a thread for each core, a training for each thread; on a GPU many at once.

The kernels release Python's lock while they compute, so the trainings share one process, which holds each data set once (a
training that holds out validation images has a copy of its own).
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from lenet.config import TrainConfig
from lenet.data.dataset import Splits
from lenet.data.loading import USUAL, load
from lenet.display.plain import Finished, Silent
from lenet.engines.threads import cores
from lenet.errors import LenetError, TrainingError
from lenet.runs.run import Run
from lenet.training.interrupts import Interrupt, Interrupted, interrupts
from lenet.training.job import Session
from lenet.training.resume import resume_once
from lenet.training.together import Together
from lenet.training.train import run_once

MOST_TOGETHER = 128  # trainings whose steps a GPU computes at once


@dataclass(frozen=True)
class Task:
    """A training to be done in a folder of its own.

    Attributes:
        config: its settings.
        data: what it is trained on.
        folder: its run directory.
        name: for the line that reports its end; by default the folder's, with recipe and seed.
    """

    config: TrainConfig
    data: Splits
    folder: Path
    name: str = ""


Key: TypeAlias = tuple[Hashable, ...]  # of a data set, see `source`
# What came of a task: its run, its error, or Interrupted, with nothing saved if it was not begun.
Outcome: TypeAlias = Run | LenetError | Interrupted


class Executor(Protocol):
    """Where trainings are done: `run_all`, in threads of this process, or a cluster, see lenet.distributed."""

    def __call__(self, tasks: Sequence[Task], display: Finished, workers: int | None = None, /) -> list[Outcome]:
        """Do all tasks; a finished run is kept as it is, an interrupted one is resumed.

        Args:
            tasks: the trainings.
            display: reports each that is finished.
            workers: trainings at a time; by default as many as there are cores.

        Returns:
            What came of each, in the order of the tasks.
        """


def run_all(tasks: Sequence[Task], display: Finished, workers: int | None = None) -> list[Outcome]:
    """Do all tasks; a finished run is kept as it is, an interrupted one is resumed.

    Args:
        tasks: the trainings.
        display: reports each that is finished.
        workers: trainings at a time; by default one for each core.

    Returns:
        What came of each, in the order of the tasks.
    """
    on_gpu = [number for number, task in enumerate(tasks) if task.config.engine == "cuda"]
    alone = [number for number, task in enumerate(tasks) if task.config.engine != "cuda"]
    at_once = min(workers or MOST_TOGETHER, MOST_TOGETHER)
    waves = [on_gpu[start : start + at_once] for start in range(0, len(on_gpu), at_once)]
    outcomes: dict[int, Outcome] = {}
    with interrupts() as interrupt:
        for wave in [alone, *waves]:
            together = None if wave is alone else Together(len(wave))
            some = {number: tasks[number] for number in wave}
            outcomes |= _run(some, Surroundings(display, interrupt, together), len(wave) if together else workers)
    return [outcomes[number] for number in range(len(tasks))]


def _run(tasks: Mapping[int, Task], around: "Surroundings", workers: int | None) -> dict[int, Outcome]:
    """Does some tasks, by number, on so many threads; by default one for each core."""
    with ThreadPoolExecutor(workers or cores()) as pool:
        futures = {pool.submit(_outcome, task, number, around): number for number, task in tasks.items()}
        try:
            for future in as_completed(futures):
                if not future.exception():
                    report(tasks[futures[future]], future.result(), around.display)
        except BaseException:
            around.interrupt.set()  # the chunks under way end, and nothing else begins
            raise
    return {number: future.result() for future, number in futures.items()}


def report(task: Task, outcome: Outcome, display: Finished) -> None:
    """Print the line of a task that needs not be done again: it is finished, or has diverged."""
    if isinstance(outcome, Run):
        display.finished(outcome, task.name)
    elif isinstance(outcome, TrainingError):
        display.diverged(task.name or str(task.folder))


def load_splits(configs: Iterable[TrainConfig], data: Splits | None, display: Finished) -> dict[Key, Splits]:
    """Load the data sets that the configs name, each once.

    Args:
        configs: the settings of the trainings.
        data: what all are trained on instead.
        display: shows downloads and notices.

    Returns:
        The data sets by `source(config)`.
    """
    different = {source(config): config for config in configs}
    splits = {
        key: data or load(config.data, config.data_dir, progress=display.download, **dict(_unusual(config)))
        for key, config in different.items()
    }
    for each in splits.values():
        display.notice(each.notice)
    return splits


def source(config: TrainConfig) -> Key:
    """Return what decides a config's data set: its name, its folder, and how own data is made into one."""
    return (config.data, config.data_dir, *_unusual(config))


def _unusual(config: TrainConfig) -> list[tuple[str, Any]]:
    """The settings for own data that are not as usual."""
    return [(name, value) for name, value in config.own_data.items() if value != USUAL[name]]


@dataclass(frozen=True)
class Surroundings:
    """What the trainings of one call share.

    Attributes:
        display: reports each that is finished.
        interrupt: set when all are to stop.
        together: their steps are computed at once; None for trainings that compute by themselves.
    """

    display: Finished
    interrupt: Interrupt
    together: Together | None


def _outcome(task: Task, number: int, around: Surroundings) -> Outcome:
    session = Session(Silent(around.display, task.name or str(task.folder)), around.interrupt, chart=False)
    if around.together is None:
        return complete(task, session)
    with around.together.seat(number) as seat:
        return complete(task, replace(session, make_engine=seat.make_engine))


def complete(task: Task, session: Session) -> Outcome:
    """Do a task: train, resume, or open what is finished. An error that is no mistake of its user is raised."""
    if session.interrupt.is_set():
        return Interrupted("not begun", session.interrupt.exit_code)
    try:
        if not (task.folder / "config.json").is_file():
            return run_once(task.config, task.data, task.folder, session)
        run = Run.load(task.folder, finished=False)
        return resume_once(run, task.data, session) if run.missing else run
    except (LenetError, Interrupted) as outcome:
        return outcome
