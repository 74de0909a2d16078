"""A run directory, for reading: everything that a training leaves.

    run = lenet.load("runs/2026-11-22-101530-fashion-mnist-lenet")
    run.test_accuracy, run.epochs[-1].train_loss, run.network

Everything after a training reads only this. No pickle: weights are safetensors, the rest is JSON. A run is finished once
summary.json is there, which is written last. docs/run-directory.md describes each file.
"""

import hashlib
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lenet.config import TrainConfig
from lenet.configuration import from_dict
from lenet.doctor.finding import Finding
from lenet.errors import LenetError, RunError, quoted
from lenet.extras import require_torch
from lenet.files import untrusted
from lenet.files.record import Record
from lenet.files.safetensors import MAX_BYTES
from lenet.images.preprocess import Preprocessing
from lenet.networks.trained import TrainedNetwork
from lenet.runs.points import ChunkPoint, EpochPoint, Point, read_points
from lenet.runs.records import Environment, Resolved, Summary

if TYPE_CHECKING:
    from lenet.pytorch.modules import nn
    from lenet.pytorch.trained import TrainedModule
    from lenet.runs.stopped import Stopped

MAX_METRICS = 24 << 20  # bytes of metrics.jsonl: as many epochs as a config may have
FORMAT = 1  # of the run directory; a change that an older lenet could not read gets a new number
LIST = "lenet runs lists those under runs/"
OTHER_VERSION = "use the version of lenet that wrote it (environment.json names it)"

Kind = TypeVar("Kind", bound=Record)


