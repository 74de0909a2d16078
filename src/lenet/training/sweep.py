"""Variations of a training, each with several seeds, to be compared.

    variations = {"average": configure("book-sgd"), "max": configure("book-sgd", pooling="max")}
    runs = sweep([Variation(name, config) for name, config in variations.items()], seeds=5, folder="runs/lab")
    runs["max"]  # 5 finished runs, in the order of their seeds

A run's folder is named after what decides it, so that the same training is found again: a sweep that was interrupted goes on
where it stopped, and sweeps that share a variation train it once.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from lenet.config import FIELDS, TrainConfig, to_dict
from lenet.data.dataset import Splits
from lenet.display.progress import Finished
from lenet.engines.threads import num_threads
from lenet.errors import ConfigError, LenetError, RunError, SaveError, TrainingError
from lenet.files import durable
from lenet.runs import environment
from lenet.runs.run import Run
from lenet.training.parallel import Job, NotBegun, run_all, splits_of
from lenet.training.train import Interrupted
from lenet.version import __version__


@dataclasses.dataclass(frozen=True)
class Variation:
    """A training under a name; `data` instead of the data set that the config names."""

    name: str
    config: TrainConfig
    data: Splits | None = None


class SweepInterrupted(KeyboardInterrupt):
    """Ctrl-C or its like during a sweep: what was under way is saved, and the same sweep goes on with it."""

    def __init__(self, finished: int, total: int, folder: Path, exit_code: int) -> None:
        super().__init__(f"stopped: {finished} of {total} trainings are finished, all is saved in {folder}")
        self.exit_code = exit_code


@dataclasses.dataclass(frozen=True)
class Result:
    """What came of a variation. `diverged`: the seeds whose loss was no longer a number."""

    variation: Variation
    runs: tuple[Run, ...]
    diverged: tuple[int, ...]


def sweep(
    variations: Sequence[Variation],
    *,
    seeds: int | Sequence[int],
    folder: str | os.PathLike[str],
    one_by_one: bool = False,
    progress: str = "auto",
) -> list[Result]:
    """Trains every variation with the seeds `0 … seeds - 1`, or those given, and returns what came of each, in their order.

    folder: where the runs are kept; those that are there are not done again. one_by_one: each training on all threads, to
    time it, instead of as many trainings at once as there are cores, on one thread each; progress: "auto" or "quiet".

    Ctrl-C saves what is under way and raises SweepInterrupted; the same call goes on. Raises LenetError as `train` does,
    but for TrainingError: a training that diverges is a result.
    """
    seeds = range(seeds) if isinstance(seeds, int) else seeds
    if not seeds:
        raise ConfigError("there are no seeds; expected at least one")
    folder = Path(folder)
    show = Finished(progress, 0)
    named = [variation.config for variation in variations if variation.data is None]
    loaded = splits_of(named, None, show)
    jobs: dict[Path, Job] = {}
    places: list[list[Path]] = []
    for variation in variations:
        splits = variation.data or loaded[variation.config.data, variation.config.data_dir]
        config = dataclasses.replace(variation.config, data=splits.name, threads=None if one_by_one else 1)
        home = folder / identity(config, splits)
        places.append([home / f"seed-{seed}" for seed in seeds])
        jobs |= {
            path: Job(dataclasses.replace(config, seed=seed), splits, path, f"{variation.name}, seed {seed}")
            for seed, path in zip(seeds, places[-1], strict=True)
        }
    with _alone(folder):
        results = _results(jobs, show, one_by_one, folder)
    return [
        _result(variation, dict(zip(seeds, [results[path] for path in paths], strict=True)))
        for variation, paths in zip(variations, places, strict=True)
    ]


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Makes the folder, and lets no other sweep in it meanwhile, in this process or another."""
    try:
        durable.make_folders(folder)
    except OSError as error:
        raise RunError(
            f"cannot write in {folder}: {error.strerror or error}", hint="choose another with --out"
        ) from error
    with durable.lock(folder, hint="wait until it has ended, or choose another folder with --out"):
        yield


def identity(config: TrainConfig, splits: Splits) -> str:
    """A folder's name for all seeds of a training: the same for the same data, settings and lenet, and for no other."""
    settings = {
        name: value for name, value in to_dict(config).items() if name != "seed" and FIELDS[name].metadata["decides"]
    }
    threads = num_threads(config.threads)
    made_of = [settings, splits.fingerprint, __version__, environment.kernels_build(), threads]
    digest = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
    return f"{splits.name}-{config.model}-{digest[:10]}"


def _results(jobs: dict[Path, Job], show: Finished, one_by_one: bool, folder: Path) -> dict[Path, Run | TrainingError]:
    missing = {path: job for path, job in jobs.items() if not (path / "summary.json").is_file()}
    show.total = len(missing)
    workers = 1 if one_by_one else None
    new = dict(zip(missing, run_all(list(missing.values()), show, workers=workers), strict=True))
    results: dict[Path, Run | TrainingError] = {}
    for path in jobs:
        outcome = new[path] if path in new else Run.load(path)
        if isinstance(outcome, Interrupted | NotBegun):
            finished = sum(isinstance(each, Run) for each in new.values()) + len(jobs) - len(new)
            raise SweepInterrupted(finished, len(jobs), folder, outcome.exit_code)
        if isinstance(outcome, SaveError):
            raise RunError(outcome.message, hint="make room, or see to the disk; the same command goes on") from outcome
        if isinstance(outcome, LenetError) and not isinstance(outcome, TrainingError):
            raise outcome
        results[path] = outcome
    return results


def _result(variation: Variation, outcomes: dict[int, Run | TrainingError]) -> Result:
    runs = tuple(outcome for outcome in outcomes.values() if isinstance(outcome, Run))
    return Result(variation, runs, tuple(seed for seed, each in outcomes.items() if not isinstance(each, Run)))
