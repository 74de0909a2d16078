"""Snapshots: the weights at some steps of a training, small (float16), from which the explorer replays it.

`snapshots/step-000470.safetensors` holds the weights that an evaluation would have had after 470 steps. Nothing resumes from
them. docs/run-directory.md describes them.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.errors import LenetError
from lenet.files import durable
from lenet.files.safetensors import Weights, must_be_finite, pack
from lenet.networks import Architecture, Network

NAME = "snapshots"  # of their folder
FILE = re.compile(r"step-([0-9]{6,18})\.safetensors")
LARGEST = float(np.finfo(np.float16).max)
MOST = 1000  # that are read


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The network at a step of its training.

    Attributes:
        step: steps taken before.
        network: with weights rounded to float16.
    """

    step: int
    network: Network


def file_name(step: int) -> str:
    """Return the name of the file of a step."""
    return f"step-{step:06d}.safetensors"


def content(network: Network) -> bytes:
    """Return the content of the file of a network, which names the SHA-256 of its numbers."""
    half = {name: np.clip(array, -LARGEST, LARGEST).astype(np.float16) for name, array in network.tensors.items()}
    return pack(half, {"sha256": _sha256(half, network.architecture)})


def find(folder: Path, architecture: Architecture) -> list[Snapshot]:
    """Return the snapshots of a training, in their order; those that are damaged, or of another network, are left out.

    Args:
        folder: of the snapshots; it need not be there.
        architecture: of the network.
    """
    found = []
    for step in steps(folder)[:MOST]:
        try:
            found.append(Snapshot(step, _read(folder / file_name(step), architecture)))
        except (LenetError, ValueError, KeyError):
            continue
    return found


def steps(folder: Path) -> list[int]:
    """Return the steps of the snapshots in a folder, in order."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:
        return []
    return sorted(int(match[1]) for name in names if (match := FILE.fullmatch(name)))


def prune(folder: Path, newest: int) -> None:
    """Remove the snapshots after a step."""
    for step in steps(folder):
        if step > newest:
            durable.remove(folder / file_name(step))


def _read(path: Path, architecture: Architecture) -> Network:
    weights = Weights.read(path)
    if {name: (entry.shape, entry.dtype) for name, entry in weights.entries.items()} != {
        name: (shape, "F16") for name, shape in architecture.tensor_shapes.items()
    }:
        raise ValueError(f"{path} is of another network")
    arrays = weights.arrays()
    if weights.metadata.get("sha256") != _sha256(arrays, architecture):
        raise ValueError(f"{path} does not hold what was written")
    must_be_finite(arrays, str(path))
    return Network.of(architecture, {name: array.astype(np.float32) for name, array in arrays.items()})


def _sha256(arrays: Mapping[str, NDArray[Any]], architecture: Architecture) -> str:
    numbers = hashlib.sha256()
    for name in architecture.tensor_shapes:
        numbers.update(np.ascontiguousarray(arrays[name], "<f2").tobytes())
    return numbers.hexdigest()
