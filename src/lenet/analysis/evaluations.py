"""Many trained networks, each evaluated: here one after the other, or on a cluster.

for result in evaluate_many(sorted(Path("runs/seeds").iterdir())):
    print(result.accuracy, result.loss)
"""

import contextlib
import dataclasses
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeAlias, cast

from lenet.analysis.evaluated import Evaluation
from lenet.analysis.evaluation import check_split, images_for, measured
from lenet.analysis.inference import memory_guard
from lenet.analysis.judge import Judge
from lenet.analysis.own_set import OwnSet
from lenet.data.catalogue import find_entry
from lenet.data.dataset import Splits
from lenet.data.own.path import must_exist, own_path
from lenet.errors import ConfigError, DataError, LenetError, RunWarning
from lenet.networks.trained import TrainedNetwork
from lenet.runs.opening import Source, Trained, is_module, network_of, open_trained
from lenet.runs.run import Run

MAX_DATA_SETS = 4  # in memory at once
# A network and what to measure it on; or why it cannot be measured.
Subject: TypeAlias = tuple[Trained, Splits | OwnSet] | LenetError


class Evaluates(Protocol):
    """Where networks are evaluated, such as a cluster; see lenet.distributed."""

    def evaluations(self, subjects: Iterable[Subject], split: str) -> Iterator[Evaluation | LenetError]:
        """Evaluate each; what cannot be evaluated is an error in its place."""


def evaluate_many(
    runs: "Source | Sequence[Source]",
    data: str | os.PathLike[str] | Splits | None = None,
    *,
    split: str = "test",
    data_dir: str | None = None,
    device: str = "auto",
    executor: Evaluates | None = None,
) -> list[Evaluation]:
    """Evaluate several trained networks.

        for result in lenet.evaluate_many(["runs/first", "runs/second"]):
            print(result.accuracy)

    Args:
        runs: the networks, each as for `evaluate`; or one.
        data: as for `evaluate`, for all of them; each data set is loaded once.
        split: as for `evaluate`.
        data_dir: as for `evaluate`.
        device: as for `evaluate`; an executor computes on CPUs, and takes none.
        executor: where to evaluate, such as a Ray cluster (lenet.distributed.cluster.connect); by default here.

    Returns:
        An evaluation for each network, in their order; the numbers are those of `evaluate`.

    Raises:
        LenetError: for the first network that cannot be evaluated, as `evaluate` raises it.
    """
    results = []
    for result in evaluate_each(runs, data, split=split, data_dir=data_dir, device=device, executor=executor):
        if isinstance(result, LenetError):
            raise result
        results.append(result)
    return results


def evaluate_each(
    runs: "Source | Sequence[Source]",
    data: str | os.PathLike[str] | Splits | None = None,
    *,
    split: str = "test",
    data_dir: str | None = None,
    device: str = "auto",
    executor: Evaluates | None = None,
) -> Iterator[Evaluation | LenetError]:
    """Evaluate several trained networks one by one; the arguments are those of `evaluate_many`.

    Yields:
        For each network its evaluation, or what is wrong with it.

    Raises:
        ConfigError: as `check` raises it, or a device is given with an executor.
        DataError: as `check` raises it.
        EngineError: the executor fails.
    """
    if executor is not None:
        check_device(device)
    runs = _several(runs)
    check(runs, data, split, data_dir)
    subjects = _subjects(runs, device, lambda trained: images_for(trained, data, split, data_dir))
    return executor.evaluations(subjects, split) if executor else _here(subjects, split, device)


def check(
    runs: Sequence[Source], data: str | os.PathLike[str] | Splits | None, split: str, data_dir: str | None
) -> None:
    """Check, before anything is loaded, what is wrong for all networks alike; the arguments are those of `evaluate_many`.

    Raises:
        ConfigError: the split is unknown.
        DataError: the data is neither a data set nor there, nor what one of the networks was trained on.
    """
    check_split(split)
    if data is None or isinstance(data, Splits):
        return
    path, name = own_path(data), os.fspath(data)
    if path is not None and data_dir is None:
        must_exist(path)
    if path is None and name.lower() != "auto":
        try:
            find_entry(name)
        except DataError:
            if name not in map(_own_data, runs):
                raise


def check_device(device: str) -> None:
    """Raise ConfigError for a device that was chosen together with a cluster, whose workers would not use it."""
    if device != "auto":
        raise ConfigError(
            "--device and --ray cannot be used together", hint="leave one of them out; a cluster evaluates on CPUs"
        )


def _several(runs: "Source | Sequence[Source]") -> Sequence[Source]:
    is_one = isinstance(runs, str | os.PathLike | TrainedNetwork) or is_module(runs)
    return cast("Sequence[Source]", [runs] if is_one else runs)


def _own_data(run: Source) -> str | None:
    """The name of the data that a run was trained on; None for other networks."""
    with warnings.catch_warnings(), contextlib.suppress(LenetError):
        warnings.simplefilter("ignore", RunWarning)  # it is given where the network is measured
        trained = open_trained(run)
        return trained.resolved.data if isinstance(trained, Run) else None
    return None


def _here(subjects: Iterable[Subject], split: str, device: str) -> Iterator[Evaluation | LenetError]:
    for subject in subjects:
        if isinstance(subject, LenetError):
            yield subject
            continue
        trained, images = subject
        try:
            with memory_guard(device, "in an evaluation"):
                result: Evaluation | LenetError = measured(Judge(trained, device), images, split)
        except LenetError as error:
            result = error
        yield result


def _subjects(runs: Sequence[Source], device: str, load: Callable[[Trained], Splits | OwnSet]) -> Iterator[Subject]:
    """Each network with its images, which are loaded once for all networks that have them in common."""
    loaded: dict[str, Splits | OwnSet] = {}
    for run in runs:
        try:
            trained = open_trained(run)
            if isinstance(trained, Run | TrainedNetwork):  # a broken network is reported without the wait for data
                _ = network_of(trained).network
            key = _common(trained)
            if key not in loaded:
                while len(loaded) >= MAX_DATA_SETS:
                    del loaded[next(iter(loaded))]
                with memory_guard(device, "in an evaluation"):
                    loaded[key] = load(trained)
            subject: Subject = trained, loaded[key]
        except LenetError as error:
            subject = error
        yield subject


def _common(trained: Trained) -> str:
    """Text that is the same for networks which are measured on the same images; the input's mean and std change none."""
    parts: list[object] = [dataclasses.replace(trained.preprocessing, mean=0.0, std=1.0), trained.classes]
    if isinstance(trained, Run):
        resolved = trained.resolved
        parts += [resolved.data, resolved.data_folder, trained.environment.data_fingerprint, trained.config.own_data]
    return repr(parts)
