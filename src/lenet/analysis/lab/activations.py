"""The outputs of the convolutional layers for images of each class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenet.analysis.inference import engine_for
from lenet.analysis.lab.experiments import Experiment, Setup
from lenet.analysis.plots import GREY
from lenet.analysis.report import Numbers, Table, mean_and_interval
from lenet.data.dataset import Dataset, Images
from lenet.display.style import styled_figure
from lenet.errors import ConfigError, choices_hint
from lenet.networks.forward import ACTIVATION_FUNCTIONS
from lenet.networks.layers import Activation
from lenet.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_COLUMNS = 8  # channels side by side


@dataclass(frozen=True, eq=False)
class LayerOutput:
    """What the activation behind a convolutional layer gives.

    Attributes:
        values: float32 (N, channels, height, width).
        at_zero: the activation of 0, which a channel without an answer has.
    """

    values: NDArray[np.float32]
    at_zero: float


def perform(setup: Setup) -> "tuple[Numbers, Figure]":
    """Measure how strongly each convolutional layer responds to the test images of each class."""
    test = setup.splits.test
    labels = labels_of(setup.classes, test.classes)
    runs = setup.train_recipe()
    return {"classes": measure(runs, test, labels)}, draw(runs[0], test, labels)


def measure(runs: Sequence[Run], test: Dataset, labels: Sequence[int]) -> Numbers:
    """Return, by class and layer, the mean output of each run and the share of outputs above the activation of 0."""
    numbers: Numbers = {}
    for label in labels:
        images = test.images[test.labels == label]
        layers = zip(*(_summary(layer_outputs(run, images)) for run in runs), strict=True)
        numbers[test.classes[label]] = {
            f"layer {number}": {"mean": [mean for mean, _ in of_runs], "active": [active for _, active in of_runs]}
            for number, of_runs in enumerate(layers, start=1)
        }
    return numbers


def _summary(layers: Sequence[LayerOutput]) -> list[tuple[float, float]]:
    """Return mean output and active share of each layer; the outputs themselves would fill the memory."""
    return [
        (float(layer.values.mean(dtype=np.float64)), float((layer.values > layer.at_zero).mean())) for layer in layers
    ]


def layer_outputs(run: Run, images: Images) -> list[LayerOutput]:
    """Return the outputs of each convolutional layer, after its activation, for uint8 images (N, height, width)."""
    layers = run.network.architecture.layers
    at_zero = {name: float(function(np.zeros(1))[0]) for name, function in ACTIVATION_FUNCTIONS.items()}
    outputs = [
        LayerOutput(values, at_zero[layer.function])
        for layer, values in zip(layers, engine_for(run, "cpu").outputs(images), strict=True)
        if isinstance(layer, Activation) and values.ndim == 4
    ]
    if not outputs:
        hint = "take a recipe of a LeNet, such as --recipe fast"
        raise ConfigError(f"{run.resolved.model.name} has no convolutional layers", hint=hint)
    return outputs


def labels_of(classes: Sequence[str], names: Sequence[str]) -> list[int]:
    """Return the labels of classes given by name or number; of all classes if none is given."""
    labels = []
    for text in classes:
        if text.isdigit() and int(text) < len(names):
            labels.append(int(text))
        elif text.lower() in (lower := [name.lower() for name in names]):
            labels.append(lower.index(text.lower()))
        else:
            numbers = f"; or a number from 0 to {len(names) - 1}"
            raise ConfigError(f"unknown class {text!r}", hint=choices_hint(text, names) + numbers)
    return labels or list(range(len(names)))


def table(numbers: Mapping[str, Any]) -> Table:
    """Make a row for each class and layer."""
    rows = [
        [name, layer, mean_and_interval(values["mean"], 3), mean_and_interval(values["active"], 3)]
        for name, layers in numbers["classes"].items()
        for layer, values in layers.items()
    ]
    explanation = (
        "Active: the share of a layer's outputs above its activation of 0. The chart shows the network of seed 0."
    )
    return Table(["class", "activation of", "mean", "active"], rows, [explanation])


def draw(run: Run, test: Dataset, labels: Sequence[int]) -> "Figure":
    """Draw a row for each class: its first test image, then the channels of each convolutional layer."""
    images = np.stack([test.images[np.flatnonzero(test.labels == label)[0]] for label in labels])
    outputs = [layer.values for layer in layer_outputs(run, images)]
    widths = [1.6, *(min(MAX_COLUMNS, values.shape[1]) for values in outputs)]
    with styled_figure(0.62 * sum(widths) + 1.2, 1.25 * len(labels) + 0.5, grid=False) as figure:
        grid = figure.subplots(len(labels), 1 + len(outputs), width_ratios=widths, squeeze=False)
        for row, label in enumerate(labels):
            grid[row, 0].imshow(images[row], **GREY)
            grid[row, 0].set_title(test.classes[label], fontsize=8)
            for number, values in enumerate(outputs, start=1):
                low, high = values.min(), values.max()
                grid[row, number].imshow(mosaic(values[row], high), cmap="gray", vmin=low, vmax=high)
                if row == 0:
                    grid[row, number].set_title(f"layer {number}, {values.shape[1]} channels", fontsize=8)
            for axes in grid[row]:
                axes.set_axis_off()
    return figure


def mosaic(channels: NDArray[np.float32], white: float) -> NDArray[np.float32]:
    """Place channels (channels, height, width) side by side in one image, with white lines between them."""
    count, height, width = channels.shape
    columns = min(MAX_COLUMNS, count)
    rows = -(-count // columns)
    image = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), white, np.float32)
    for number, channel in enumerate(channels):
        top, left = number // columns * (height + 1), number % columns * (width + 1)
        image[top : top + height, left : left + width] = channel
    return image


EXPERIMENT = Experiment(
    "The activations of the convolutional layers, by class",
    perform,
    table,
    options=("seeds", "epochs", "recipe", "data", "classes"),
)
