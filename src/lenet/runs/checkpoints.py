"""Checkpoints: states of a training, saved so that each is complete or absent.

A checkpoint is two files: `step-000470.safetensors` holds the weights and the optimiser's state; `step-000470.json`, written
second, says where the training stood, with hashes of everything. docs/run-directory.md describes both.
"""

import hashlib
import json
import operator
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.numpy
from numpy.typing import NDArray

from lenet.errors import LenetError, RunError
from lenet.files import durable, untrusted
from lenet.files.safetensors import MAX_HEADER, Weights
from lenet.networks.trained import TrainedNetwork

KEPT = 2  # checkpoints
MAX_STATE = 20  # bytes of a weight: its value, two moments, its average, and its value in the best epoch
FILE = re.compile(r"step-([0-9]{6,18})\.(?:json|safetensors)")
RETRY = "check that the disk works and can be read, then retry; nothing was changed"


@dataclass(frozen=True)
class Checkpoint:
    """A saved state of a training.

    Attributes:
        step: steps taken before.
        tensors: weights and optimiser state by name.
        progress: where the training stood, as JSON.
        num_bytes: how many bytes of metrics.jsonl belong to it.
        lines_sha256: SHA-256 of those bytes.
    """

    step: int
    tensors: dict[str, NDArray[Any]]
    progress: dict[str, Any]
    num_bytes: int
    lines_sha256: str

    def has_lines(self, lines: bytes) -> bool:
        """Return whether these are the lines of metrics.jsonl that belong to it."""
        return _sha256(lines) == self.lines_sha256


class Damaged(RunError):
    """A checkpoint that could be read and does not hold what was written."""


def names(step: int) -> tuple[str, str]:
    """Return the names of a checkpoint's two files: the tensors, the record."""
    return f"step-{step:06d}.safetensors", f"step-{step:06d}.json"


def pack(step: int, tensors: Mapping[str, NDArray[Any]], progress: dict[str, Any], lines: bytes) -> tuple[bytes, bytes]:
    """Return the content of these two files.

    Args:
        step: steps taken so far.
        tensors: weights and optimiser state by name.
        progress: where the training stands.
        lines: of metrics.jsonl, that belong to the checkpoint.
    """
    content = safetensors.numpy.save(dict(tensors))
    record = {
        "step": step,
        "sha256": _sha256(content),
        "progress": progress,
        "metrics": {"bytes": len(lines), "sha256": _sha256(lines)},
    }
    return content, _sealed(record)


def steps(folder: Path) -> list[int]:
    """Return the steps of the checkpoints in a folder, whole or damaged, in order.

    Raises:
        OSError: if the folder cannot be read.
    """
    return sorted(step for name, step in _files(folder).items() if name.endswith(".json"))


def find(folder: Path, network: TrainedNetwork) -> tuple[Checkpoint | None, list[RunError]]:
    """Return the newest whole checkpoint, if there is one, and what is wrong with those after it.

    Raises:
        RunError: for one that cannot be read now, and may be whole.
    """
    faults: list[RunError] = []
    try:
        present = steps(folder)
    except OSError as error:
        raise RunError(
            f"the checkpoints of {folder.parent} cannot be read now: {durable.explain(error)[0]}", hint=RETRY
        ) from error
    for step in reversed(present):
        try:
            return read(folder, step, network), faults
        except Damaged as error:
            faults.append(error)
    return None, faults


def read(folder: Path, step: int, network: TrainedNetwork) -> Checkpoint:
    """Read the checkpoint of a step.

    Args:
        folder: of the checkpoints.
        step: steps taken before it.
        network: which bounds its size.

    Raises:
        Damaged: if a byte of it is not what was written.
        RunError: if it cannot be read now.
    """
    num_weights = network.architecture.num_values
    tensors_file, record_file = names(step)
    try:
        text = untrusted.read(folder / record_file, untrusted.MAX_JSON)
        tensors = untrusted.read(folder / tensors_file, MAX_STATE * num_weights + MAX_HEADER)
        record = untrusted.parse_json(text)
        if text != _sealed({key: value for key, value in record.items() if key != "seal"}):
            raise ValueError("step, progress or hashes are not what was written")
        if record["step"] != step or record["sha256"] != _sha256(tensors):
            raise ValueError("the tensors are not those that were written")
        lines = record["metrics"]
        num_bytes, lines_sha256 = operator.index(lines["bytes"]), str(lines["sha256"])
        Weights.read(tensors)  # the library is given sound files only
    except (LenetError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        name = folder / f"step-{step:06d}"
        why = error.message if isinstance(error, LenetError) else error
        if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
            why = "its .json holds something else"
        if isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, FileNotFoundError):
            raise RunError(f"the checkpoint {name} cannot be read now: {why}", hint=RETRY) from error
        raise Damaged(f"the checkpoint {name} is damaged: {why}") from error
    return Checkpoint(step, safetensors.numpy.load(tensors), record["progress"], num_bytes, lines_sha256)


def prune(folder: Path, newest: int = sys.maxsize) -> None:
    """Remove all checkpoints, and parts of checkpoints, except the last two up to a step."""
    files = _files(folder)
    kept = sorted(step for name, step in files.items() if name.endswith(".json") and step <= newest)[-KEPT:]
    for name in sorted(files):  # .json before .safetensors: without the first there is no checkpoint
        if files[name] not in kept:
            durable.remove(folder / name)


def _files(folder: Path) -> dict[str, int]:
    """The files of checkpoints in a folder: the step of each by its name."""
    try:
        paths = [path.name for path in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return {name: int(match[1]) for name in paths if (match := FILE.fullmatch(name))}


def _sealed(record: dict[str, Any]) -> bytes:
    """The record as JSON, with the SHA-256 of its content, so that every change of it is noticed."""
    return durable.as_json(record | {"seal": _sha256(durable.as_json(record))})


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
