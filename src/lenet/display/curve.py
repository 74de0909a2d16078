"""The learning curve: loss and accuracies over epochs, as one would put into a report.

Drawn at the end of every run, live in a notebook, and for several runs side by side by `lenet compare`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lenet.display.fonts import drawable
from lenet.display.style import LOSS, TEST, TRAIN, VALIDATION, rendered, styled_figure
from lenet.runs.points import ChunkPoint, EpochPoint, Point
from lenet.runs.recorder import Recorder
from lenet.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Points = Sequence[Point]


def draw(points: Points, title: str, num_epochs: int) -> "Figure":
    """Draw the chart of one training, finished or not: loss on the left, accuracies on the right.

    Args:
        points: the lines of metrics.jsonl so far, in order; findings among them are not drawn.
        title: the heading of the chart.
        num_epochs: right end of the x axis, in epochs.

    Returns:
        A figure of 9 × 3.6 inches.
    """
    with styled_figure(9, 3.6) as figure:
        loss, accuracy = figure.subplots(1, 2)
        figure.suptitle(title, fontsize=11)
        chunks = [point for point in points if isinstance(point, ChunkPoint)]
        epochs = [point for point in points if isinstance(point, EpochPoint)]
        loss.plot(*_line(chunks, "train_loss"), color=LOSS, alpha=0.35, linewidth=1, label="train, as it goes")
        loss.plot(*_line(epochs, "train_loss"), color=LOSS, marker="o", markersize=3, label="train, mean of the epoch")
        loss.plot(*_line(epochs, "test_loss"), color=TEST, marker="o", markersize=3, label="test")
        loss.set_ylabel("cross-entropy loss")
        accuracy.plot(*_line(epochs, "train_accuracy"), color=TRAIN, marker="o", markersize=3, label="train")
        if epochs and epochs[0].validation_accuracy is not None:
            accuracy.plot(
                *_line(epochs, "validation_accuracy"), color=VALIDATION, marker="o", markersize=3, label="validation"
            )
        accuracy.plot(*_line(epochs, "test_accuracy"), color=TEST, marker="o", markersize=3, label=_last_test(epochs))
        accuracy.set_ylabel("accuracy")
        for axes in (loss, accuracy):
            _finish(axes, num_epochs)
        loss.set_ylim(bottom=0)
    return figure


def draw_many(runs: Mapping[str, Run]) -> "Figure":
    """Draw train loss and test accuracy of several runs over epochs, one line for each run.

    Args:
        runs: at least one, by the name that the legend shows.

    Returns:
        A figure of 9 × 3.6 inches.
    """
    with styled_figure(9, 3.6) as figure:
        loss, accuracy = figure.subplots(1, 2)
        for name, run in zip(drawable(list(runs), "run", first=1), runs.values(), strict=True):
            loss.plot(*_line(run.epochs, "train_loss"), marker="o", markersize=3, label=name)
            accuracy.plot(*_line(run.epochs, "test_accuracy"), marker="o", markersize=3, label=name)
        loss.set_ylabel("train loss, mean of the epoch")
        accuracy.set_ylabel("test accuracy")
        for axes in (loss, accuracy):
            _finish(axes, max(run.config.epochs for run in runs.values()))
        loss.set_ylim(bottom=0)
    return figure


def save(recorder: Recorder) -> None:
    """Draw the chart of a run and write it into its directory as curve.svg and curve.png.

    Args:
        recorder: writes the run's files; its points are drawn.

    Raises:
        SaveError: if a file cannot be written.
    """
    figure = draw(recorder.points, _title(recorder), recorder.config.epochs)
    for suffix in ("svg", "png"):
        recorder.folder.write(f"curve.{suffix}", rendered(figure, suffix))
        figure.set_layout_engine("none")  # one layout serves both: finding it takes as long as drawing


def _title(recorder: Recorder) -> str:
    config = recorder.config
    return f"{config.model} on {recorder.resolved.data}, recipe {config.recipe}, seed {config.seed}"


def _line(points: Sequence[ChunkPoint | EpochPoint], key: str) -> tuple[list[float], list[float]]:
    return [point.epoch for point in points], [getattr(point, key) for point in points]


def _last_test(epochs: Sequence[EpochPoint]) -> str:
    return f"test, {epochs[-1].test_accuracy:.1%} at the end" if epochs else "test"


def _finish(axes: "Axes", num_epochs: int) -> None:
    axes.set_xlabel("epoch")
    axes.set_xlim(0, num_epochs * 1.02)
    axes.legend()