class Run:
    """A run directory on disk, whose files are read when they are asked for.

    Args:
        path: the run directory; `lenet.load` also checks it.
        stopped: the network so far, for a run that has not finished; `lenet.load` finds it.
    """

    def __init__(self, path: Path, stopped: "Stopped | None" = None) -> None:
        self.path, self.stopped = path, stopped

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def __fspath__(self) -> str:
        return str(self.path)

    @classmethod
    def load(cls, path: "str | os.PathLike[str] | Run", *, finished: bool = True) -> "Run":
        """Open and check a run directory.

        Args:
            path: the run directory; a Run is checked again.
            finished: whether to refuse a run that is not finished.

        Returns:
            The run.

        Raises:
            RunError: if there is no run, or one of another version, or one that is not finished.
        """
        run = cls(path.path if isinstance(path, Run) else Path(path))
        if not os.path.isdir(run.path):  # noqa: PTH112 (Path.is_dir raises for a name that no file can have)
            raise RunError(f"no run directory {untrusted.printable(run.path)}", hint=LIST)
        if not (run.path / "config.json").is_file():
            raise RunError(f"{run.path} is not a run directory: it has no config.json", hint=LIST)
        number = run._read_json("config.json").get("format")
        if number != FORMAT:
            raise RunError(
                f"{run.path} is a run of format {untrusted.printable(number)}; this lenet reads format {FORMAT}",
                hint=OTHER_VERSION,
            )
        _ = run.config, run.environment, run.network
        if os.path.lexists(run.path / "summary.json"):
            _ = run.summary
        if finished and (missing := run.missing):
            resume = f"lenet train --resume {quoted(run.path)}"
            hint = "start again with lenet train" if "metrics.jsonl" in missing else resume
            raise RunError(f"the run {run.path} is incomplete: it has no {missing[0]}", hint=hint)
        return run

    @cached_property
    def config(self) -> TrainConfig:
        """The settings of the training."""
        try:
            return from_dict(self._read_json("config.json")["config"])
        except (KeyError, TypeError, AttributeError, LenetError) as error:
            why = error.message if isinstance(error, LenetError) else error
            raise RunError(
                f"{self.path / 'config.json'} cannot be used: {untrusted.printable(why)}", hint=OTHER_VERSION
            ) from error

    @cached_property
    def resolved(self) -> Resolved:
        """What was decided when the training started, and why: engine, device, data set, preprocessing."""
        return self._record(Resolved, "config.json", self._read_json("config.json").get("resolved"))

    @cached_property
    def environment(self) -> Environment:
        """Versions, hardware and threads of the training."""
        return self._record(Environment, "environment.json", self._read_json("environment.json"))

    @property
    def is_finished(self) -> bool:
        """Whether the training has ended."""
        return (self.path / "summary.json").is_file()

    @property
    def missing(self) -> list[str]:
        """The files of a finished run that are not there."""
        names = ("metrics.jsonl", "summary.json", "model.safetensors")
        return [name for name in names if not (self.path / name).is_file()]

    @property
    def summary(self) -> Summary:
        """The numbers at the end.

        Raises:
            RunError: if the run is not finished.
        """
        return self._record(Summary, "summary.json", self._read_json("summary.json"))

    @property
    def test_accuracy(self) -> float:
        """The accuracy of the saved weights on the test set, 0 to 1."""
        return self.summary.test_accuracy

    @property
    def metrics(self) -> list[Point]:
        """The metrics of chunks and epochs, and the findings, in their order.

        Raises:
            RunError: if metrics.jsonl is damaged; a last line that was torn by a crash is left out.
        """
        path = self.path / "metrics.jsonl"
        try:
            return read_points(untrusted.read(path, MAX_METRICS) if os.path.lexists(path) else b"")
        except ValueError as error:
            raise RunError(f"{path} cannot be used: {error}", hint=OTHER_VERSION) from error

    @property
    def chunks(self) -> list[ChunkPoint]:
        """The metrics of each chunk of steps."""
        return [point for point in self.metrics if isinstance(point, ChunkPoint)]

    @property
    def epochs(self) -> list[EpochPoint]:
        """The metrics of each epoch: train, test and validation."""
        return [point for point in self.metrics if isinstance(point, EpochPoint)]

    @property
    def findings(self) -> list[Finding]:
        """The doctor's findings, in their order."""
        return [point for point in self.metrics if isinstance(point, Finding)]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their labels."""
        return self.resolved.classes

    @property
    def preprocessing(self) -> Preprocessing:
        """How an image becomes the network's input."""
        return self.resolved.preprocessing

    @cached_property
    def network(self) -> TrainedNetwork:
        """The trained network: its layers and weights, its classes, and its preprocessing."""
        if self.stopped is not None:
            return self.stopped.network
        path = self.path / "model.safetensors"
        expected = _weights_sha256(self.summary, path) if self.is_finished else None
        return TrainedNetwork.from_dict(self.resolved.to_dict(), path, expected)

    @property
    def model(self) -> "TrainedModule":
        """The trained network as an nn.Module in evaluation mode that takes pixels: bytes, or floats from 0 to 1.

        Raises:
            MissingExtra: if PyTorch is not installed.
            RunError: if the weights cannot be read, or are not those of this run.
        """
        require_torch("run.model")
        from lenet.pytorch.trained import TrainedModule

        return TrainedModule(self.bare_model, self.classes, self.preprocessing).eval()

    @property
    def bare_model(self) -> "nn.Module":
        """The layers of `model` alone, which take normalized pixels: (pixel - mean) / std of `preprocessing`.

        Raises:
            MissingExtra, RunError: as `model`.
        """
        require_torch("run.bare_model")
        from lenet.pytorch.modules import to_module

        return to_module(self.network.network.copy(), self.network.name).eval()

    def _record(self, kind: type[Kind], name: str, values: Any) -> Kind:
        """The record in the values of a file. Raises RunError for others."""
        try:
            return kind.from_dict(values)
        except ValueError as error:
            raise RunError(f"{self.path / name} cannot be used: {error}", hint=OTHER_VERSION) from error

    def _read_json(self, name: str) -> dict[str, Any]:
        path = self.path / name
        if not os.path.lexists(path):
            raise RunError(f"the run {self.path} is incomplete: it has no {name}")
        try:
            value = untrusted.parse_json(untrusted.read(path, untrusted.MAX_JSON))
        except ValueError as error:
            raise RunError(f"{path} cannot be read: {untrusted.printable(error)}") from error
        if not isinstance(value, dict):
            raise RunError(f"{path} holds {type(value).__name__}; expected a JSON object")
        return value


def find_runs(folder: Path) -> tuple[list[Run], list[RunError]]:
    """Return the runs in a folder, finished or not, by name, and what is wrong with those that cannot be used."""
    runs, faults = [], []
    for config in sorted(folder.glob("*/config.json")):
        try:
            runs.append(Run.load(config.parent, finished=False))
        except RunError as error:
            faults.append(error)
    return runs, faults


def _weights_sha256(summary: Summary, path: Path) -> str | None:
    """What the SHA-256 of the weights file must be. Between the two writes of a calibration it is that of the training."""
    if summary.calibrated_sha256 is None or not path.is_file():
        return summary.weights_sha256
    is_new = hashlib.sha256(untrusted.read(path, MAX_BYTES)).hexdigest() != summary.weights_sha256
    return summary.calibrated_sha256 if is_new else summary.weights_sha256
