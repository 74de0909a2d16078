"""The data set that a run was trained on, or that a trained network is measured on."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Dataset, Splits
from lenet.data.loading import load
from lenet.data.locate import locate
from lenet.data.own.path import own_path
from lenet.errors import ConfigError, DataError, quoted
from lenet.files.untrusted import printable
from lenet.runs.opening import Trained
from lenet.runs.run import Run

if TYPE_CHECKING:
    from lenet.data.download import MakeBar


def load_data(run: Run, data_dir: str | None = None, progress: "MakeBar | None" = None) -> Splits:
    """Load the data set of a run.

    Args:
        run: the run.
        data_dir: where to look before LENET_DATA, the cache, and the folder that the run was trained from; for data of the
            user's own, where they are now, if they were moved.
        progress: makes a progress bar for each file that is downloaded.

    Raises:
        DataError: for a run on arrays of the user's own, or if the data cannot be loaded or have changed.
    """
    name, folder = run.resolved.data, run.resolved.data_folder
    if name not in CATALOGUE and folder is not None:
        return _own_data(run, Path(data_dir or folder), Path(folder), progress)
    if name not in CATALOGUE:
        raise DataError(
            f"{run.path} was trained on data of your own, {name!r}, which cannot be found by its name",
            hint=f"in Python: lenet.evaluate({str(run.path)!r}, data), lenet.resume({str(run.path)!r}, data=data)",
        )
    if folder and Path(folder).is_dir() and locate(name, data_dir) is None:
        data_dir = folder
    return load(name, data_dir, progress=progress)


def splits_for(trained: Trained, data: str | os.PathLike[str] | Splits | None, data_dir: str | None = None) -> Splits:
    """Return the data to measure a trained network on.

    Args:
        trained: the run or network.
        data: the name of a data set, the path of one, or your own Splits; None for what a run was trained on.
        data_dir: where to look first.

    Raises:
        ConfigError: for None, if it is no run.
        DataError: if the data cannot be loaded, or have changed since the training.
    """
    if isinstance(data, Splits):
        return data
    if isinstance(trained, Run) and (data in (None, trained.resolved.data) or own_path(data)):
        return load_data(trained, data_dir)
    if data is None:
        raise ConfigError(
            f"{trained.path} does not say what data it was trained on", hint="name a data set: --data fashion-mnist"
        )
    return load(os.fspath(data), data_dir)


def must_fit(trained: Trained, dataset: Dataset) -> None:
    """Raise DataError for images of another size or classes than the network's."""
    if dataset.images.shape[1:] != trained.preprocessing.shape:
        raise DataError(
            f"{dataset.name} has images of {dataset.kind}; {trained.path} was trained on {trained.preprocessing.kind}",
            hint="use the run's own data set",
        )
    if dataset.classes != trained.classes:
        raise DataError(
            f"{dataset.name} has the classes {', '.join(dataset.classes)}; {trained.path} was trained on "
            f"{printable(', '.join(trained.classes))}",
            hint="use a data set with the same classes",
        )


def _own_data(run: Run, path: Path, before: Path, progress: "MakeBar | None") -> Splits:
    """Load the user's own images again. Raises DataError, with what has changed, if they are not what the run saw."""
    from lenet.data.own.pack import load_own

    if not path.exists():
        raise DataError(
            f"{run.path} was trained on {printable(before)}, which is gone"
            + ("" if path == before else f"; so is {path}"),
            hint="put it back, or name where it is now with --data-dir PATH",
        )
    splits = load_own(path, progress=progress, **run.config.own_data)
    if splits.fingerprint != run.environment.data_fingerprint:
        raise DataError(
            f"{printable(path)} is not what {run.path} was trained on: {_changes(run, path, before, splits)}",
            hint=f"put back what was there; or train on what is there now: lenet train --data {quoted(path)}",
        )
    return splits


def _changes(run: Run, path: Path, before: Path, splits: Splits) -> str:
    """What differs between the user's images and those that a run saw, as far as that is known."""
    from lenet.data.own import changes

    found = changes.since(before, run.environment.data_fingerprint, path)
    if found:
        return found
    resolved = run.resolved
    counts = [resolved.num_train + (run.config.validation and resolved.num_validation), resolved.num_test]
    now = [len(splits.train), len(splits.test)]
    if now != counts:
        return "it had {:,} training and {:,} test images, and has {:,} and {:,}".format(*counts, *now)
    if tuple(resolved.classes) != splits.train.classes:
        return f"its classes are {printable(', '.join(splits.train.classes))} now"
    return "it has as many images, but others"
