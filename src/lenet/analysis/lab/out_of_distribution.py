"""What a network predicts for images unlike those it was trained on: out-of-distribution images."""

import collections
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.analysis.inference import probabilities
from lenet.analysis.lab.experiments import Experiment, Setup
from lenet.analysis.plots import GREY
from lenet.analysis.report import Numbers, Table, mean_and_interval
from lenet.analysis.statistics import Estimate
from lenet.data.dataset import Dataset, Images
from lenet.data.loading import load
from lenet.display.style import styled_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CONFIDENT = 0.9
EXAMPLES = 8  # images of each kind in the chart

Probabilities: TypeAlias = NDArray[np.float64]  # (N, num_classes)


def perform(setup: Setup) -> "tuple[Numbers, Figure]":
    """Let the trained networks classify images of each kind."""
    own = setup.splits.test
    other = load("fashion-mnist" if own.name in ("mnist", "digits") else "digits", setup.data_dir).test
    runs = setup.train_recipe()
    numbers: Numbers = {}
    examples = {}
    for kind, images in kinds_of_images(own, other).items():
        results = [probabilities(run, images, "cpu") for run in runs]
        numbers[kind] = measure(results, own.classes)
        step = max(1, len(images) // EXAMPLES)
        chosen = slice(0, EXAMPLES * step, step)
        examples[kind] = images[chosen], results[0][chosen]
    return {"kinds": numbers}, draw(examples, own.classes)


def kinds_of_images(own: Dataset, other: Dataset) -> dict[str, Images]:
    """Return images by kind, uint8 (N, height, width): first the network's own, then five kinds unlike them."""
    shape = own.images.shape
    random = np.random.default_rng(0)
    kinds: dict[str, Callable[[], Any]] = {
        f"{own.name}, its own": lambda: own.images,
        other.name: lambda: other.images,
        f"{own.name}, inverted": lambda: 255 - own.images,
        f"{own.name}, upside down": lambda: own.images[:, ::-1],
        "noise, each pixel by chance": lambda: random.integers(0, 256, shape, dtype=np.uint8),
        "one grey all over": lambda: np.broadcast_to(np.arange(256, dtype=np.uint8)[:, None, None], (256, *shape[1:])),
    }
    return {kind: np.ascontiguousarray(make()) for kind, make in kinds.items()}


def measure(results: Sequence[Probabilities], classes: Sequence[str]) -> Numbers:
    """Return how confident each run is, and the class that all together predict most often with its share."""
    predicted = collections.Counter(int(label) for each in results for label in each.argmax(axis=1))
    label, count = predicted.most_common(1)[0]
    return {
        "confidence": [float(each.max(axis=1).mean()) for each in results],
        "sure": [float((each.max(axis=1) >= CONFIDENT).mean()) for each in results],
        "named": classes[label],
        "share": count / predicted.total(),
    }


def table(numbers: Mapping[str, Any]) -> Table:
    """Make a row for each kind."""
    kinds = numbers["kinds"]
    rows = [
        [
            kind,
            mean_and_interval(each["confidence"]),
            mean_and_interval(each["sure"]),
            f"{each['named']}, {each['share']:.0%}",
        ]
        for kind, each in kinds.items()
    ]
    sure = {kind: Estimate.of(each["sure"]).mean for kind, each in [*kinds.items()][1:]}
    worst = max(sure, key=lambda kind: sure[kind])
    conclusion = (
        "The network was trained on the first kind only. There is no 'none of these' class: the probabilities add up to 1 "
        f"for every image, and for {sure[worst]:.0%} of {worst!r} the confidence is over {CONFIDENT:.0%}."
    )
    columns = ["images", "mean confidence", f"confidence over {CONFIDENT:.0%}", "most frequent prediction"]
    return Table(columns, rows, [conclusion])


def draw(examples: Mapping[str, tuple[Images, Probabilities]], classes: Sequence[str]) -> "Figure":
    """Draw a row for each kind: images with the predicted class and its probability."""
    with styled_figure(1.5 * EXAMPLES, 1.75 * len(examples)) as figure:
        rows = figure.subfigures(len(examples), 1, squeeze=False)[:, 0]
        for row, (kind, (images, results)) in zip(rows, examples.items(), strict=True):
            row.suptitle(kind, fontsize=9)
            for axes, image, result in zip(row.subplots(1, EXAMPLES), images, results, strict=True):
                axes.imshow(image, **GREY)
                axes.set_title(f"{classes[int(result.argmax())]} {result.max():.0%}", fontsize=7)
                axes.set_axis_off()
    return figure


EXPERIMENT = Experiment("Predictions for images unlike the training images", perform, table)
