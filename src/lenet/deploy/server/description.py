"""What /v1/model says about a network."""

from typing import Any

from lenet.deploy.server.served import ServedNetwork
from lenet.deploy.server.service import Service
from lenet.networks.summary import rows
from lenet.runs.run import Run
from lenet.version import __version__


def described(service: Service, network: ServedNetwork) -> dict[str, Any]:
    """Return architecture, classes, preprocessing, accuracy and origin of a network, as JSON can hold them."""
    trained, preprocessing = network.network, network.preprocessing
    table = rows(trained.architecture)
    layers = [{"kind": row.name, "shape": list(row.output_shape), "parameters": row.num_parameters} for row in table]
    finished = isinstance(network.trained, Run) and network.trained.is_finished
    accuracy = network.trained.test_accuracy if isinstance(network.trained, Run) and finished else None
    calibration = network.calibration
    return {
        "name": network.name,
        "models": list(service.networks),
        "architecture": {"name": trained.name, "layers": layers, "parameters": trained.architecture.num_parameters},
        "classes": list(network.classes),
        "preprocessing": preprocessing.to_dict(),
        "test_accuracy": accuracy,
        "calibration": calibration and {"temperature": calibration.temperature, "coverage": calibration.coverage},
        "sha256": network.sha256,
        "lenet_version": __version__,
    }
