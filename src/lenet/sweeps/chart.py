"""The chart of a sweep: every run as a dot with mean and interval; lines over the values of a setting that is a number."""

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lenet.analysis.statistics import Estimate
from lenet.display.style import styled_figure
from lenet.sweeps.numbers import HELD_OUT
from lenet.sweeps.values import text_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOGARITHMIC = 8  # times the smallest value: from where on the axis is logarithmic
MAX_LINES = 10  # as many as there are colours
MAX_TICKS = 12
MAX_ROWS = 100  # a row is 0.3 inches high, and an image has at most 65,535 pixels


def draw(title: str, numbers: Mapping[str, Any]) -> "Figure":
    """Draw the accuracies of a sweep's runs.

    Args:
        title: of the chart.
        numbers: of `numbers.measured`.

    Returns:
        The figure: lines if exactly one setting that varies is a number, else a row for each variation.
    """
    label = "held-out accuracy" if numbers["measure"] == HELD_OUT else "test accuracy"
    name = line_of(numbers)
    if name is not None:
        with styled_figure(7.5, 4.2) as figure:
            axes = figure.subplots()
            axes.set_title(title, fontsize=11)
            _draw_lines(axes, numbers, name)
            axes.set_ylabel(label)
        return figure
    variations = dict(itertools.islice(numbers["variations"].items(), MAX_ROWS))
    if len(variations) < len(numbers["variations"]):
        title += f" (the first {MAX_ROWS} of {len(numbers['variations'])} variations)"
    with styled_figure(8, 1.4 + 0.3 * len(variations)) as figure:
        axes = figure.subplots()
        axes.set_title(title, fontsize=11)
        for row, each in enumerate(variations.values()):
            _draw_dots(axes, each[numbers["measure"]], row, f"C{row % 10}")
        axes.set_yticks(range(len(variations)), variations)
        axes.invert_yaxis()
        axes.set_xlabel(label)
    return figure


def line_of(numbers: Mapping[str, Any]) -> str | None:
    """Return the one setting that is a number in every variation and varies; None if there is none, or several."""
    settings: list[dict[str, Any]] = [each["settings"] for each in numbers["variations"].values()]
    names = [name for name in settings[0] if all(_is_number(each.get(name)) for each in settings)]
    varied = [name for name in names if len({each[name] for each in settings}) > 1]
    if len(varied) != 1 or len(_groups(numbers, varied[0])) > MAX_LINES:
        return None
    return varied[0]


def _draw_lines(axes: "Axes", numbers: Mapping[str, Any], name: str) -> None:
    """A line over the values of a setting for each combination of the others, with dots for runs and bars for intervals."""
    every = []
    for number, (label, points) in enumerate(_groups(numbers, name).items()):
        color = f"C{number}"
        values, estimates = [], []
        for value, accuracy in points:
            every.append(value)
            axes.plot([value] * len(accuracy), accuracy, "o", color=color, alpha=0.35, markersize=4)
            if accuracy:
                values.append(value)
                estimates.append(Estimate.of(accuracy))
        halves = [each.mean_interval or 0.0 for each in estimates]
        means = [each.mean for each in estimates]
        axes.errorbar(values, means, yerr=halves, color=color, capsize=4, label=label or None)
    if min(every) > 0 and max(every) >= LOGARITHMIC * min(every):
        axes.set_xscale("log")
        axes.minorticks_off()
    if len(ticks := sorted(set(every))) <= MAX_TICKS:
        axes.set_xticks(ticks, [text_of(value) for value in ticks])
    axes.set_xlabel(name.replace("_", "-"))
    if any(_groups(numbers, name)):
        axes.legend(fontsize=8)


def _groups(numbers: Mapping[str, Any], name: str) -> dict[str, list[tuple[float, Sequence[float]]]]:
    """By the other settings, as text: the values of one setting in rising order, with the accuracies of its runs."""
    groups: dict[str, list[tuple[float, Sequence[float]]]] = {}
    for each in numbers["variations"].values():
        others = {key: value for key, value in each["settings"].items() if key != name}
        label = ", ".join(f"{key.replace('_', '-')}={text_of(value)}" for key, value in others.items())
        groups.setdefault(label, []).append((each["settings"][name], each[numbers["measure"]]))
    return {label: sorted(points, key=lambda point: point[0]) for label, points in groups.items()}


def _draw_dots(axes: "Axes", accuracy: Sequence[float], row: int, color: str) -> None:
    axes.plot(accuracy, [row] * len(accuracy), "o", color=color, alpha=0.4, markersize=4)
    if accuracy:
        estimate = Estimate.of(accuracy)
        axes.errorbar(estimate.mean, row, xerr=estimate.mean_interval, color=color, marker="|", capsize=4)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
