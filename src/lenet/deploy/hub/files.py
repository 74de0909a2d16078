"""The files of a network's repository on the Hub: weights, config.json, lenet.json, the card and its images.

No file holds a path of the machine that trained the network, and none can run a program.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lenet.configuration import to_dict
from lenet.data.dataset import Splits
from lenet.deploy.card.about import About
from lenet.deploy.card.card import make_card
from lenet.deploy.card.measured import Measured, measure
from lenet.deploy.targets import Export
from lenet.files import untrusted
from lenet.files.durable import as_json
from lenet.files.safetensors import MAX_BYTES, Weights
from lenet.networks.trained import TrainedNetwork
from lenet.networks.weights_file import KEY
from lenet.runs.command import as_line, command_of, data_of
from lenet.runs.hub.checks import CONFIG, FORMAT, WEIGHTS
from lenet.runs.opening import Source
from lenet.runs.run import Run
from lenet.version import __version__

RUN = "lenet.json"
PATHS = {"data_dir": None, "data_folder": None, "data_source": ""}  # what tells of the machine, and what stands for it


@dataclass(frozen=True, eq=False)
class HubFiles:
    """What is pushed.

    Attributes:
        contents: of the files, by name.
        weights_sha256: of model.safetensors.
        title: of the network.
        accuracy: on its test set.
    """

    contents: Mapping[str, bytes]
    weights_sha256: str
    title: str
    accuracy: float

    @property
    def listing(self) -> list[str]:
        """A line for each file, with its size."""
        width = max(map(len, self.contents))
        return [f"{name:{width}}  {len(content):>9,} bytes" for name, content in sorted(self.contents.items())]


def hub_files(run: Source, about: About, data: str | Splits | None = None, data_dir: str | None = None) -> HubFiles:
    """Make the files of a network's repository.

    Args:
        run: a run, its directory, or a weights file that lenet wrote.
        about: what the author decides.
        data: the data set that the card is measured on; by default that of the run.
        data_dir: the folder of the data set's files.

    Raises:
        LenetError: the network or its data cannot be read.
    """
    from lenet.deploy.card.about import title_of

    measured = measure([run], data, data_dir)
    card = make_card(measured, about)
    weights = _weights(measured.network)
    digest = hashlib.sha256(weights).hexdigest()
    contents = {**card.files, WEIGHTS: weights, CONFIG: as_json(_config(measured, digest, len(weights)))}
    if measured.run is not None:
        contents[RUN] = as_json(_run(measured.run))
    return HubFiles(contents, digest, title_of(about, measured), measured.evaluation.accuracy)


def make(
    trained: Source,
    data: str | Splits | None = None,
    data_dir: str | None = None,
    **about: Any,
) -> Export:
    """Make the target hub-folder: what `lenet push` would push."""
    files = hub_files(trained, About(**about), data, data_dir)
    return Export(files.contents, (*files.listing, f"SHA-256 of {WEIGHTS}: {files.weights_sha256}"))


def _weights(network: TrainedNetwork) -> bytes:
    """The weights file, with the description of the network, which files of earlier versions lack."""
    if network.loaded is None:
        content = untrusted.read(network.path, MAX_BYTES)
        if KEY in Weights.read(content).metadata:
            return content
    return network.pack(network.weights, network.calibration)


def _config(measured: Measured, digest: str, num_bytes: int) -> dict[str, Any]:
    """The content of config.json, by which the Hub counts downloads and lenet knows the network."""
    network = measured.network
    return {
        "library_name": "lenet",
        "format": FORMAT,
        "lenet_version": __version__,
        "model_type": "lenet",
        "architectures": [network.name],
        "num_labels": len(network.classes),
        "id2label": {str(label): name for label, name in enumerate(network.classes)},
        "label2id": {name: label for label, name in enumerate(network.classes)},
        "network": network.to_dict(),
        "weights": {
            "file": WEIGHTS,
            "sha256": digest,
            "bytes": num_bytes,
            "parameters": network.architecture.num_parameters,
        },
    }


def _run(run: Run) -> dict[str, Any]:
    """The content of lenet.json: the records of the run, without paths of the machine that trained it."""
    config, resolved = to_dict(run.config), run.resolved.to_dict()
    environment = run.environment.to_dict()
    for values in (config, resolved):
        values.update({name: value for name, value in PATHS.items() if name in values})
    config["data"] = data_of(run)
    if config["teacher"]:
        config["teacher"] = Path(config["teacher"]).name
    if isinstance(teacher := resolved.get("teacher"), dict) and teacher.get("path"):
        teacher["path"] = Path(teacher["path"]).name
    environment["command"] = command_of(run)
    for resumed in environment.get("resumed", ()):
        resumed["command"] = ["lenet", "train", "--resume", "RUN"]
    values = {"format": 1, "command": as_line(command_of(run)), "config": config, "resolved": resolved}
    summary = run.summary.to_dict() | {"run": "RUN"} if run.is_finished else None
    return values | {"environment": environment, "summary": summary}
