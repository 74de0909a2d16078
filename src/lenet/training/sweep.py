"""Variations of a training, each with several seeds, to be compared.

    variations = {"average": configure("book-sgd"), "max": configure("book-sgd", pooling="max")}
    results = sweep([Variation(name, config) for name, config in variations.items()], seeds=5, folder="runs/lab")
    results[1].runs  # 5 finished runs, in the order of their seeds

A run's folder is named after what decides the run, so that the same training is never done twice: an interrupted sweep is
resumed, and sweeps that share a variation train it once.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lenet.config import FIELDS, TrainConfig
from lenet.configuration import to_dict
from lenet.data.dataset import Splits
from lenet.display.plain import Finished
from lenet.engines.threads import num_threads
from lenet.errors import ConfigError, LenetError, RunError, SaveError, TrainingError
from lenet.files import durable, locks, untrusted
from lenet.files.names import file_name
from lenet.runs import environment
from lenet.runs.run import Run
from lenet.training.interrupts import Interrupted
from lenet.training.tasks import Executor, Outcome, Task, load_splits, run_all, source
from lenet.training.teacher import open_teacher, targets_sha256
from lenet.version import __version__

DIVERGED = "diverged.json"  # in the run directory of a training whose loss became NaN or infinite


@dataclass(frozen=True)
class Variation:
    """A training to be compared with others.

    Attributes:
        name: what it is called in tables.
        config: its settings.
        data: what it is trained on, instead of the data set that the config names.
    """

    name: str
    config: TrainConfig
    data: Splits | None = None


@dataclass(frozen=True)
class Result:
    """What came of a variation.

    Attributes:
        variation: the training.
        runs: those that finished, in the order of their seeds.
        diverged: the seeds whose loss became NaN or infinite.
    """

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
    executor: Executor | None = None,
) -> list[Result]:
    """Train every variation with every seed.

    A training that diverges is a result, not an error.

    Args:
        variations: the trainings.
        seeds: the seeds, or their number, for 0 to seeds - 1.
        folder: where the runs are kept; finished ones are not trained again.
        one_by_one: whether to train one after the other, each on all threads, to time them; otherwise as many at once as
            there are cores, each on one thread.
        progress: "auto" or "quiet".
        executor: where to train; by default in threads of this process.

    Returns:
        What came of each variation, in their order.

    Raises:
        Interrupted: after a signal, when all is saved; the same call resumes.
        LenetError: as `train` raises it.
    """
    seeds = range(seeds) if isinstance(seeds, int) else seeds
    if not seeds:
        raise ConfigError("there are no seeds; expected at least one")
    folder, display = Path(folder), Finished(progress, 0)
    splits = load_splits([each.config for each in variations if each.data is None], None, display)
    tasks: dict[Path, Task] = {}
    paths: list[list[Path]] = []
    for variation in variations:
        data = variation.data or splits[source(variation.config)]
        config = _config(variation, data, one_by_one)
        home = folder / identity(config, data)
        paths.append([home / f"seed-{seed}" for seed in seeds])
        tasks |= {
            path: Task(replace(config, seed=seed), data, path, f"{variation.name}, seed {seed}")
            for seed, path in zip(seeds, paths[-1], strict=True)
        }
    with _locked(folder):
        outcomes = _outcomes(tasks, display, 1 if one_by_one else None, folder, executor or run_all)
    return [
        _result(variation, dict(zip(seeds, [outcomes[path] for path in own], strict=True)))
        for variation, own in zip(variations, paths, strict=True)
    ]


def homes(variations: Sequence[Variation]) -> dict[str, str]:
    """Return the names of variations that have their data, by the folder in which `sweep` trains all seeds of one."""
    return {identity(_config(each, each.data), each.data): each.name for each in variations if each.data is not None}


def _config(variation: Variation, data: Splits, one_by_one: bool = False) -> TrainConfig:
    return replace(variation.config, data=data.name, threads=None if one_by_one else 1, snapshots=0)


def identity(config: TrainConfig, splits: Splits) -> str:
    """Return a folder's name for all seeds of a training: the same for the same data, settings and lenet, and no other."""
    settings = {
        name: value for name, value in to_dict(config).items() if name != "seed" and FIELDS[name].metadata["decides"]
    }
    if config.teacher is not None:
        settings["teacher"] = open_teacher(config.teacher).sha256
    targets = splits.train.targets
    if targets is not None:
        settings["targets"] = targets_sha256(targets)
    threads = num_threads(config.threads)
    made_of = [settings, splits.fingerprint, __version__, environment.kernels_build(), threads]
    digest = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
    return f"{file_name(splits.name)}-{config.model}-{digest[:10]}"


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Makes the folder, and lets no other sweep train in it meanwhile, in this process or another."""
    try:
        durable.make_folders(folder)
    except OSError as error:
        raise RunError(
            f"cannot write in {folder}: {error.strerror or error}", hint="choose another with --out"
        ) from error
    with locks.lock(folder, hint="wait until it has ended, or choose another folder with --out"):
        yield


def _outcomes(
    tasks: dict[Path, Task], display: Finished, workers: int | None, folder: Path, executor: Executor
) -> dict[Path, Run | TrainingError]:
    """What came of each task, by its folder: of those that are not finished yet, trained now."""
    done = {path: before for path in tasks if (before := _done(path)) is not None}
    missing = {path: task for path, task in tasks.items() if path not in done}
    display.total = len(missing)
    new: dict[Path, Outcome] = dict(zip(missing, executor(list(missing.values()), display, workers), strict=True))
    for path, each in new.items():
        if isinstance(each, TrainingError):
            _note_divergence(path, each)
    outcomes: dict[Path, Run | TrainingError] = {}
    for path in tasks:
        outcome = new.get(path) or done[path]
        if isinstance(outcome, Interrupted):
            finished = sum(isinstance(each, Run) for each in new.values()) + len(tasks) - len(new)
            message = f"stopped: {finished} of {len(tasks)} trainings are finished, all is saved in {folder}"
            raise Interrupted(message, outcome.exit_code)
        if isinstance(outcome, SaveError):
            hint = "free some space or repair the disk; the same command resumes"
            raise RunError(outcome.message, hint=hint) from outcome
        if isinstance(outcome, LenetError) and not isinstance(outcome, TrainingError):
            raise outcome
        outcomes[path] = outcome
    return outcomes


def _done(path: Path) -> Run | TrainingError | None:
    """What came of a training that needs not be done again; None if it must be done, or resumed."""
    if (path / "summary.json").is_file():
        return Run.load(path)
    if not (path / DIVERGED).is_file():
        return None
    try:
        noted = untrusted.parse_json(untrusted.read(path / DIVERGED, untrusted.MAX_JSON))
        return TrainingError(str(noted["message"]), hint=noted["hint"])
    except (RunError, ValueError, KeyError, TypeError):
        return None


def _note_divergence(path: Path, error: TrainingError) -> None:
    """Keep that a training diverged: with the same bits it would diverge again."""
    with contextlib.suppress(OSError):  # a note that is not there costs time alone
        durable.make_folders(path)
        durable.write(path / DIVERGED, durable.as_json({"message": error.message, "hint": error.hint}))


def _result(variation: Variation, outcomes: dict[int, Run | TrainingError]) -> Result:
    runs = tuple(outcome for outcome in outcomes.values() if isinstance(outcome, Run))
    return Result(variation, runs, tuple(seed for seed, each in outcomes.items() if not isinstance(each, Run)))
