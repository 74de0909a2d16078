"""Dense against convolutional layers as the picture grows: parameters and memory. Nothing is trained or allocated.

*Dive into Deep Learning*, chapter "From Fully Connected Layers to Convolutions": a dense layer over a picture of a megapixel
needs a weight for each pixel and unit, a convolution only those of its kernel.
"""

from collections.abc import Mapping
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from lenet.analysis.report import Table
from lenet.display.curve import STYLE
from lenet.networks.summary import in_bytes, layers, total

EDGES = (28, 64, 128, 256, 512, 1000)  # of a square picture of one channel; the last is the chapter's megapixel
UNITS = 1000  # of the dense layer, as in the chapter
WHAT = {
    "dense": f"dense layer of {UNITS:,} units",
    "convolution": "convolution of 6 kernels of 5×5",
    "mlp": "MLP 256-10, whole",
    "lenet": "LeNet, whole",
}


def measure() -> dict[str, Any]:
    """Parameters, and bytes of parameters and of outputs for one picture in fp32, for each edge."""
    return {"sizes": {str(edge): _at(edge) for edge in EDGES}}


def _at(edge: int) -> dict[str, dict[str, int]]:
    dense = layers("mlp", 1, (edge, edge), hidden=(UNITS,))
    whole = {name: layers(name, 1, (edge, edge)) for name in ("mlp", "lenet")}
    firsts = {"dense": dense[1], "convolution": whole["lenet"][0]}  # after nn.Flatten; before the activation
    found = {
        name: {
            "parameters": layer.num_parameters,
            "parameter_bytes": layer.parameter_bytes,
            "output_bytes": layer.output_bytes,
        }
        for name, layer in firsts.items()
    }
    for name, table in whole.items():
        found[name] = {
            "parameters": total(table).num_parameters,
            "parameter_bytes": total(table).parameter_bytes,
            "output_bytes": sum(layer.output_bytes for layer in table),
        }
    return found


def table(numbers: Mapping[str, Any]) -> Table:
    """A row for each size: parameters, and in brackets the memory of the parameters and of one picture's outputs."""
    sizes: Mapping[str, Any] = numbers["sizes"]
    smallest, largest = sizes[str(EDGES[0])], sizes[str(EDGES[-1])]
    grown = {name: largest[name]["parameters"] / smallest[name]["parameters"] for name in WHAT}
    rows = [[f"{edge}×{edge}", *(_cell(found[name]) for name in WHAT)] for edge, found in sizes.items()]
    verdicts = [
        "Parameters; in brackets the memory they take in fp32, and that of one picture's outputs.",
        f"From {EDGES[0]}×{EDGES[0]} to {EDGES[-1]}×{EDGES[-1]} pixels the dense layer's parameters grow "
        f"{grown['dense']:,.0f} times, to {largest['dense']['parameters']:,}; the convolution's "
        f"{grown['convolution']:,.0f} times, to {largest['convolution']['parameters']:,}.",
        f"LeNet as a whole grows {grown['lenet']:,.0f} times: it ends in dense layers, and their input grows.",
    ]
    return ["picture", *WHAT.values()], rows, verdicts


def _cell(found: Mapping[str, int]) -> str:
    memory = f"{in_bytes(found['parameter_bytes'])} and {in_bytes(found['output_bytes'])}"
    return f"{found['parameters']:,} ({memory})"


def draw(numbers: Mapping[str, Any]) -> Figure:
    """Parameters, and memory, over the picture's edge; both axes logarithmic."""
    edges = [int(edge) for edge in numbers["sizes"]]
    with rc_context(STYLE):
        figure = Figure(figsize=(10, 3.8), layout="constrained")
        parameters, memory = figure.subplots(1, 2)
        for name, label in WHAT.items():
            found = [numbers["sizes"][str(edge)][name] for edge in edges]
            parameters.loglog(edges, [each["parameters"] for each in found], marker="o", markersize=3, label=label)
            both = [(each["parameter_bytes"] + each["output_bytes"]) / 1e6 for each in found]
            memory.loglog(edges, both, marker="o", markersize=3, label=label)
        parameters.set_ylabel("parameters")
        memory.set_ylabel("MB, parameters and outputs")
        for axes in (parameters, memory):
            axes.set_xlabel("edge of the picture, pixels")
            axes.set_xticks(edges, [str(edge) for edge in edges])
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
            axes.minorticks_off()
        parameters.legend(fontsize=8)
    return figure
