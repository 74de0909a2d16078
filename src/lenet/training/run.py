"""The run directory: everything a training leaves behind, and all that anything afterwards reads.

    run = Run.load("runs/2026-11-22-101530-fashion-mnist-lenet")
    run.test_accuracy, run.model, run.metrics

No pickle: weights are safetensors, the rest is JSON. Every file is written beside its place, synced and renamed, so
that it is there whole or not at all; `summary.json` is written last. docs/run-directory.md describes each file.
"""

import contextlib
import datetime
import hashlib
import itertools
import json
import operator
import os
import secrets
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor, nn

from lenet import foreign
from lenet.config import TrainConfig, from_dict, to_dict
from lenet.data.preprocess import Preprocessing
from lenet.errors import LenetError, RunError
from lenet.models import build
from lenet.models.network import Network
from lenet.training.checks import Finding

# What `resolved` in config.json must hold for a run to be of use.
RESOLVED = {"data": str, "classes": list, "model": dict, "preprocessing": dict, "engine": str, "device": str}
MEASURED = {"train_accuracy", "test_accuracy", "seconds", "images_per_second"}  # in summary.json, for the table of runs
MAX_THREADS = 4096
MAX_METRICS = 64 << 20  # bytes of metrics.jsonl: some twenty thousand epochs
FORMAT = 1  # of the run directory; a change that an older lenet could not read gets a new number
CHECKPOINTS_KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """A moment of a training: tensors by name, and where the training stood."""

    step: int
    tensors: dict[str, Tensor]
    progress: dict[str, Any]


