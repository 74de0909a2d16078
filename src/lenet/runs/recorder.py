"""Writing a run directory: what a training saves, each file complete or not at all.

    recorder = Recorder.create(None, config, resolved, environment)
    with recorder.lock():
        recorder.log(point)
        recorder.checkpoint(step, tensors, progress)
        recorder.finish(summary)

A write that fails is repeated once, and then is a SaveError. What has been saved before remains complete, and all that is
needed to save the run in another folder is in memory.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lenet.config import TrainConfig
from lenet.configuration import to_dict
from lenet.errors import RunError, SaveError, quoted
from lenet.files import durable, locks, untrusted
from lenet.networks import Network
from lenet.networks.calibration import Calibration
from lenet.networks.trained import TrainedNetwork
from lenet.runs import checkpoints, creation, stop_request
from lenet.runs.checkpoints import Checkpoint
from lenet.runs.folder import Folder
from lenet.runs.points import Point, read_points, readable_lines
from lenet.runs.records import Environment, Resolved, Resumption, Summary
from lenet.runs.run import FORMAT, MAX_METRICS, Run


class Recorder:
    """The writing side of a run directory; `Run` is the reading side. What cannot be written is a SaveError.

    Attributes:
        folder: the run directory.
        config: the settings of the training.
        resolved: what was decided when it started.
        environment: where it computes.
        lines: the content of metrics.jsonl.
        points: its points.
    """

    def __init__(self, path: Path, config: TrainConfig, resolved: Resolved, environment: Environment) -> None:
        self.folder, self.config, self.resolved, self.environment = Folder(path), config, resolved, environment
        self.lines = bytearray()
        self.points: list[Point] = []

    @classmethod
    def create(
        cls, out: str | os.PathLike[str] | None, config: TrainConfig, resolved: Resolved, environment: Environment
    ) -> "Recorder":
        """Make a run directory.

        Args:
            out: the new or empty folder; by default runs/DATE-TIME-DATA-MODEL.
            config: the settings of the training.
            resolved: what was decided.
            environment: where it computes.

        Raises:
            RunError: if the folder is not empty or cannot be written.
        """
        path = creation.new_default(resolved.data, config.model) if out is None else Path(out)
        files = {
            "environment.json": durable.as_json(environment.to_dict()),  # the first: a folder with config.json is a run
            "config.json": durable.as_json(_settings(config, resolved)),
        }
        try:
            creation.create(path, files)
        except OSError as error:
            what = f"cannot make the run directory {path}: {durable.explain(error)[0]}"
            if os.path.lexists(path / "config.json"):  # it could not be removed
                raise SaveError(what, hint=f"lenet train --resume {quoted(path)} starts it again") from error
            raise RunError(what, hint="choose another folder with --out DIR") from error
        return cls(path, config, resolved, environment)

    @classmethod
    def open(cls, run: Run) -> "Recorder":
        """Continue a run; `go_back_to` must be called before anything is written.

        Raises:
            RunError: if its files cannot be read.
        """
        recorder = cls(run.path, run.config, run.resolved, run.environment)
        path = run.path / "metrics.jsonl"
        if os.path.lexists(path):
            recorder.lines = bytearray(untrusted.read(path, MAX_METRICS))
        return recorder

    @property
    def path(self) -> Path:
        """The run directory."""
        return self.folder.path

    @property
    def run(self) -> Run:
        """The run, for reading."""
        return Run(self.path)

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Let no other process train this run meanwhile; RunError if one does."""
        return locks.lock(self.path)

    def log(self, point: Point) -> None:
        """Append a point to metrics.jsonl."""
        start = len(self.lines)
        self.lines.extend((json.dumps(point.to_dict(), allow_nan=False) + "\n").encode())
        self.points.append(point)
        self.folder.change("metrics.jsonl", lambda path: durable.append(path, self.lines, start))

    def checkpoint(
        self, step: int, tensors: Mapping[str, NDArray[Any]], progress: dict[str, Any], num_bytes: int | None = None
    ) -> None:
        """Save a checkpoint, and keep it, the one before it, and no others.

        Args:
            step: steps taken so far.
            tensors: weights and optimiser state by name.
            progress: where the training stands.
            num_bytes: how many bytes of metrics.jsonl belong to it, by default all. They are on the disk before it is.
        """
        lines = bytes(self.lines)
        content, record = checkpoints.pack(step, tensors, progress, lines[:num_bytes])
        content_name, record_name = (f"checkpoints/{name}" for name in checkpoints.names(step))
        self.folder.change("metrics.jsonl", lambda path: durable.sync(path, lines))
        self.folder.change("checkpoints", durable.make_folder)
        if not durable.holds(self.path / content_name, content):  # the same step has the same content, as a rule
            self.folder.change(record_name, durable.remove)
            self.folder.write(content_name, content)
        self.folder.write(record_name, record)  # second: without it there is no checkpoint
        with contextlib.suppress(OSError):  # what cannot be removed does no harm, and is removed the next time
            checkpoints.prune(self.folder.checkpoints, step)

    def find_checkpoint(self) -> tuple[Checkpoint | None, list[RunError]]:
        """Return the newest whole checkpoint, if there is one, and what is wrong with those after it.

        Raises:
            RunError: for one that cannot be read now, and may be whole.
        """
        return checkpoints.find(self.folder.checkpoints, self._network)

    def forget_checkpoints(self, step: int) -> int:
        """Remove the checkpoints from that step on; return the step of the newest that remains, or 0."""
        self.folder.change("checkpoints", lambda folder: checkpoints.prune(folder, step - 1))
        return max(checkpoints.steps(self.folder.checkpoints), default=0)

    def go_back_to(self, checkpoint: Checkpoint | None) -> str | None:
        """Remove all that was written after a checkpoint, or after the start, and what a killed process left behind.

        Args:
            checkpoint: None goes back to the start.

        Returns:
            What was lost of metrics.jsonl, if it is damaged.
        """
        fault = None
        kept = bytes(self.lines[: checkpoint.num_bytes] if checkpoint else b"")
        if checkpoint and not checkpoint.has_lines(kept):
            readable = (line for line in readable_lines(self.lines) if line["step"] <= checkpoint.step)
            kept = b"".join((json.dumps(line) + "\n").encode() for line in readable)
            fault = f"{self.path / 'metrics.jsonl'} is damaged: of its points those are kept that can be read"
        if os.path.lexists(self.path / "summary.json"):
            self.folder.change("summary.json", durable.remove)
        if kept != self.lines:
            self.lines = bytearray(kept)
            self.folder.change("metrics.jsonl", lambda path: durable.write(path, kept))
        self.points = read_points(kept)
        stop_request.forget(self.path)  # of the training before this one
        self.folder.tidy(-1 if checkpoint is None else checkpoint.step)
        return fault

    def extend(self, epochs: int) -> None:
        """Change how many epochs the run is to have."""
        self.config = dataclasses.replace(self.config, epochs=epochs)
        self.folder.write_json("config.json", _settings(self.config, self.resolved))

    def note_resumption(self, resumption: Resumption) -> None:
        """Record in environment.json that the run was resumed."""
        resumed = (*self.environment.resumed, resumption)
        self.environment = dataclasses.replace(self.environment, resumed=resumed)
        self.folder.write_json("environment.json", self.environment.to_dict())

    def save_weights(self, network: Network, calibration: Calibration | None = None) -> str:
        """Write model.safetensors, with all that is needed to use it in its metadata; return its SHA-256."""
        content = self._network.pack(network.tensors, calibration)
        self.folder.write("model.safetensors", content)
        return hashlib.sha256(content).hexdigest()

    def calibrate(self, network: Network, calibration: Calibration) -> None:
        """Give the weights of a finished run a calibration; it can be opened whenever this is interrupted."""
        content = self._network.pack(network.tensors, calibration)
        if durable.holds(self.path / "model.safetensors", content):
            return
        # First the record that names both SHA-256s, then the file.
        summary = dataclasses.replace(self.run.summary, calibrated_sha256=hashlib.sha256(content).hexdigest())
        self.folder.write_json("summary.json", summary.to_dict())
        self.folder.write("model.safetensors", content)

    def finish(self, summary: Summary) -> None:
        """Write summary.json: the run is finished."""
        with contextlib.suppress(OSError):
            checkpoints.prune(self.folder.checkpoints)
        self.folder.write_json("summary.json", summary.to_dict())

    def copy_to(
        self, path: Path, num_bytes: int, step: int, tensors: Mapping[str, NDArray[Any]], progress: dict[str, Any]
    ) -> Run:
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
            RunError: if it cannot be saved; no file of it remains.
        """
        new = Recorder.create(path, self.config, self.resolved, self.environment)
        try:
            new.lines = self.lines[:num_bytes]
            new.checkpoint(step, tensors, progress)
        except SaveError as error:
            shutil.rmtree(path, ignore_errors=True)
            raise SaveError(error.message, hint="choose another folder") from error
        return new.run

    @cached_property
    def _network(self) -> TrainedNetwork:
        return TrainedNetwork.from_dict(self.resolved.to_dict(), self.path / "model.safetensors")


def _settings(config: TrainConfig, resolved: Resolved) -> dict[str, Any]:
    """The content of config.json."""
    return {"format": FORMAT, "config": to_dict(config), "resolved": resolved.to_dict()}
