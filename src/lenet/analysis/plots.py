"""Charts of results: confusion matrix, most confident errors, samples of the data, runs compared.

Each `draw_…` returns a matplotlib Figure; each `save_…` writes files and returns their paths.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lenet.analysis.evaluated import Evaluation
from lenet.configuration import to_dict
from lenet.data.dataset import Dataset
from lenet.display.curve import draw_many
from lenet.display.fonts import drawable
from lenet.display.style import save_figure, styled_figure
from lenet.errors import ConfigError
from lenet.files.names import file_name
from lenet.runs.hub.address import is_address
from lenet.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GREY: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255, "interpolation": "nearest"}
MISTAKES = 40  # that are drawn
SAMPLES = 8  # images of each class


def draw_confusion(result: Evaluation) -> "Figure":
    """Draw the confusion matrix: the number is the count, the colour its share of the true class."""
    num_classes = len(result.classes)
    shares = result.confusion / np.maximum(result.support[:, None], 1)
    edge = 3 + 0.5 * num_classes
    with styled_figure(edge + 0.8, edge, grid=False) as figure:
        axes = figure.subplots()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row in range(num_classes):
            for column in range(num_classes):
                if result.confusion[row, column]:
                    axes.text(
                        column,
                        row,
                        str(result.confusion[row, column]),
                        ha="center",
                        va="center",
                        fontsize=8,
                        color="white" if shares[row, column] > 0.5 else "black",
                    )
        names = drawable(result.classes, "class")
        axes.set_xticks(range(num_classes), names, rotation=45, ha="right")
        axes.set_yticks(range(num_classes), names)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        axes.set_title(f"{result.data}, {result.num_images:,} {result.split} images, accuracy {result.accuracy:.4f}")
    return figure


def draw_mistakes(result: Evaluation) -> "Figure":
    """Draw the most confident errors, each with its true class, the predicted one and the probability of that."""
    names = drawable(result.classes, "class")
    captions = [f"{names[m.label]}\n→ {names[m.predicted]} {m.probability:.0%}" for m in result.mistakes[:MISTAKES]]
    title = f"{result.data}: most confident of {result.num_mistakes:,} errors (true → predicted)"
    return draw_grid(result.mistake_images[:MISTAKES], captions, title)


def draw_samples(dataset: Dataset) -> "Figure":
    """Draw a row for each class, with its first images."""
    rows = [np.flatnonzero(dataset.labels == label)[:SAMPLES] for label in range(len(dataset.classes))]
    with styled_figure(1.6 + SAMPLES, 0.4 + len(rows)) as figure:
        figure.suptitle(dataset.name)
        grid = figure.subplots(len(rows), SAMPLES, squeeze=False)
        for name, indices, line in zip(drawable(dataset.classes, "class"), rows, grid, strict=True):
            for column, axes in enumerate(line):
                axes.set_axis_off()
                if column < len(indices):
                    axes.imshow(dataset.images[indices[column]], **GREY)
            line[0].text(-0.15, 0.5, name, transform=line[0].transAxes, ha="right", va="center")
    return figure


def draw_grid(images: Any, captions: Sequence[str], title: str, columns: int = 8) -> "Figure":
    """Draw images, uint8 (N, height, width), with captions, in rows of `columns`."""
    num_rows = max(1, -(-len(captions) // columns))
    with styled_figure(1.45 * columns, 0.5 + 1.75 * num_rows) as figure:
        figure.suptitle(title)
        for number, axes in enumerate(figure.subplots(num_rows, columns, squeeze=False).flat):
            axes.set_axis_off()
            if number < len(captions):
                axes.imshow(images[number], **GREY)
                axes.set_title(captions[number], fontsize=7)
    return figure


def save_evaluation(run: str | Path | Run, result: Evaluation) -> list[Path]:
    """Write confusion-DATA-SPLIT.png and mistakes-DATA-SPLIT.png into the run directory, or beside a weights file.

    For the name of a ready-made network, or one on the Hub, they are written into the working directory.
    """
    path = run.path if isinstance(run, Run) else Path(Path(run).name if is_address(run) else run)
    folder, which = (path, "") if (path / "config.json").is_file() else (path.parent, f"{path.stem}-")
    name = f"{file_name(result.data)}-{result.split}.png"
    figures = {f"{which}confusion-{name}": draw_confusion(result), f"{which}mistakes-{name}": draw_mistakes(result)}
    return [save_figure(figure, folder / file) for file, figure in figures.items()]


def save_samples(dataset: Dataset, folder: Path) -> Path:
    """Write NAME.png with images of each class into `folder`."""
    return save_figure(draw_samples(dataset), folder / f"{file_name(dataset.name)}.png")


def save_comparison(runs: Sequence[Run], path: Path) -> Path:
    """Write the chart of several runs side by side."""
    if len(runs) < 2:
        raise ConfigError("there is one run to compare; expected at least two", hint="lenet runs lists them")
    return save_figure(draw_many(dict(zip(run_names(runs), runs, strict=True))), path)


def run_names(runs: Sequence[Run]) -> list[str]:
    """Return a different name for each run: its folder's; where those are not unique, its path; else that with a number."""
    names = [run.path.name for run in runs]
    if len(set(names)) < len(names):
        names = [str(run.path) for run in runs]
    return [name if names.count(name) == 1 else f"{number}: {name}" for number, name in enumerate(names, start=1)]


def differences(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """Return the settings in which the runs differ, by name, with the value of each run."""
    settings = [to_dict(run.config) | {"data": run.resolved.data} for run in runs]
    table = {name: [each[name] for each in settings] for name in settings[0]}
    return {name: values for name, values in table.items() if any(value != values[0] for value in values)}
