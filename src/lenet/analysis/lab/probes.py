"""What trained networks do with pictures: their layers' activations, noise, and pictures of something else.

Each probe takes finished runs, one per seed, and returns its numbers and a picture.
"""

import collections
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib import rc_context
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray
from torch import Tensor, nn

from lenet.analysis.inference import engine_for
from lenet.analysis.lab.experiments import noisy, strangers
from lenet.analysis.plots import GREY
from lenet.analysis.report import Table, plus_minus
from lenet.analysis.statistics import Estimate
from lenet.data.dataset import Dataset, Images, load
from lenet.display.curve import STYLE
from lenet.doctor.checks import activations as activations_of
from lenet.errors import ConfigError, choices_hint
from lenet.pytorch.memory import EVALUATION, in_chunks, memory_explained
from lenet.pytorch.reference import EVALUATION_BATCH, to_input
from lenet.runs.run import Run

Numbers = dict[str, Any]
NOISE = (0, 16, 32, 64, 96, 128)  # standard deviations, in grey levels of 255
SURE = 0.9
SHOWN = 8  # pictures of each kind


def activations(
    runs: Sequence[Run], test: Dataset, labels: Sequence[int], data_dir: str | None
) -> tuple[Numbers, Figure]:
    """Of the test pictures of each chosen class: how strongly each convolutional layer answers, and how much of it."""
    found: dict[str, Any] = {}
    for label in labels:
        images = test.images[test.labels == label]
        layers = [layer_outputs(run, images) for run in runs]
        found[test.classes[label]] = {
            layer: {
                "mean": [float(of_run[layer][0].mean()) for of_run in layers],
                "active": [float((of_run[layer][0] > of_run[layer][1]).float().mean()) for of_run in layers],
            }
            for layer in layers[0]
        }
    return {"classes": found}, _draw_activations(runs[0], test, labels)


def layer_outputs(run: Run, images: Images) -> dict[str, tuple[Tensor, float]]:
    """What comes out of each convolution's activation, `(N, channels, height, width)`, and its value for an input of 0."""
    model = run.model

    def compute(chunk: Tensor) -> list[tuple[nn.Module, Tensor]]:
        _, seen = activations_of(model, to_input(chunk, run.preprocessing))
        return [(layer, values) for layer, values in seen.values() if values.ndim == 4]

    with memory_explained("cpu", EVALUATION, "looking at the layers"):
        chunks = in_chunks(compute, torch.from_numpy(images), EVALUATION_BATCH)
        outputs = {
            f"layer {number}": (torch.cat([values for _, values in maps]), float(maps[0][0](torch.zeros(()))))
            for number, maps in enumerate(zip(*chunks, strict=True), 1)
        }
    if not outputs:
        hint = "take a recipe of a LeNet, such as --recipe fast"
        raise ConfigError(f"{run.resolved['model']['name']} has no convolutional layers", hint=hint)
    return outputs


def chosen(classes: Sequence[str], names: Sequence[str]) -> list[int]:
    """The labels of classes given by name or number; all of them if none is given."""
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


def noise(runs: Sequence[Run], test: Dataset, labels: Sequence[int], data_dir: str | None) -> tuple[Numbers, Figure]:
    """Accuracy and confidence on the test pictures under more and more noise."""
    levels = {}
    for level in NOISE:
        images = noisy(test.images, level) if level else test.images
        found = [probabilities(run, images) for run in runs]
        levels[str(level)] = {
            "accuracy": [float((p.argmax(1) == test.labels).mean()) for p in found],
            "confidence": [float(p.max(1).mean()) for p in found],
        }
    return {"levels": levels}, _draw_noise(levels, test)


