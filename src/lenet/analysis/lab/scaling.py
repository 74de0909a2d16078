"""Dense and convolutional layers as images grow: parameters and memory. Nothing is trained or allocated.

*Dive into Deep Learning*, chapter "From Fully Connected Layers to Convolutions": a dense layer over an image of a megapixel
needs a weight for each pixel and unit, a convolution only those of its kernels.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lenet.analysis.lab.experiments import Experiment, Setup
from lenet.analysis.report import Numbers, Table
from lenet.display.style import styled_figure
from lenet.networks import build
from lenet.networks.sizes import in_bytes
from lenet.networks.summary import rows, total

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EDGES = (28, 64, 128, 256, 512, 1000)  # of a square image with one channel; the last is the chapter's megapixel
UNITS = 1000  # of the dense layer, as in the chapter
WHAT = {
    "dense": f"dense layer of {UNITS:,} units",
    "convolution": "convolution of 6 kernels of 5×5",
    "mlp": "MLP 256-10, whole",
    "lenet": "LeNet, whole",
}


def perform(setup: Setup) -> "tuple[Numbers, Figure]":
    """Count for every size; nothing of the setup matters."""
    sizes = measure()
    return {"sizes": sizes}, draw(sizes)


def measure() -> Numbers:
    """Return, by edge and network, parameters, their bytes, and the bytes of one image's outputs, in fp32."""
    return {str(edge): _at(edge) for edge in EDGES}


def _at(edge: int) -> Numbers:
    dense = rows(build("mlp", input_size=edge, hidden=(UNITS,)))
    whole = {name: rows(build(name, input_size=edge)) for name in ("mlp", "lenet")}
    firsts = {"dense": dense[1], "convolution": whole["lenet"][0]}  # after nn.Flatten; before the activation
    numbers: Numbers = {
        name: {
            "parameters": layer.num_parameters,
            "parameter_bytes": layer.parameter_bytes,
            "output_bytes": layer.output_bytes,
        }
        for name, layer in firsts.items()
    }
    for name, summary in whole.items():
        numbers[name] = {
            "parameters": total(summary).num_parameters,
            "parameter_bytes": total(summary).parameter_bytes,
            "output_bytes": sum(layer.output_bytes for layer in summary),
        }
    return numbers


def table(numbers: Mapping[str, Any]) -> Table:
    """Make a row for each size: parameters, and in brackets the memory of the parameters and of one image's outputs."""
    sizes: Mapping[str, Any] = numbers["sizes"]
    smallest, largest = sizes[str(EDGES[0])], sizes[str(EDGES[-1])]
    grown = {name: largest[name]["parameters"] / smallest[name]["parameters"] for name in WHAT}
    rows = [[f"{edge}×{edge}", *(_cell(each[name]) for name in WHAT)] for edge, each in sizes.items()]
    conclusions = [
        "Parameters; in brackets their memory in fp32 and that of one image's outputs.",
        f"From {EDGES[0]}×{EDGES[0]} to {EDGES[-1]}×{EDGES[-1]} pixels the parameters of the dense layer "
        f"grow {grown['dense']:,.0f}-fold, to {largest['dense']['parameters']:,}; the convolution keeps its "
        f"{largest['convolution']['parameters']:,}.",
        f"LeNet as a whole grows {grown['lenet']:,.0f}-fold, because it ends in dense layers whose input grows.",
    ]
    return Table(["image", *WHAT.values()], rows, conclusions)


def _cell(numbers: Mapping[str, int]) -> str:
    memory = f"{in_bytes(numbers['parameter_bytes'])} and {in_bytes(numbers['output_bytes'])}"
    return f"{numbers['parameters']:,} ({memory})"


def draw(sizes: Mapping[str, Any]) -> "Figure":
    """Draw parameters, and memory, over the image's edge; all axes are logarithmic."""
    edges = [int(edge) for edge in sizes]
    with styled_figure(10, 3.8) as figure:
        parameters, memory = figure.subplots(1, 2)
        for name, label in WHAT.items():
            numbers = [sizes[str(edge)][name] for edge in edges]
            parameters.loglog(edges, [each["parameters"] for each in numbers], marker="o", markersize=3, label=label)
            both = [(each["parameter_bytes"] + each["output_bytes"]) / 1e6 for each in numbers]
            memory.loglog(edges, both, marker="o", markersize=3, label=label)
        parameters.set_ylabel("parameters")
        memory.set_ylabel("MB, parameters and outputs")
        for axes in (parameters, memory):
            axes.set_xlabel("edge of the image, pixels")
            axes.set_xticks(edges, [str(edge) for edge in edges])
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
            axes.minorticks_off()
        parameters.legend(fontsize=8)
    return figure


EXPERIMENT = Experiment("Dense against convolutional layers as images grow", perform, table, options=())
