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
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

import torch

from lenet.config import TrainConfig
from lenet.data.dataset import Splits, load
from lenet.errors import ConfigError, LenetError, RunError
from lenet.training import environment
from lenet.training.interrupts import interrupts
from lenet.training.progress import Finished, Silent
from lenet.training.run import Run
from lenet.training.trainer import Interrupted, pytorch_threads, run_once


class ManyInterrupted(KeyboardInterrupt):
    """Ctrl-C during `train_many`: `runs` are finished. `saved` are the folders of those that were under way, with which
    `lenet.resume` goes on; the others, of `total`, were not begun."""

    def __init__(self, runs: list[Run], saved: list[Path], total: int, folder: Path) -> None:
        under_way = f"; lenet.resume goes on with {', '.join(path.name for path in saved)}" if saved else ""
        super().__init__(f"stopped: of {total} trainings in {folder}, {len(runs)} are finished{under_way}")
        self.runs, self.saved, self.total = runs, saved, total


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
    if workers is not None and workers < 1:
        raise ConfigError(f"workers is {workers}; expected at least 1", hint="leave it out: one for each core")
    show = Finished(progress, len(configs))
    loaded = {key: data or load(*key, progress=show.download) for key in dict.fromkeys(map(_source, configs))}
    for splits in loaded.values():
        show.notice(splits.notice)
    where = {key: environment.describe(splits.fingerprint) | {"threads": 1} for key, splits in loaded.items()}
    folder = _new_folder(out)

    with (
        pytorch_threads(None),  # what a worker sets would be the default of all threads to come
        interrupts() as interrupted,
        ThreadPoolExecutor(workers or environment.cores(), initializer=_one_thread) as pool,
    ):

        def work(number: int, config: TrainConfig) -> Run | None:
            if interrupted.is_set():
                return None
            key, run_folder = _source(config), folder / f"{number:04d}"
            return run_once(
                config, loaded[key], run_folder, Silent(), interrupted, where[key], time.perf_counter(), chart=False
            )

        futures = [pool.submit(work, number, config) for number, config in enumerate(configs)]
        try:
            for future in as_completed(futures):
                if run := _run_of(future):
                    show.finished(run)
        except BaseException:
            interrupted.set()  # the chunks under way end, and nothing else begins
            raise
    runs = [run for future in futures if (run := _run_of(future))]
    errors = {number: error for number, future in enumerate(futures) if (error := future.exception())}
    failed = {number: error for number, error in errors.items() if not isinstance(error, Interrupted)}
    if failed:
        number, error = next(iter(failed.items()))
        if not isinstance(error, LenetError):
            raise error
        others = f"; {', '.join(map(str, [*failed][1:]))} failed too" if len(failed) > 1 else ""
        raise type(error)(
            f"training {number} of {len(configs)}: {error.message}",
            hint=f"{f'{error.hint}; ' if error.hint else ''}the {len(runs)} that are finished are in {folder}{others}",
        ) from error
    if len(runs) < len(configs):
        raise ManyInterrupted(runs, [folder / f"{number:04d}" for number in errors], len(configs), folder)
    return runs


def _one_thread() -> None:
    torch.set_num_threads(1)  # of the thread that calls this


def _on_one_thread(config: TrainConfig) -> TrainConfig:
    if config.threads not in (None, 1):
        raise ConfigError(
            f"threads is {config.threads}; train_many gives every training one", hint="leave threads out of the config"
        )
    return dataclasses.replace(config, threads=1)


def _source(config: TrainConfig) -> tuple[str, str | None]:
    """The data set of a config, as `load` takes it."""
    return config.data, config.data_dir


def _run_of(future: "Future[Run | None]") -> Run | None:
    """The finished run of a future, if it has one."""
    return None if future.exception() else future.result()


def _new_folder(out: str | os.PathLike[str] | None) -> Path:
    folder = Path(out) if out is not None else Path("runs") / f"{datetime.datetime.now():%Y-%m-%d-%H%M%S}-many"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = any(folder.iterdir())
    except OSError as error:
        raise RunError(f"cannot make the folder {folder}: {error.strerror}", hint="choose another with out=") from error
    if taken:
        raise RunError(f"{folder} is not empty", hint="choose another folder with out=")
    return folder