def something_else(
    runs: Sequence[Run], test: Dataset, labels: Sequence[int], data_dir: str | None
) -> tuple[Numbers, Figure]:
    """How sure the networks are of pictures that are none of their classes, and what they call them."""
    other = load("fashion-mnist" if test.name in ("mnist", "digits") else "digits", data_dir).test
    kinds = strangers(test, other)
    found, seen = {}, {}
    for name, images in kinds.items():
        answers = [probabilities(run, images) for run in runs]
        named = collections.Counter(int(label) for p in answers for label in p.argmax(1))
        label, count = named.most_common(1)[0]
        found[name] = {
            "confidence": [float(p.max(1).mean()) for p in answers],
            "sure": [float((p.max(1) >= SURE).mean()) for p in answers],
            "named": test.classes[label],
            "share": count / named.total(),
        }
        step = max(1, len(images) // SHOWN)
        shown = slice(0, SHOWN * step, step)
        seen[name] = images[shown], answers[0][shown]
    return {"kinds": found}, _draw_strangers(seen, test.classes)


PROBES: dict[str, Callable[..., tuple[Numbers, Figure]]] = {
    "activations": activations,
    "noise": noise,
    "strangers": something_else,
}


def probabilities(run: Run, images: Images) -> NDArray[np.float64]:
    """The run's probabilities `(N, num_classes)` for uint8 pictures of its size."""
    with memory_explained("cpu", EVALUATION, "in an evaluation"):
        return torch.softmax(engine_for(run, "cpu").logits(images).double(), 1).numpy()


def _activation_table(numbers: Mapping[str, Any]) -> Table:
    rows = [
        [name, layer, plus_minus(Estimate.of(values["mean"]), 3), plus_minus(Estimate.of(values["active"]), 3)]
        for name, layers in numbers["classes"].items()
        for layer, values in layers.items()
    ]
    verdict = (
        "Active: the share of a layer's outputs above what it gives for an input of 0. The picture is that of seed 0."
    )
    return ["class", "after the activation of", "mean output", "active"], rows, [verdict]


def _noise_table(numbers: Mapping[str, Any]) -> Table:
    rows = [
        [level, plus_minus(Estimate.of(found["accuracy"])), plus_minus(Estimate.of(found["confidence"]))]
        for level, found in numbers["levels"].items()
    ]
    clean, worst = (Estimate.of(numbers["levels"][level]["accuracy"]).mean for level in ("0", str(NOISE[-1])))
    sure = Estimate.of(numbers["levels"][str(NOISE[-1])]["confidence"]).mean
    verdict = (
        f"Noise of {NOISE[-1]} takes the accuracy from {clean:.1%} to {worst:.1%}; they are still {sure:.0%} sure."
    )
    return ["noise, grey levels of 255", "test accuracy", "mean probability of the answer"], rows, [verdict]


def _stranger_table(numbers: Mapping[str, Any]) -> Table:
    rows = [
        [
            name,
            plus_minus(Estimate.of(found["confidence"])),
            plus_minus(Estimate.of(found["sure"])),
            f"{found['named']}, {found['share']:.0%}",
        ]
        for name, found in numbers["kinds"].items()
    ]
    foreign = {name: Estimate.of(found["sure"]).mean for name, found in [*numbers["kinds"].items()][1:]}
    name = max(foreign, key=lambda each: foreign[each])
    verdict = (
        "The network was trained on the first kind alone. It has no word for anything else: its probabilities add up to 1 "
        f"whatever it is shown, and of {name!r} it is over {SURE:.0%} sure {foreign[name]:.0%} of the time."
    )
    return ["pictures", "mean probability of the answer", f"over {SURE:.0%} sure", "most often named"], rows, [verdict]


TABLES: dict[str, Callable[[Mapping[str, Any]], Table]] = {
    "activations": _activation_table,
    "noise": _noise_table,
    "strangers": _stranger_table,
}


def _draw_activations(run: Run, test: Dataset, labels: Sequence[int]) -> Figure:
    """A row for each class: the first test picture, then what each channel of each convolutional layer makes of it."""
    pictures = np.stack([test.images[np.flatnonzero(test.labels == label)[0]] for label in labels])
    outputs = {layer: values.numpy() for layer, (values, _) in layer_outputs(run, pictures).items()}
    widths = [1.6, *(min(8, values.shape[1]) for values in outputs.values())]
    with rc_context(STYLE | {"axes.grid": False}):
        figure = Figure(figsize=(0.62 * sum(widths) + 1.2, 1.25 * len(labels) + 0.5), layout="constrained")
        grid = figure.subplots(len(labels), 1 + len(outputs), width_ratios=widths, squeeze=False)
        for row, label in enumerate(labels):
            grid[row, 0].imshow(pictures[row], **GREY)
            grid[row, 0].set_title(test.classes[label], fontsize=8)
            for column, (layer, values) in enumerate(outputs.items(), start=1):
                low, high = values.min(), values.max()
                grid[row, column].imshow(_mosaic(values[row], high), cmap="gray", vmin=low, vmax=high)
                if row == 0:
                    grid[row, column].set_title(f"{layer}, {values.shape[1]} channels", fontsize=8)
            for axes in grid[row]:
                axes.set_axis_off()
    return figure


def _parts(figure: Figure, number: int, **options: Any) -> list[SubFigure]:
    """The figure in parts, one below the other."""
    return list(np.array(figure.subfigures(number, 1, squeeze=False, **options)).ravel())


def _mosaic(maps: NDArray[np.float32], white: float) -> NDArray[np.float32]:
    """Channels `(channels, height, width)` side by side, eight in a line, a white line between them."""
    channels, height, width = maps.shape
    columns = min(8, channels)
    rows = -(-channels // columns)
    picture = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), white, np.float32)
    for number, one in enumerate(maps):
        top, left = number // columns * (height + 1), number % columns * (width + 1)
        picture[top : top + height, left : left + width] = one
    return picture


def _draw_noise(levels: Mapping[str, Any], test: Dataset) -> Figure:
    with rc_context(STYLE):
        figure = Figure(figsize=(10, 4.6), layout="constrained")
        top, bottom = _parts(figure, 2, height_ratios=[1, 2.2])
        for level, axes in zip(NOISE, top.subplots(1, len(NOISE)), strict=True):
            axes.imshow(noisy(test.images[:1], level)[0], **GREY)
            axes.set_title(f"noise {level}", fontsize=9)
            axes.set_axis_off()
        axes = bottom.subplots()
        for key, label in (("accuracy", "test accuracy"), ("confidence", "mean probability of the answer")):
            estimates = [Estimate.of(found[key]) for found in levels.values()]
            errors = [estimate.of_the_mean or 0 for estimate in estimates]
            axes.errorbar(
                NOISE, [e.mean for e in estimates], yerr=errors, marker="o", markersize=4, capsize=3, label=label
            )
        axes.set_xlabel("standard deviation of the noise, grey levels of 255")
        axes.set_ylim(0, 1)
        axes.legend()
    return figure


def _draw_strangers(seen: Mapping[str, tuple[Images, NDArray[np.float64]]], classes: Sequence[str]) -> Figure:
    with rc_context(STYLE):
        figure = Figure(figsize=(1.5 * SHOWN, 1.75 * len(seen)), layout="constrained")
        for part, (name, (images, answers)) in zip(_parts(figure, len(seen)), seen.items(), strict=True):
            part.suptitle(name, fontsize=9)
            for axes, image, answer in zip(part.subplots(1, SHOWN), images, answers, strict=True):
                axes.imshow(image, **GREY)
                axes.set_title(f"{classes[int(answer.argmax())]} {answer.max():.0%}", fontsize=7)
                axes.set_axis_off()
    return figure
