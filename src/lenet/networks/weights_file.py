"""The file of a trained network: its weights in the safetensors format, and what they are in the metadata.

The metadata have one text, JSON under `lenet`: model, classes, preprocessing, and the calibration if there is one. So the
tensors are those of the PyTorch module alone, and any program that reads safetensors finds what it expects.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.errors import RunError
from lenet.files import safetensors, untrusted
from lenet.files.safetensors import MAX_BYTES, PICKLES, Weights, must_be_variances
from lenet.networks.calibration import Calibration
from lenet.networks.network import Architecture, Network

KEY = "lenet"  # of the metadata; one, as safetensors writes several in an order that changes from process to process
CALIBRATION = "calibration"  # of the JSON under it


def description(path: Path) -> Any:
    """Return what the metadata of a weights file say of its network.

    Raises:
        RunError: if it is no weights file, or does not say what network its weights belong to.
    """
    if path.suffix.lower() in PICKLES:
        raise RunError(
            f"{untrusted.printable(path)} may hold a pickle, which can run any program, and was not read",
            hint=f"lenet import-weights {untrusted.printable(path)} --model NAME --data NAME takes the weights out of it",
        )
    weights = Weights.read(path)
    if KEY not in weights.metadata:
        raise RunError(
            f"{weights.name} does not say what network its weights belong to",
            hint=f"lenet import-weights {weights.name} --model NAME --data NAME adds it",
        )
    return _described(weights, path)


def read(path: Path, architecture: Architecture, sha256: str | None) -> tuple[Network, Calibration | None]:
    """Read the weights of a network, and its calibration if the file has one.

    Args:
        path: the file.
        architecture: the layers, whose weights it must hold.
        sha256: of its content, if it is known what it must be.

    Raises:
        RunError: if the file cannot be read, or holds other weights, or a calibration that cannot be used.
    """
    source: Path | bytes = path
    if sha256 is not None:
        source = untrusted.read(path, MAX_BYTES)
        if hashlib.sha256(source).hexdigest() != sha256:
            name = untrusted.printable(path)
            raise RunError(f"{name} does not hold the weights of this run, by their SHA-256 in summary.json")
    weights = Weights.read(source)
    tensors = weights.load(architecture.tensor_shapes)
    must_be_variances(tensors, untrusted.printable(path))
    return Network.of(architecture, tensors), _calibration(weights, path, architecture)


def pack(
    tensors: Mapping[str, NDArray[np.float32]], described: Mapping[str, Any], calibration: Calibration | None
) -> bytes:
    """Return the content of a weights file.

    Args:
        tensors: the weights and running statistics, by name.
        described: the network, as `TrainedNetwork.to_dict` describes it.
        calibration: None for a network without.
    """
    values = dict(described)
    if calibration is not None:
        values[CALIBRATION] = calibration.to_dict()
    return safetensors.pack(tensors, {KEY: json.dumps(values)})


def fault(path: Path, why: str) -> RunError:
    """Return the error that says why the network in a file cannot be built."""
    return RunError(
        f"the network of {untrusted.printable(path)} cannot be built: {untrusted.printable(why)}",
        hint="it was made by another program, or another version of lenet, or is damaged; get it again",
    )


def _described(weights: Weights, path: Path) -> Any:
    try:
        return untrusted.parse_json(weights.metadata[KEY].encode())
    except ValueError as error:
        raise fault(path, untrusted.printable(error)) from error


def _calibration(weights: Weights, path: Path, architecture: Architecture) -> Calibration | None:
    values = _described(weights, path) if KEY in weights.metadata else None
    if not isinstance(values, dict) or values.get(CALIBRATION) is None:
        return None
    try:
        calibration = Calibration.from_dict(values[CALIBRATION])
    except ValueError as error:
        raise fault(path, str(error)) from error
    if not calibration.fits(architecture):
        raise fault(path, f"its calibration is of another network, with a layer {calibration.layer}")
    return calibration