class Run:
    """A run directory on disk. Numbers are read from its files, never kept twice."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @classmethod
    def create(
        cls,
        out: str | os.PathLike[str] | None,
        config: TrainConfig,
        resolved: dict[str, Any],
        environment: dict[str, Any],
    ) -> "Run":
        """A new run directory at `out`, by default `runs/DATE-TIME-DATA-MODEL`; raises RunError if it cannot be."""
        path = Path("runs") if out is None else Path(out)
        try:
            path = _claim(path) if out is not None else _next_default(resolved["data"], config.model)
            run = cls(path)
            run._write_json("environment.json", environment)
            run._write_json("config.json", {"format": FORMAT, "config": to_dict(config), "resolved": resolved})
        except OSError as error:
            raise RunError(
                f"cannot make the run directory {path}: {error.strerror or error}",
                hint="choose another folder with --out DIR",
            ) from error
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
                f"{run.path} is a run of format {foreign.shown(found)}; this lenet reads format {FORMAT}",
                hint="use the version of lenet that wrote it (environment.json names it)",
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
        """Raises RunError unless config.json, and summary.json if it is there, hold what they should."""
        _ = self.config
        try:
            kinds = {name: type(self.resolved[name]) for name in RESOLVED}
            if kinds != RESOLVED:
                raise TypeError(f"resolved holds {', '.join(name for name in kinds if kinds[name] != RESOLVED[name])}")
            for name in ("data", "engine", "device"):  # which are printed
                if foreign.shown(self.resolved[name]) != self.resolved[name]:
                    raise ValueError(f"resolved holds {name} {foreign.shown(self.resolved[name])}")
            if not isinstance(self.resolved.get("data_folder", ""), str | None):
                raise TypeError("resolved holds data_folder")
            _ = self.network, int(self.resolved["model"].get("parameters", 0))
            if not isinstance(self.environment["data_fingerprint"], str):
                raise TypeError("data_fingerprint")
            if not 1 <= operator.index(self.environment["threads"]) <= MAX_THREADS:
                raise ValueError("threads")
            if os.path.lexists(self.path / "summary.json"):
                numbers = {"test_accuracy": self.summary["test_accuracy"]} | self.summary
                _ = [float(numbers[name]) for name in MEASURED & numbers.keys()]
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise RunError(
                f"the run {self.path} cannot be used: {type(error).__name__} {foreign.shown(error)} in its JSON files",
                hint="use the version of lenet that wrote it (environment.json names it)",
            ) from error

    # What it holds.

    @cached_property
    def config(self) -> TrainConfig:
        """The settings of the training."""
        try:
            return from_dict(self._read_json("config.json")["config"])
        except (KeyError, TypeError, AttributeError, RecursionError, LenetError) as error:
            why = error.message if isinstance(error, LenetError) else error
            raise RunError(
                f"{self.path / 'config.json'} cannot be used: {foreign.shown(why)}",
                hint="use the version of lenet that wrote it (environment.json names it)",
            ) from error

    @cached_property
    def resolved(self) -> dict[str, Any]:
        """What was decided when the training started: engine, device, data set, preprocessing, and why."""
        resolved: dict[str, Any] = self._read_json("config.json")["resolved"]
        return resolved

    @property
    def environment(self) -> dict[str, Any]:
        """Versions, hardware and threads."""
        return self._read_json("environment.json")

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
    def summary(self) -> dict[str, Any]:
        """The numbers at the end: what `lenet train --json` prints."""
        return self._read_json("summary.json")

    @property
    def test_accuracy(self) -> float:
        """Share of the test set named rightly after the last epoch, 0 to 1."""
        return float(self.summary["test_accuracy"])

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The points of the chart, in order; a torn last line (a crash while writing) is left out."""
        points = []
        path = self.path / "metrics.jsonl"
        if not os.path.lexists(path):
            return []
        lines = foreign.read(path, MAX_METRICS).decode("utf-8", errors="replace").splitlines()
        for number, line in enumerate(lines, start=1):
            try:
                point = foreign.parse_json(line.encode())
                if not isinstance(point, dict) or not isinstance(point.get("step"), int) or "kind" not in point:
                    raise ValueError("it is no point of a chart")
                points.append(point)
            except ValueError:
                if number < len(lines):
                    raise RunError(f"{self.path / 'metrics.jsonl'}, line {number}, is not JSON") from None
        return points

    @property
    def epochs(self) -> list[dict[str, Any]]:
        """The points at the ends of epochs: train, test and validation numbers."""
        return [point for point in self.metrics if point["kind"] == "epoch"]

    @property
    def findings(self) -> list[Finding]:
        """What the doctor found, in order."""
        return [Finding.from_dict(point) for point in self.metrics if point["kind"] == "finding"]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their labels."""
        return self.network.classes

    @property
    def preprocessing(self) -> Preprocessing:
        """How a picture becomes the network's input."""
        return self.network.preprocessing

    @property
    def model(self) -> nn.Module:
        """The trained network, a plain nn.Module in evaluation mode; each access reads it anew."""
        return self.network.model

    @cached_property
    def network(self) -> Network:
        """What was trained: the network, its classes, and how it is given pictures."""
        return Network.from_dict(self.resolved, self.path / "model.safetensors")

    def new_model(self) -> nn.Module:
        """The network of this run with its initial weights."""
        return build(
            self.resolved["model"]["name"],
            init=self.config.init,
            seed=self.config.seed,
            **self.resolved["model"]["arguments"],
        )

    # What the trainer writes.

    def log(self, point: dict[str, Any]) -> None:
        """Appends a point of the chart to metrics.jsonl."""
        with _said(self.path / "metrics.jsonl") as path, path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(point, allow_nan=False) + "\n")

    def forget_after(self, step: int) -> None:
        """Removes the points of the chart after `step`, and the summary: a resumed training writes them again."""
        lines = [json.dumps(point) + "\n" for point in self.metrics if point["step"] <= step]
        if step and not lines:
            raise RunError(
                f"{self.path / 'metrics.jsonl'} has nothing of the {step:,} steps that were taken",
                hint="start again with lenet train",
            )
        (self.path / "summary.json").unlink(missing_ok=True)
        self.write("metrics.jsonl", "".join(lines).encode())

    def checkpoint(self, step: int, tensors: dict[str, Tensor], progress: dict[str, Any]) -> None:
        """Saves a checkpoint, complete or not at all, and keeps the last two."""
        with _said(self.path / "checkpoints") as folder:
            folder.mkdir(exist_ok=True)
        content = safetensors.torch.save(tensors)
        name = f"step-{step:06d}"
        self.write(f"checkpoints/{name}.safetensors", content)
        record = {"step": step, "sha256": hashlib.sha256(content).hexdigest(), "progress": progress}
        self._write_json(f"checkpoints/{name}.json", record)  # written second: it is there only if the tensors are
        for old in self._checkpoint_steps()[:-CHECKPOINTS_KEPT]:
            (folder / f"step-{old:06d}.json").unlink()
            (folder / f"step-{old:06d}.safetensors").unlink(missing_ok=True)

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is one, whole or not."""
        return bool(self._checkpoint_steps())

    def newest_checkpoint(self) -> Checkpoint:
        """The newest checkpoint that is whole; raises RunError if there is none."""
        for step in reversed(self._checkpoint_steps()):
            name = f"checkpoints/step-{step:06d}"
            try:
                record = self._read_json(f"{name}.json")
            except RunError:
                continue
            tensors = self.path / f"{name}.safetensors"
            content = tensors.read_bytes() if tensors.is_file() else b""
            if hashlib.sha256(content).hexdigest() == record.get("sha256"):
                return Checkpoint(step, safetensors.torch.load(content), record["progress"])
        raise RunError(f"{self.path} has no checkpoint to go on from", hint="start again with lenet train")

    def save_model(self, model: nn.Module) -> None:
        """Writes model.safetensors, with all that is needed to use it in its metadata."""
        tensors = {name: weights.detach().cpu().contiguous() for name, weights in model.state_dict().items()}
        # One key, as safetensors writes several in an order that changes from process to process.
        metadata = {"lenet": json.dumps({key: self.resolved[key] for key in ("model", "classes", "preprocessing")})}
        self.write("model.safetensors", safetensors.torch.save(tensors, metadata))

    def finish(self, summary: dict[str, Any]) -> None:
        """Writes summary.json: the run is complete."""
        self._write_json("summary.json", summary)

    def write(self, name: str, content: bytes) -> None:
        """Puts a file in its place, whole."""
        with _said(self.path / name) as path:
            write_atomically(path, content)

    def _write_json(self, name: str, value: dict[str, Any]) -> None:
        self.write(name, (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())

    def _read_json(self, name: str) -> dict[str, Any]:
        path = self.path / name
        if not os.path.lexists(path):
            raise RunError(f"the run {self.path} is incomplete: it has no {name}")
        try:
            value = foreign.parse_json(foreign.read(path, foreign.MAX_JSON))
        except ValueError as error:
            raise RunError(f"{path} cannot be read: {foreign.shown(error)}") from error
        if not isinstance(value, dict):
            raise RunError(f"{path} holds {type(value).__name__}; expected a JSON object")
        return value

    def _checkpoint_steps(self) -> list[int]:
        return sorted(int(path.stem.removeprefix("step-")) for path in (self.path / "checkpoints").glob("step-*.json"))


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


def quoted(path: Path) -> str:
    """The path as a shell takes it, for lines that people copy."""
    return shlex.quote(str(path))


def write_atomically(path: Path, content: bytes) -> None:
    """Writes beside the place, syncs and renames: afterwards `path` holds `content`, or what it held before."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _claim(path: Path) -> Path:
    """Makes the folder, or takes an empty one; of two processes that want the same new folder, one gets it."""
    elsewhere = "choose another with --out DIR"
    if path.exists() and not path.is_dir():
        raise RunError(f"{path} is a file; expected a folder for the run", hint=elsewhere)
    if (path / "config.json").exists():
        way = f", or go on with it: lenet train --resume {quoted(path)}"
        raise RunError(f"{path} already holds a run", hint=elsewhere + ("" if Run(path).is_finished else way))
    if path.is_dir() and any(path.iterdir()):
        raise RunError(f"{path} is not empty; a run wants a folder of its own", hint=elsewhere)
    path.mkdir(parents=True, exist_ok=path.is_dir())
    return path


def _next_default(data: str, model: str) -> Path:
    """A new folder runs/DATE-TIME-DATA-MODEL, with a number behind it if that is taken."""
    stem = f"{datetime.datetime.now():%Y-%m-%d-%H%M%S}-{data}-{model}"
    for number in itertools.count(1):
        path = Path("runs") / (stem if number == 1 else f"{stem}-{number}")
        try:
            path.mkdir(parents=True)
            break
        except FileExistsError:
            continue
    return path


@contextlib.contextmanager
def _said(path: Path) -> Iterator[Path]:
    """A failure to write there becomes a RunError that names the file."""
    try:
        yield path
    except OSError as error:
        raise RunError(
            f"cannot write {path}: {error.strerror or error}",
            hint="make room, or see that the folder is there and may be written; the last checkpoint is whole",
        ) from error
