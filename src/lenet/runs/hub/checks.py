"""What a repository must have before anything of it is used: known files of known sizes, and no pickle."""

import hashlib
from pathlib import Path, PurePosixPath
from typing import Any

from lenet.errors import LenetError, RunError
from lenet.files import untrusted
from lenet.files.safetensors import MAX_BYTES, PICKLES, Weights
from lenet.files.untrusted import printable
from lenet.networks.trained import TrainedNetwork
from lenet.runs.hub.address import Address

CONFIG, WEIGHTS = "config.json", "model.safetensors"
LIMITS = {CONFIG: untrusted.MAX_JSON, WEIGHTS: MAX_BYTES}
FORMAT = 1  # of config.json
DANGEROUS = (*PICKLES, ".joblib", ".dill")
OTHER = "only networks that lenet push wrote can be opened; lenet import-weights FILE takes weights out of other files"


def check_files(address: Address, files: dict[str, int | None]) -> None:
    """Check the names and sizes of the files in a repository, before one is downloaded.

    Args:
        address: of the repository.
        files: sizes in bytes, by path; None if the server does not say.

    Raises:
        RunError: a file may hold a pickle, one is missing, or one is too large.
    """
    pickles = [name for name in files if PurePosixPath(name).suffix.lower() in DANGEROUS]
    if pickles:
        raise RunError(
            f"{address} has {printable(pickles[0])}, which may hold a pickle, which can run any program; nothing was read",
            hint=OTHER,
        )
    for name, limit in LIMITS.items():
        if name not in files:
            raise RunError(f"{address} has no {name}", hint=OTHER)
        size = files[name]
        if size is None or not 0 < size <= limit:
            what = "of unknown size" if size is None else f"of {size:,} bytes"
            raise RunError(f"{address} has a {name} {what}; expected at most {limit:,}", hint=OTHER)


def read_config(path: Path, address: Address) -> dict[str, Any]:
    """Read config.json of a repository.

    Raises:
        RunError: it is not what `lenet push` writes.
    """
    try:
        values = untrusted.parse_json(untrusted.read(path, untrusted.MAX_JSON))
    except ValueError as error:
        raise _refused(address, f"its {CONFIG} cannot be read: {printable(error)}") from error
    if not isinstance(values, dict) or values.get("library_name") != "lenet":
        raise _refused(address, f"its {CONFIG} is not lenet's")
    if values.get("format") != FORMAT:
        raise _refused(
            address, f"its {CONFIG} has the format {printable(values.get('format'))}; this lenet reads {FORMAT}"
        )
    network, weights = values.get("network"), values.get("weights")
    if not isinstance(network, dict) or not isinstance(weights, dict) or not isinstance(weights.get("sha256"), str):
        raise _refused(address, f"its {CONFIG} does not describe a network and its weights")
    return values


def open_files(config: dict[str, Any], weights: Path, address: Address) -> TrainedNetwork:
    """Return the network whose files were downloaded, if they belong together.

    Header, names, types and sizes of the tensors are checked before memory for one is allocated.

    Args:
        config: from `read_config`.
        weights: model.safetensors.
        address: where they are from.

    Raises:
        RunError: the weights are others than config.json says, or not those of its network.
    """
    digest = hashlib.sha256(untrusted.read(weights, MAX_BYTES)).hexdigest()
    if digest != config["weights"]["sha256"]:
        raise _refused(address, f"its {WEIGHTS} is not the one of its {CONFIG}, by the SHA-256")
    try:
        network = TrainedNetwork.from_dict(config["network"], weights, digest)
        if TrainedNetwork.load(weights).to_dict() != network.to_dict():
            raise _refused(address, f"its {CONFIG} and its {WEIGHTS} describe different networks")
        Weights.read(weights).must_fit(network.architecture.tensor_shapes)
        _ = network.network, network.calibration
    except LenetError as error:
        if isinstance(error, RunError) and str(address) in error.message:
            raise
        raise _refused(address, printable(error.message.replace(str(weights), WEIGHTS))) from error
    return network


def _refused(address: Address, why: str) -> RunError:
    return RunError(f"{address} was refused: {why}", hint=OTHER)
