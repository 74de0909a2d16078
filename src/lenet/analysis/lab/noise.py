"""Accuracy and confidence on test images with more and more noise."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lenet.analysis.inference import probabilities
from lenet.analysis.lab.experiments import Experiment, Setup
from lenet.analysis.plots import GREY
from lenet.analysis.report import Numbers, Table, mean_and_interval
from lenet.analysis.statistics import Estimate
from lenet.data.dataset import Dataset, Images
from lenet.display.style import styled_figure
from lenet.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEVELS = (0, 16, 32, 64, 96, 128)  # standard deviations; pixels are from 0 to 255


def perform(setup: Setup) -> "tuple[Numbers, Figure]":
    """Evaluate the trained networks at each level of noise."""
    test = setup.splits.test
    levels = measure(setup.train_recipe(), test)
    return {"levels": levels}, draw(levels, test)


def add_noise(images: Images, std: float, seed: int = 0) -> Images:
    """Return the images with normal noise of that standard deviation on every pixel, rounded and clipped to uint8."""
    noise = np.random.default_rng(seed).normal(0.0, std, images.shape)
    return np.clip(np.rint(images + noise), 0, 255).astype(np.uint8)


def measure(runs: Sequence[Run], test: Dataset) -> Numbers:
    """Return, by level, the accuracy of each run and its mean probability of the predicted class."""
    numbers: Numbers = {}
    for level in LEVELS:
        images = add_noise(test.images, level) if level else test.images
        results = [probabilities(run, images, "cpu") for run in runs]
        numbers[str(level)] = {
            "accuracy": [float((each.argmax(axis=1) == test.labels).mean()) for each in results],
            "confidence": [float(each.max(axis=1).mean()) for each in results],
        }
    return numbers


def table(numbers: Mapping[str, Any]) -> Table:
    """Make a row for each level."""
    levels = numbers["levels"]
    rows = [
        [level, mean_and_interval(each["accuracy"]), mean_and_interval(each["confidence"])]
        for level, each in levels.items()
    ]
    clean, worst = (Estimate.of(levels[str(level)]["accuracy"]).mean for level in (0, LEVELS[-1]))
    sure = Estimate.of(levels[str(LEVELS[-1])]["confidence"]).mean
    conclusion = (
        f"With noise of {LEVELS[-1]} the accuracy falls from {clean:.1%} to {worst:.1%}; "
        f"the mean confidence is still {sure:.0%}."
    )
    columns = ["std of the noise, pixels 0 to 255", "test accuracy", "mean confidence"]
    return Table(columns, rows, [conclusion])


def draw(levels: Mapping[str, Any], test: Dataset) -> "Figure":
    """Draw a test image at each level, and below them accuracy and confidence over the level."""
    with styled_figure(10, 4.6) as figure:
        top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=[1, 2.2])[:, 0]
        for level, axes in zip(LEVELS, top.subplots(1, len(LEVELS)), strict=True):
            axes.imshow(add_noise(test.images[:1], level)[0], **GREY)
            axes.set_title(f"noise {level}", fontsize=9)
            axes.set_axis_off()
        axes = bottom.subplots()
        labels = {"accuracy": "test accuracy", "confidence": "mean confidence: probability of the predicted class"}
        for key, label in labels.items():
            estimates = [Estimate.of(each[key]) for each in levels.values()]
            means, errors = [e.mean for e in estimates], [e.mean_interval or 0 for e in estimates]
            axes.errorbar(LEVELS, means, yerr=errors, marker="o", markersize=4, capsize=3, label=label)
        axes.set_xlabel("standard deviation of the noise, pixels from 0 to 255")
        axes.set_ylim(0, 1)
        axes.legend(loc="lower left")
    return figure


EXPERIMENT = Experiment("Accuracy and confidence of a trained network under noise", perform, table)
