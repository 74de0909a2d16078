"""The run directory: everything a training leaves behind, and all that anything afterwards reads.

    run = Run.load("runs/2026-11-22-101530-fashion-mnist-lenet")
    run.test_accuracy, run.model, run.metrics

No pickle: weights are safetensors, the rest is JSON. Every file is there whole or not at all (`durable.py`);
`summary.json` is written last. docs/run-directory.md describes each file.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from numpy.typing import NDArray

from lenet.config import TrainConfig, from_dict, to_dict
from lenet.doctor.finding import Finding
from lenet.errors import LenetError, RunError, SaveError, quoted
from lenet.extras import require_torch
from lenet.files import durable, untrusted
from lenet.images.preprocess import Preprocessing
from lenet.networks import Network, build
from lenet.networks.initialization import initialized
from lenet.networks.trained import TrainedNetwork
from lenet.runs import checkpoints, creation
from lenet.runs.checkpoints import Checkpoint
from lenet.runs.records import (
    ChunkPoint,
    Environment,
    EpochPoint,
    Point,
    Record,
    Resolved,
    Resumption,
    Summary,
    read_point,
)

if TYPE_CHECKING:
    from torch import nn

MAX_LINE = 64 << 10  # bytes of metrics.jsonl
MAX_METRICS = 24 << 20  # bytes: as many epochs as a config may have
FORMAT = 1  # of the run directory; a change that an older lenet could not read gets a new number
OTHER_VERSION = "use the version of lenet that wrote it (environment.json names it)"

Kind = TypeVar("Kind", bound=Record)


class Run:
    """A run directory on disk. Numbers are read from its files, never kept twice."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: bytearray | None = None

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @classmethod
    def create(
        cls,
        out: str | os.PathLike[str] | None,
        config: TrainConfig,
        resolved: Resolved,
        environment: Environment,
    ) -> "Run":
        """A new run directory at `out`, by default `runs/DATE-TIME-DATA-MODEL`; raises RunError if it cannot be made."""
        files = {
            "environment.json": durable.as_json(environment.to_dict()),  # the first: a folder with config.json is a run
            "config.json": durable.as_json(_settings(config, resolved)),
        }
        path = creation.new_default(resolved.data, config.model) if out is None else Path(out)
        if error := creation.begin(path, files):
            what = f"cannot make the run directory {path}: {durable.explain(error)[0]}"
            if os.path.lexists(path / "config.json"):  # it cannot even be removed
                raise SaveError(what, hint=f"lenet train --resume {quoted(path)} begins again") from error
            raise RunError(what, hint="choose another folder with --out DIR") from error
        run = cls(path)
        # As the files have them, should those go away.
        run.config, run.resolved, run.environment = config, resolved, environment
        return run

    @classmethod
    def load(cls, path: "str | os.PathLike[str] | Run", *, finished: bool = True) -> "Run":
        """The run at `path`; RunError if it is no run, of another version, or (unless `finished=False`) unfinished."""
        if isinstance(path, Run):
            path = path.path
        run = cls(Path(path))
        if not run.path.is_dir():
            raise RunError(f"no run directory {run.path}", hint="lenet runs lists those under runs/")
        if not (run.path / "config.json").is_file():
            raise RunError(
                f"{run.path} is not a run directory: it has no config.json", hint="lenet runs lists those under runs/"
            )
        found = run._read_json("config.json").get("format")
        if found != FORMAT:
            raise RunError(
                f"{run.path} is a run of format {untrusted.printable(found)}; this lenet reads format {FORMAT}",
                hint=OTHER_VERSION,
            )
        run.check()
        if finished and (missing := run.missing):
            way = (
                "start again with lenet train"
                if "metrics.jsonl" in missing
                else f"lenet train --resume {quoted(run.path)}"
            )
            raise RunError(f"the run {run.path} is incomplete: it has no {missing[0]}", hint=way)
        return run

    def check(self) -> None:
        """Raises RunError unless config.json, environment.json, and summary.json if it is there, hold what they should."""
        _ = self.config, self.environment, self.network
        if os.path.lexists(self.path / "summary.json"):
            _ = self.summary

    # What it holds.

    @cached_property
    def config(self) -> TrainConfig:
        """The settings of the training."""
        try:
            return from_dict(self._read_json("config.json")["config"])
        except (KeyError, TypeError, AttributeError, RecursionError, LenetError) as error:
            why = error.message if isinstance(error, LenetError) else error
            raise RunError(
                f"{self.path / 'config.json'} cannot be used: {untrusted.printable(why)}", hint=OTHER_VERSION
            ) from error

    @cached_property
    def resolved(self) -> Resolved:
        """What was decided when the training started: engine, device, data set, preprocessing, and why."""
        return self._record(Resolved, "config.json", self._read_json("config.json").get("resolved"))

    @cached_property
    def environment(self) -> Environment:
        """Versions, hardware and threads."""
        return self._record(Environment, "environment.json", self._read_json("environment.json"))

    @property
    def is_finished(self) -> bool:
        """Whether the training came to its end."""
        return (self.path / "summary.json").is_file()

    @property
    def missing(self) -> list[str]:
        """Which of the files of a finished run are not there."""
        return [
            name for name in ("metrics.jsonl", "summary.json", "model.safetensors") if not (self.path / name).is_file()
        ]

    @property
    def summary(self) -> Summary:
        """The numbers at the end: what `lenet train --json` prints."""
        return self._record(Summary, "summary.json", self._read_json("summary.json"))

    @property
    def test_accuracy(self) -> float:
        """Share of the test set named rightly after the last epoch, 0 to 1."""
        return self.summary.test_accuracy

    @property
    def metrics(self) -> list[Point]:
        """The points of the chart, in order; a torn last line (a crash while writing) is left out."""
        path = self.path / "metrics.jsonl"
        # A training goes on without its folder until it has to write, and then needs no file of it.
        content = untrusted.read(path, MAX_METRICS) if os.path.lexists(path) else bytes(self._lines or b"")
        points: list[Point] = []
        torn = 0
        for number, values in enumerate(_points(content), start=1):
            if torn:
                raise RunError(f"{path}, line {torn}, is no point of the chart")
            if values is None:
                torn = number
                continue
            try:
                point = read_point(values)
            except ValueError as error:
                raise RunError(f"{path}, line {number}, cannot be used: {error}", hint=OTHER_VERSION) from error
            points += [point] if point else []
        return points

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
        """What the doctor found, in order."""
        return [point for point in self.metrics if isinstance(point, Finding)]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their labels."""
        return self.resolved.classes

    @property
    def preprocessing(self) -> Preprocessing:
        """How a picture becomes the network's input."""
        return self.resolved.preprocessing

    @property
    def model(self) -> "nn.Module":
        """The trained network as a plain nn.Module in evaluation mode; needs PyTorch."""
        require_torch("run.model")
        from lenet.pytorch.modules import to_module

        return to_module(self.network.network.copy(), self.network.name).eval()

    @cached_property
    def network(self) -> TrainedNetwork:
        """The trained network: its layers and weights, its classes, and its preprocessing."""
        path = self.path / "model.safetensors"
        expected = self.summary.weights_sha256 if self.is_finished else None
        return TrainedNetwork.from_dict(self.resolved.to_dict(), path, expected)

    def new_network(self) -> Network:
        """The network of this run with its initial weights."""
        model = self.resolved.model
        return initialized(build(model.name, **model.arguments), self.config.init, self.config.seed)

    # What the trainer writes.

    @property
    def lines(self) -> bytearray:
        """The content of metrics.jsonl, as far as this process knows it: what it has read or written."""
        if self._lines is None:
            path = self.path / "metrics.jsonl"
            self._lines = bytearray(untrusted.read(path, MAX_METRICS) if os.path.lexists(path) else b"")
        return self._lines

    def log(self, point: Point) -> None:
        """Appends a point of the chart to metrics.jsonl."""
        at = len(self.lines)
        self.lines.extend((json.dumps(point.to_dict(), allow_nan=False) + "\n").encode())
        self._save("metrics.jsonl", lambda path: durable.append(path, self.lines, at))

    def checkpoint(
        self, step: int, tensors: dict[str, NDArray[Any]], progress: dict[str, Any], num_bytes: int | None = None
    ) -> None:
        """Saves a checkpoint, complete or not at all, and keeps it, the one before it, and no others.

        It names the points of the chart that belong to it, the first `num_bytes` of metrics.jsonl, by default all; they are
        on the disk before it is.
        """
        lines = bytes(self.lines)
        content, record = checkpoints.packed(step, tensors, progress, lines[:num_bytes])
        content_name, record_name = (f"checkpoints/{name}" for name in checkpoints.names(step))
        self._save("metrics.jsonl", lambda path: durable.sync(path, lines))
        self._save("checkpoints", durable.make_folder)
        if not durable.holds(self.path / content_name, content):  # the same step again has the same, as a rule
            self._save(record_name, durable.remove)
            self.write(content_name, content)
        self.write(record_name, record)  # written second: it is there only if the tensors are
        with contextlib.suppress(OSError):  # what cannot be removed does no harm, and the next time removes it
            checkpoints.prune(self._checkpoint_folder, step)

    @property
    def _checkpoint_folder(self) -> Path:
        return self.path / "checkpoints"

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is one, whole or not, as far as the system lets one look."""
        try:
            return bool(checkpoints.steps(self._checkpoint_folder))
        except OSError:
            return False

    def newest_checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint that is whole, by its step; None if there is none."""
        return self.find_checkpoint()[0]

    def find_checkpoint(self) -> tuple[Checkpoint | None, list[RunError]]:
        """The newest checkpoint that is whole, and what is wrong with those after it.

        Raises RunError for one that the system cannot read now: it may be whole.
        """
        return checkpoints.find(self._checkpoint_folder, self.network)

    def forget_checkpoints(self, step: int) -> int:
        """Removes the checkpoints from that step on; returns the step of the newest that is left, 0 if none is."""
        self._save("checkpoints", lambda folder: checkpoints.prune(folder, step - 1))
        return max(checkpoints.steps(self._checkpoint_folder), default=0)

    def go_back_to(self, checkpoint: Checkpoint | None) -> str | None:
        """Makes the run what it was at that checkpoint, or before its first step: a resumed training writes the rest again.

        Also removes what a process has left behind that was killed. Returns what was lost of metrics.jsonl, in words.
        """
        fault = None
        kept = bytes(self.lines[: checkpoint.num_bytes] if checkpoint else b"")
        if checkpoint and not checkpoint.has_lines(kept):
            points = (point for point in _points(self.lines) if point and point["step"] <= checkpoint.step)
            kept = b"".join((json.dumps(point) + "\n").encode() for point in points)
            fault = f"{self.path / 'metrics.jsonl'} is damaged: of its points those are kept that can be read"
        if os.path.lexists(self.path / "summary.json"):
            self._save("summary.json", durable.remove)
        if kept != self.lines:
            self._lines = bytearray(kept)
            self._save("metrics.jsonl", lambda path: durable.write(path, kept))
        self._save("", lambda path: self._tidy(-1 if checkpoint is None else checkpoint.step))
        return fault

    def continue_to(self, epochs: int) -> None:
        """Changes how many epochs the run is to have."""
        self.config = dataclasses.replace(self.config, epochs=epochs)
        self._write_json("config.json", _settings(self.config, self.resolved))

    def note_resumption(self, resumption: Resumption) -> None:
        """Adds to environment.json where, and from which step, the run was resumed."""
        resumed = (*self.environment.resumed, resumption)
        self.environment = dataclasses.replace(self.environment, resumed=resumed)
        self._write_json("environment.json", self.environment.to_dict())

    def save_model(self, network: Network) -> str:
        """Writes model.safetensors, with all that is needed to use it in its metadata, and returns its SHA-256."""
        content = self.network.pack(network.parameters)
        self.write("model.safetensors", content)
        return hashlib.sha256(content).hexdigest()

    def finish(self, summary: Summary) -> None:
        """Writes summary.json: the run is complete."""
        with contextlib.suppress(OSError):
            checkpoints.prune(self._checkpoint_folder)
        self._write_json("summary.json", summary.to_dict())

    def write(self, name: str, content: bytes) -> None:
        """Puts a file in its place, whole."""
        self._save(name, lambda path: durable.write(path, content))

    def alone(self) -> contextlib.AbstractContextManager[None]:
        """Nobody else trains this run meanwhile: RunError if somebody does."""
        return durable.lock(self.path)

    def copy_to(
        self, path: Path, num_bytes: int, step: int, tensors: dict[str, NDArray[Any]], progress: dict[str, Any]
    ) -> "Run":
        """Save a copy of this run, with one checkpoint, without reading anything of this run's folder.

        Args:
            path: the new folder.
            num_bytes: how many bytes of metrics.jsonl belong to the checkpoint.
            step: steps taken so far.
            tensors: weights and optimiser state by name.
            progress: where the training stands.

        Returns:
            The new run.

        Raises:
            RunError: if it cannot be saved; no file of it is left.
        """
        new = Run.create(path, self.config, self.resolved, self.environment)
        try:
            new._lines = self.lines[:num_bytes]
            new.checkpoint(step, tensors, progress)
        except SaveError as error:
            shutil.rmtree(path, ignore_errors=True)
            raise SaveError(error.message, hint="choose another folder") from error
        return new

    def _save(self, name: str, action: Callable[[Path], None]) -> None:
        """Does `action` with the file of that name; if it fails, once more, and then raises SaveError."""
        try:
            action(self.path / name)
        except OSError:
            time.sleep(durable.RETRY_SECONDS)
            try:
                action(self.path / name)
            except OSError as error:
                raise self._failure(self.path / name, error) from error

    def _failure(self, path: Path, error: OSError) -> SaveError:
        what, way = durable.explain(error)
        from_where = "from the last checkpoint, which is whole" if self.has_checkpoint else "from the first step"
        return SaveError(
            f"cannot write {path}: {what}",
            hint=f"{way}, then lenet train --resume {quoted(self.path)} goes on {from_where}",
        )

    def _tidy(self, newest: int) -> None:
        """Removes the checkpoints after that step, which are damaged, and what was left behind by whoever was killed."""
        checkpoints.prune(self._checkpoint_folder, newest)
        for folder in (self.path, self._checkpoint_folder):
            for path in durable.leftovers(folder) if folder.is_dir() else ():
                durable.remove(path)

    def _write_json(self, name: str, value: dict[str, Any]) -> None:
        self.write(name, durable.as_json(value))

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


