"""Many trained networks, each evaluated: here one after the other, or on a cluster.

for result in evaluate_many(sorted(Path("runs/seeds").iterdir())):
    print(result.accuracy, result.loss)
"""

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeAlias

from lenet.analysis.evaluated import Evaluation
from lenet.analysis.evaluation import check_split, images_for, measured
from lenet.analysis.inference import memory_guard
from lenet.analysis.judge import Judge
from lenet.analysis.own_set import OwnSet
from lenet.data.dataset import Splits
from lenet.errors import LenetError
from lenet.networks.trained import TrainedNetwork
from lenet.runs.opening import Source, Trained, network_of, open_trained
from lenet.runs.run import Run

MAX_DATA_SETS = 4  # in memory at once
# A network and what to measure it on; or why it cannot be measured.
Subject: TypeAlias = tuple[Trained, Splits | OwnSet] | LenetError


class Evaluates(Protocol):
    """Where networks are evaluated, such as a cluster; see lenet.distributed."""

    def evaluations(self, subjects: Iterable[Subject], split: str) -> Iterator[Evaluation | LenetError]:
        """Evaluate each; what cannot be evaluated is an error in its place."""


def evaluate_many(
    runs: Sequence[Source],
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
        runs: the networks, each as for `evaluate`.
        data: as for `evaluate`, for all of them; each data set is loaded once.
        split: as for `evaluate`.
        data_dir: as for `evaluate`.
        device: as for `evaluate`; an executor computes on CPUs.
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
    runs: Sequence[Source],
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
        ConfigError: the split is unknown.
        EngineError: the executor fails.
    """
    check_split(split)
    subjects = _subjects(runs, device, lambda trained: images_for(trained, data, split, data_dir))
    return executor.evaluations(subjects, split) if executor else _here(subjects, split, device)


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
