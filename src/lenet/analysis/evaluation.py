"""How good a trained network is: accuracy, loss, numbers for each class, and its most confident errors.

result = evaluate("runs/first")
result.accuracy, result.confusion
"""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lenet.analysis.evaluated import Evaluation, Mistake
from lenet.analysis.inference import memory_guard
from lenet.analysis.judge import Judge
from lenet.analysis.measurement import Measurement, Worst
from lenet.analysis.own_set import OwnSet, own_set
from lenet.data.dataset import Dataset, Labels, Splits
from lenet.data.own.path import own_path
from lenet.data.plan import held_out
from lenet.errors import ConfigError, RunWarning
from lenet.runs.data import must_fit, splits_for
from lenet.runs.opening import Source, Trained, open_trained
from lenet.runs.run import Run

SPLITS = ("test", "train", "validation")


def evaluate(
    run: Source,
    data: str | os.PathLike[str] | Splits | None = None,
    *,
    split: str = "test",
    data_dir: str | None = None,
    device: str = "auto",
) -> Evaluation:
    """Evaluate a trained network on its own data set, on another with the same classes, or on your own labelled images.

    Args:
        run: a run, its directory, a weights file that lenet wrote (`.safetensors`), or an nn.Module, as for `predict`.
        data: the name of a data set, your own Splits, or the path of labelled images, such as class folders, which are
            prepared as for `predict`; by default what the run was trained on. Only a run records that.
        split: "test", "train" (without the images held out for validation) or "validation"; of your own images all are taken
            if they have no splits.
        data_dir: the folder of the data set's files; by default LENET_DATA, else the cache.
        device: "auto", "cpu", or a GPU such as "cuda:0".

    Returns:
        The numbers, and the most confident errors.

    Raises:
        ConfigError: the split is unknown or empty, or a weights file was given without data.
        RunError: the run cannot be read, or its network gives NaN or infinite values.
        DataError: the data is not there, or does not fit the network.
        EngineError: the device is not there, or out of memory.
    """
    check_split(split)
    trained = open_trained(run)
    with memory_guard(device, "in an evaluation"):
        judge = Judge(trained, device)  # before the data, so that a broken network is reported without the wait
        return measured(judge, images_for(trained, data, split, data_dir), split)


def check_split(split: str) -> None:
    """Raise ConfigError for a name that is no split."""
    if split not in SPLITS:
        raise ConfigError(f"unknown split {split!r}", hint=f"choose from {', '.join(SPLITS)}")


def images_for(
    trained: Trained, data: str | os.PathLike[str] | Splits | None, split: str, data_dir: str | None
) -> Splits | OwnSet:
    """Return what `evaluate` measures a network on: a data set, or the user's own images as the network takes them.

    Args:
        trained: the network.
        data: as for `evaluate`.
        split: as for `evaluate`.
        data_dir: as for `evaluate`.

    Raises:
        LenetError: as `evaluate` raises it.
    """
    return _own_set(trained, data, split) or splits_for(trained, data, data_dir)


def measured(judge: Judge, images: Splits | OwnSet, split: str) -> Evaluation:
    """Measure a network.

    Args:
        judge: computes its answers.
        images: from `images_for`.
        split: "test", "train" or "validation", of a data set.

    Returns:
        The numbers, and the most confident errors.

    Raises:
        LenetError: as `evaluate` raises it.
    """
    own = images if isinstance(images, OwnSet) else None
    dataset = images.dataset if isinstance(images, OwnSet) else _part(judge.trained, images, split)
    must_fit(judge.trained, dataset)
    measurement = Measurement(judge, dataset)
    mistakes = _mistakes(measurement.worst, dataset.labels, own.names if own else None)
    return Evaluation(
        data=dataset.name,
        split=own.split if own else split,
        accuracy=measurement.accuracy,
        loss=measurement.loss,
        classes=judge.trained.classes,
        confusion=measurement.confusion,
        mistakes=mistakes,
        mistake_images=dataset.images[[mistake.index for mistake in mistakes]],
        reliability=measurement.reliability,
        unreadable=own.unreadable if own else (),
    )


def _own_set(trained: Trained, data: str | os.PathLike[str] | Splits | None, split: str) -> OwnSet | None:
    """The images that a path names, unless the network was trained on them, and has test images of its own among them."""
    path = None if data is None or isinstance(data, Splits) else own_path(data)
    if path is None:
        return None
    folder = trained.resolved.data_folder if isinstance(trained, Run) else None
    if folder is not None and Path(folder) == path.absolute():
        return None
    found = own_set(path, trained, split)
    for text in found.notes:
        warnings.warn(text, RunWarning, stacklevel=3)
    return found


def _part(trained: Trained, data: Splits, split: str) -> Dataset:
    """The images of a split; "train" leaves out what the run itself held out for validation."""
    if split == "test":
        return data.test
    validation = np.empty(0, np.int64)
    if isinstance(trained, Run) and data.fingerprint == trained.environment.data_fingerprint:
        validation = held_out(trained.config, len(data.train))
    if split == "validation" and not len(validation) and data.validation is not None:
        return data.validation
    if split == "train":
        return data.train.without(validation)
    if not len(validation):
        raise ConfigError(
            f"{trained.path} has no validation images in {data.name}",
            hint="train with --validation N, or on data with a folder validation; or take --split test",
        )
    return data.train.subset(validation)


def _mistakes(worst: Worst, labels: Labels, names: Sequence[str] | None) -> list[Mistake]:
    return [
        Mistake(index, int(labels[index]), predicted, probability, names[index] if names else None)
        for index, predicted, probability in zip(*(values.tolist() for values in worst), strict=True)
    ]