def load(run: str | os.PathLike[str] | Run) -> Run:
    """The finished run in a run directory; a Run is checked again and returned.

    `lenet.load("runs/boots").model` is the trained network, a plain nn.Module in evaluation mode. Raises RunError for a
    directory that is missing, incomplete, of another version, or no run.
    """
    return Run.load(run)


def find_runs(folder: Path) -> tuple[list[Run], list[RunError]]:
    """The runs below `folder`, finished or not, by name, and what is wrong with those that cannot be used."""
    runs, faults = [], []
    for config in sorted(folder.glob("*/config.json")):
        try:
            runs.append(Run.load(config.parent, finished=False))
        except RunError as error:
            faults.append(error)
    return runs, faults


def _is_point(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("kind"), str) and type(value.get("step")) is int


def _settings(config: TrainConfig, resolved: Resolved) -> dict[str, Any]:
    """The content of config.json."""
    return {"format": FORMAT, "config": to_dict(config), "resolved": resolved.to_dict()}


def _points(content: bytes | bytearray) -> Iterator[dict[str, Any] | None]:
    """The lines of a metrics.jsonl; None for one that is no point of the chart, such as a last one that was torn."""
    start = 0
    while start < len(content):
        stop = content.find(b"\n", start) + 1 or len(content)
        try:
            point = untrusted.parse_json(bytes(content[start:stop])) if stop - start <= MAX_LINE else None
        except ValueError:
            point = None
        yield point if _is_point(point) else None
        start = stop
