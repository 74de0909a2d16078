"""Checkpoints: moments of a training, each complete in the folder of them or not there.

One is two files: `step-000470.safetensors`, the weights and the optimiser's state, and `step-000470.json`, written second:
where the training stood, with hashes of all that belongs to it. docs/run-directory.md describes both.
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

KEPT = 2
MAX_STATE = 16  # bytes for a weight, with its optimiser's state
FILE = re.compile(r"step-([0-9]{6,18})\.(?:json|safetensors)")
READABLE = "see that the disk is whole and may be read, then try again; nothing was changed"


@dataclass(frozen=True)
class Checkpoint:
    """A moment of a training: tensors by name, and where the training stood."""

    step: int
    tensors: dict[str, NDArray[Any]]
    progress: dict[str, Any]
    num_bytes: int  # of metrics.jsonl
    lines_sha256: str  # of those bytes

    def has_lines(self, lines: bytes) -> bool:
        """Whether these are the lines of metrics.jsonl that belong to it."""
        return _sha256(lines) == self.lines_sha256


class Damaged(RunError):
    """A checkpoint that was read and is not what was written."""


def names(step: int) -> tuple[str, str]:
    """The names of the two files of a checkpoint: its tensors, its record."""
    return f"step-{step:06d}.safetensors", f"step-{step:06d}.json"


def packed(
    step: int, tensors: Mapping[str, NDArray[Any]], progress: dict[str, Any], lines: bytes
) -> tuple[bytes, bytes]:
    """The content of these two files; `lines` are the points of the chart that belong to the checkpoint."""
    content = safetensors.numpy.save(dict(tensors))
    record = {
        "step": step,
        "sha256": _sha256(content),
        "progress": progress,
        "metrics": {"bytes": len(lines), "sha256": _sha256(lines)},
    }
    return content, _sealed(record)


def steps(folder: Path) -> list[int]:
    """The steps of the checkpoints in a folder, whole or not, in order. Raises OSError if it cannot be looked into."""
    return sorted(step for name, step in _files(folder).items() if name.endswith(".json"))


def find(folder: Path, network: TrainedNetwork) -> tuple[Checkpoint | None, list[RunError]]:
    """The newest checkpoint that is whole, by its step, and what is wrong with those after it.

    Raises RunError for one that the system cannot read now: it may be whole.
    """
    faults: list[RunError] = []
    try:
        there = steps(folder)
    except OSError as error:
        raise RunError(
            f"the checkpoints of {folder.parent} cannot be read now: {durable.explain(error)[0]}", hint=READABLE
        ) from error
    for step in reversed(there):
        try:
            return read(folder, step, network), faults
        except Damaged as error:
            faults.append(error)
    return None, faults


def read(folder: Path, step: int, network: TrainedNetwork) -> Checkpoint:
    """The checkpoint of that step; Damaged, with what is wrong, unless every byte of it is as it was written."""
    num_weights = network.architecture.num_parameters
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
        Weights.read(tensors)  # nothing but sound safetensors goes to the library
    except (LenetError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        name = folder / f"step-{step:06d}"
        why = error.message if isinstance(error, LenetError) else error
        if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
            why = "its .json holds something else"
        if isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, FileNotFoundError):
            raise RunError(f"the checkpoint {name} cannot be read now: {why}", hint=READABLE) from error
        raise Damaged(f"the checkpoint {name} is damaged: {why}") from error
    return Checkpoint(step, safetensors.numpy.load(tensors), record["progress"], num_bytes, lines_sha256)


def prune(folder: Path, newest: int = sys.maxsize) -> None:
    """Removes all checkpoints, and parts of them, but the last two up to that step."""
    files = _files(folder)
    whole = sorted(step for name, step in files.items() if name.endswith(".json") and step <= newest)
    kept = whole[-KEPT:]
    for name in sorted(files):  # .json before .safetensors: without the first it is no checkpoint
        if files[name] not in kept:
            durable.remove(folder / name)


def _files(folder: Path) -> dict[str, int]:
    """The step of each file of a checkpoint, by its name."""
    try:
        found = [path.name for path in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return {name: int(match[1]) for name in found if (match := FILE.fullmatch(name))}


def _sealed(record: dict[str, Any]) -> bytes:
    """The record with the SHA-256 of its content, so that no change of it goes unseen."""
    return durable.as_json(record | {"seal": _sha256(durable.as_json(record))})


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
