"""Each layer of an inference plan as nodes of an ONNX graph."""

from lenet.deploy.onnx.model import Graph
from lenet.deploy.plan import InferencePlan, PlannedLayer
from lenet.errors import ModelError
from lenet.files.untrusted import printable
from lenet.networks.forward import LEAK, TANH_HEIGHT, TANH_STEEPNESS
from lenet.networks.layers import Activation, Convolution, Dense, Flatten, GlobalPooling, Pooling

OPERATIONS = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu"}
POOLINGS = {"max": "MaxPool", "avg": "AveragePool"}


def add_normalisation(graph: Graph, plan: InferencePlan, pixels: str) -> str:
    """Add (pixels - mean) / std, if it changes anything; return the name of the result.

    It is computed as lenet's engines do, with the same rounding, so that the first layer gets the same bits.
    """
    mean, std = plan.preprocessing.mean, plan.preprocessing.std
    if mean == 0 and std == 1:
        return pixels
    centred = graph.node("Sub", [pixels, graph.constant("mean", mean)], "centred")
    return graph.node("Div", [centred, graph.constant("std", std)], "normalised")


def add_layer(graph: Graph, entry: PlannedLayer, values: str, output: str) -> str:
    """Add a layer.

    Args:
        graph: the graph.
        entry: the layer.
        values: the name of its input.
        output: the name of its output; its constants and the nodes within it have names that begin with it.

    Returns:
        `output`.

    Raises:
        ModelError: for a layer that ONNX does not have, naming it.
    """
    match entry.layer:
        case Convolution(padding=padding, kernel_size=kernel):
            sizes = {"kernel_shape": [kernel] * 2, "pads": [padding] * 4, "strides": [1, 1], "dilations": [1, 1]}
            return graph.node("Conv", [values, *_weights(graph, entry, output)], output, group=1, **sizes)
        case Dense():
            return graph.node("Gemm", [values, *_weights(graph, entry, output)], output, alpha=1.0, beta=1.0, transB=1)
        case Activation(function="leaky-relu"):
            return graph.node("LeakyRelu", [values], output, alpha=LEAK)
        case Activation(function="scaled-tanh"):
            steepness = graph.constant(f"{output}_steepness", TANH_STEEPNESS)
            height = graph.constant(f"{output}_height", TANH_HEIGHT)
            steep = graph.node("Mul", [values, steepness], f"{output}_steep")
            return graph.node("Mul", [graph.node("Tanh", [steep], f"{output}_tanh"), height], output)
        case Activation(function=function) if function in OPERATIONS:
            return graph.node(OPERATIONS[function], [values], output)
        case Pooling(function=function) if function in POOLINGS:
            return graph.node(POOLINGS[function], [values], output, kernel_shape=[2, 2], pads=[0] * 4, strides=[2, 2])
        case GlobalPooling():
            return graph.node("GlobalAveragePool", [values], output)
        case Flatten():
            return graph.node("Flatten", [values], output, axis=1)
    name, kind = entry.layer.name, entry.layer.kind
    raise ModelError(f"the layer {printable(name)} ({kind}) cannot be written as ONNX")


def _weights(graph: Graph, entry: PlannedLayer, output: str) -> tuple[str, str]:
    weight, bias = entry.arrays
    return graph.constant(f"{output}_weight", weight), graph.constant(f"{output}_bias", bias)
