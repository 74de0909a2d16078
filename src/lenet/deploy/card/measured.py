"""Everything that a model card says of a network, measured before a line is written."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from lenet.analysis.evaluated import Evaluation
from lenet.analysis.evaluation import evaluate
from lenet.analysis.inference import memory_guard
from lenet.analysis.judge import Judge, Judgement
from lenet.analysis.own_set import own_set
from lenet.analysis.plots import differences
from lenet.data.dataset import Dataset, Splits
from lenet.data.own.path import own_path
from lenet.deploy.card.reliability import Bin, confidence_bins
from lenet.deploy.card.robustness import SAMPLE, changes, unfamiliar
from lenet.errors import ConfigError, RunError
from lenet.networks.trained import TrainedNetwork
from lenet.runs.data import must_fit, splits_for
from lenet.runs.opening import Source, network_of, open_trained
from lenet.runs.run import Run

SURE = 0.9  # the confidence above which an answer to an unfamiliar image counts as sure
# Trainings may differ in these settings and still share one mean: of these, only the seed changes the numbers.
IN_COMMON = ("seed", "data_dir", "threads", "checkpoint_every", "snapshots")

Opened: TypeAlias = Run | TrainedNetwork


@dataclass(frozen=True, eq=False)
class Unfamiliar:
    """What a network answers for images that show none of its classes.

    Attributes:
        sure: share of them whose answer has a confidence above SURE.
        unknown: share of them that are answered `unknown`; None for a network that never answers that.
    """

    sure: float
    unknown: float | None


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured of a network.

    Attributes:
        network: the network.
        run: its run; None for a weights file.
        test: the images it was measured on.
        fingerprint: of the data set that they belong to; None for images that are none.
        evaluation: accuracy, numbers for each class, confusions, mistakes.
        seeds: of all runs that were given, the first one's first.
        accuracies: of these.
        bins: confidence and accuracy of the test images.
        changed: accuracy on changed test images, by the change.
        unfamiliar: answers to images that show none of the classes, by what they are.
    """

    network: TrainedNetwork
    run: Run | None
    test: Dataset
    fingerprint: str | None
    evaluation: Evaluation
    seeds: tuple[int, ...]
    accuracies: tuple[float, ...]
    bins: tuple[Bin, ...]
    changed: dict[str, float]
    unfamiliar: dict[str, Unfamiliar]

    @property
    def mean_accuracy(self) -> float:
        """Of all runs that were given."""
        return statistics.fmean(self.accuracies)


def measure(
    runs: Sequence[Source], data: str | Splits | None = None, data_dir: str | None = None, device: str = "auto"
) -> Measured:
    """Measure a network, and the accuracy of others that differ in the seed alone.

    Args:
        runs: the run that is described, and others of the same settings with other seeds.
        data: the data set; by default what the run was trained on. A weights file needs one.
        data_dir: the folder of the data set's files.
        device: "auto", "cpu", or a GPU.

    Raises:
        ConfigError: the runs differ in more than the seed, or a weights file has no data.
        LenetError: as `evaluate` raises it.
    """
    opened = [_opened(run) for run in runs]
    trained, *others = opened
    _must_be_repetitions(opened)
    path = None if data is None or isinstance(data, Splits) else own_path(data)
    chosen: str | Splits | None = data
    fingerprint = None
    if path is not None and not isinstance(trained, Run):
        test = own_set(path, trained, "test").dataset
    else:
        chosen = splits_for(trained, data, data_dir)
        test, fingerprint = chosen.test, chosen.fingerprint
    must_fit(trained, test)
    evaluation = evaluate(trained, chosen, data_dir=data_dir, device=device)
    accuracies = [evaluate(each, chosen, data_dir=data_dir, device=device).accuracy for each in others]
    with memory_guard(device, "in an evaluation"):
        judge = Judge(trained, device)
        sample = test.sample(SAMPLE)
        changed = {
            what: float((judge(change(sample.images)).probabilities.argmax(axis=1) == sample.labels).mean())
            for what, change in changes(trained.preprocessing).items()
        }
        strange = {
            what: _answers(judge(images)) for what, images in unfamiliar(trained.preprocessing, test.name).items()
        }
        bins = confidence_bins(judge(test.images).probabilities, test.labels)
    return Measured(
        network=network_of(trained),
        run=trained if isinstance(trained, Run) else None,
        test=test,
        fingerprint=fingerprint,
        evaluation=evaluation,
        seeds=tuple(each.config.seed for each in opened if isinstance(each, Run)),
        accuracies=(evaluation.accuracy, *accuracies),
        bins=bins,
        changed=changed,
        unfamiliar=strange,
    )


def _answers(judgement: Judgement) -> Unfamiliar:
    sure = float((judgement.probabilities.max(axis=1) > SURE).mean())
    return Unfamiliar(sure, None if judgement.known is None else float(1 - judgement.known.mean()))


def _opened(source: Source) -> Opened:
    trained = open_trained(source)
    if isinstance(trained, Run | TrainedNetwork):
        return trained
    raise RunError(f"{trained.path} is an nn.Module; expected a run or a weights file", hint="save it as a run first")


def _must_be_repetitions(opened: Sequence[Opened]) -> None:
    """Raise ConfigError unless several runs are trainings of the same settings with different seeds."""
    if len(opened) < 2:
        return
    runs = [each for each in opened if isinstance(each, Run)]
    if len(runs) < len(opened):
        other = next(each for each in opened if not isinstance(each, Run))
        raise ConfigError(
            f"{other.path} is a weights file, whose settings are not known",
            hint="several networks must be runs that differ in the seed alone",
        )
    settings = {name for name in differences(runs) if name not in IN_COMMON}
    prints = {run.environment.data_fingerprint for run in runs}
    if settings or len(prints) > 1:
        what = ", ".join(sorted(settings)) or "the data"
        raise ConfigError(f"the runs differ in {what}", hint="give runs that differ in the seed alone")
    seeds = [run.config.seed for run in runs]
    for seed in seeds:
        if seeds.count(seed) > 1:
            raise ConfigError(f"two of the runs have the seed {seed}", hint="give each training once")
