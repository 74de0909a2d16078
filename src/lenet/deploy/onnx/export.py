"""A trained network as an ONNX file: pixels from 0 to 1 in, logits and probabilities out.

make(lenet.load("runs/first"), batch="dynamic").content
"""

import hashlib
import json
import os

from lenet.data.dataset import Splits
from lenet.deploy.onnx.layers import add_layer, add_normalisation
from lenet.deploy.onnx.model import IR_VERSION, OPSET, Graph
from lenet.deploy.onnx.unknown import add_unknown
from lenet.deploy.plan import InferencePlan
from lenet.deploy.targets import Export
from lenet.errors import ConfigError
from lenet.files import untrusted
from lenet.files.safetensors import MAX_BYTES
from lenet.networks.layers import Activation, Convolution, Dense, Flatten, GlobalPooling, Pooling
from lenet.networks.trained import TrainedNetwork
from lenet.runs.data import must_fit, splits_for
from lenet.runs.opening import Trained, network_of
from lenet.runs.run import Run
from lenet.version import __version__

DYNAMIC = "dynamic"
MAX_BATCH = 1 << 16
WORDS = {
    Convolution: "conv",
    Dense: "dense",
    Activation: "activation",
    Pooling: "pool",
    GlobalPooling: "mean",
    Flatten: "flatten",
}


def make(
    trained: Trained,
    *,
    batch: int | str = 1,
    check: bool = False,
    data: str | os.PathLike[str] | Splits | None = None,
    data_dir: str | None = None,
) -> Export:
    """Return the ONNX file of a trained network.

    Args:
        trained: the run or network.
        batch: how many images the network takes at once, or "dynamic" for any number.
        check: whether to compare it with what other programs compute from it.
        data: whose test images the check takes, by default what the run was trained on.
        data_dir: where the data are.

    Raises:
        ConfigError: for another batch.
        RunError: if the weights cannot be read, or are not finite.
        ModelError: for a layer that ONNX does not have.
        DataError: if the data of the check are not there, or do not fit the network.
        CheckError: if a program computes something else.
        MissingExtra: if nothing is installed that the check could run.
    """
    if data is not None and not check:
        raise ConfigError("data without a check, which alone needs them", hint="add --check, or leave --data out")
    network = network_of(trained)
    plan = InferencePlan.of(network)
    size = _batch(batch)
    content = onnx_file(plan, size, metadata(network))
    shape = " × ".join(map(str, (size, *plan.input_shape)))
    made = (
        "logits and probabilities" if plan.calibration is None else "logits, probabilities, unknown and outlier_score"
    )
    notes = [f"ONNX opset {OPSET}, IR {IR_VERSION}, {len(content):,} bytes: pixels {shape} to {made}"]
    if check:
        from lenet.deploy.onnx.check import check as checked

        test = splits_for(trained, data, data_dir).test
        must_fit(trained, test)
        measured = trained if isinstance(trained, Run) else network
        notes += checked(content, size, measured, test.images, f"the test images of {test.name}")
    return Export(content, tuple(notes))


def onnx_file(plan: InferencePlan, batch: int | str, properties: dict[str, str]) -> bytes:
    """Return the content of an ONNX file.

    Args:
        plan: what it computes.
        batch: how many images at once, or the name of that dimension.
        properties: texts by name, for programs that use the file.
    """
    graph = Graph("lenet")
    colours = "grey" if plan.input_shape[0] == 1 else "red, green, blue"
    what = f"pixels divided by 255, so from 0 to 1, of {colours}: (batch, channels, height, width)"
    values = graph.add_input("pixels", (batch, *plan.input_shape), what)
    values = add_normalisation(graph, plan, values)
    last = len(plan.layers) - 1
    embedding = values
    for number, entry in enumerate(plan.layers):
        if number == plan.embedding:
            embedding = values
        output = "logits" if number == last else f"{WORDS[type(entry.layer)]}_{number + 1}"
        values = add_layer(graph, entry, values, output)
    graph.add_output("logits", (batch, plan.num_classes), "one number a class; the answer is the class of the largest")
    graph.add_output(
        "probabilities", (batch, plan.num_classes), "of the classes, by the softmax; calibrated if the network is"
    )
    if plan.calibration:
        temperature = graph.constant("temperature", plan.calibration.temperature)
        values = graph.node("Div", [values, temperature], "scaled_logits")
        add_unknown(graph, plan.calibration, embedding, values)
        graph.add_output("unknown", (batch, 1), "1 for an image that is unlike the training images, else 0")
        graph.add_output("outlier_score", (batch, 1), "how unlike the training images: above 1 the image is unknown")
    graph.node("Softmax", [values], "probabilities", axis=1)
    description = "An image classifier trained with lenet. The metadata name its classes and how images are prepared."
    return graph.to_model(("lenet", __version__), description, properties)


def metadata(network: TrainedNetwork) -> dict[str, str]:
    """Return what a program that uses the file needs to know about it, and where it is from."""
    found = {
        "classes": json.dumps(network.classes, ensure_ascii=False),
        "preprocessing": json.dumps(network.preprocessing.to_dict()),
        "model": json.dumps({"name": network.name, "arguments": network.arguments}),
        "sha256": _sha256(network),
        "lenet_version": __version__,
    }
    if calibration := network.calibration:
        rule = {
            "temperature": calibration.temperature,
            "coverage": calibration.coverage,
            "unknown": "outlier_score > 1",
        }
        found["calibration"] = json.dumps(rule)
    return found


def _sha256(network: TrainedNetwork) -> str:
    """Of the weights file; of a run that has not finished, of the one that it would write."""
    if network.sha256 is not None and network.loaded is None:
        return network.sha256
    is_file = network.loaded is None
    content = untrusted.read(network.path, MAX_BYTES) if is_file else network.pack(network.weights, network.calibration)
    return hashlib.sha256(content).hexdigest()


def _batch(batch: int | str) -> int | str:
    """The number of images at once, or the name of that dimension. Raises ConfigError for anything else."""
    if batch == DYNAMIC:
        return "batch"
    try:
        size = int(batch)
    except (TypeError, ValueError):
        size = 0
    if isinstance(batch, bool | float) or not 1 <= size <= MAX_BATCH:
        raise ConfigError(f"batch is {batch}; expected a whole number from 1 to {MAX_BATCH:,}, or {DYNAMIC}")
    return size
