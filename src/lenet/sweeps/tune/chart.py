"""The chart of a search: its trials one after the other, what mattered, and what the test set says in the end."""

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lenet.analysis.lab.verdicts import Outcome
from lenet.analysis.statistics import Estimate
from lenet.display.style import LOSS, TEST, TRAIN, styled_figure
from lenet.sweeps.tune.plan import is_maximized

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(title: str, numbers: Mapping[str, Any]) -> "Figure":
    """Draw a search.

    Args:
        title: of the chart.
        numbers: as tune.json holds them.
    """
    panels = [_trials]
    panels += [_importances] if numbers["importances"] else []
    panels += [_final] if numbers["final"] else []
    with styled_figure(1 + 4.2 * len(panels), 4) as figure:
        figure.suptitle(title, fontsize=11)
        for panel, axes in zip(panels, figure.subplots(1, len(panels), squeeze=False)[0], strict=True):
            panel(axes, numbers)
    return figure


def _trials(axes: Any, numbers: Mapping[str, Any]) -> None:
    objective = numbers["objective"]
    choose = max if is_maximized(objective) else min
    for state, color, marker in (("complete", TEST, "o"), ("pruned", LOSS, "x")):
        points = [(each["trial"], each[objective][-1]) for each in numbers["trials"] if each["state"] == state]
        if points:
            axes.plot(*zip(*points, strict=True), marker, color=color, markersize=4, alpha=0.6, label=state)
    complete = [(each["trial"], each[objective][-1]) for each in numbers["trials"] if each["state"] == "complete"]
    if complete:
        best = itertools.accumulate((value for _, value in complete), choose)
        axes.step([number for number, _ in complete], [*best], where="post", color=TRAIN, label="best so far")
        axes.legend(fontsize=8)
    axes.set_xlabel("trial")
    axes.set_ylabel(f"{objective} on held-out images")


def _importances(axes: Any, numbers: Mapping[str, Any]) -> None:
    shares = numbers["importances"]
    axes.barh([name.replace("_", "-") for name in shares], [*shares.values()], color=TEST)
    axes.invert_yaxis()
    axes.set_xlabel("share of what mattered")


def _final(axes: Any, numbers: Mapping[str, Any]) -> None:
    outcomes = {name: Outcome(**values) for name, values in numbers["final"].items()}
    for row, outcome in enumerate(outcomes.values()):
        accuracy = outcome.final_accuracy
        axes.plot(accuracy, [row] * len(accuracy), "o", color=f"C{row}", alpha=0.4, markersize=4)
        if accuracy:
            estimate = Estimate.of(accuracy)
            axes.errorbar(estimate.mean, row, xerr=estimate.mean_interval, color=f"C{row}", marker="|", capsize=4)
    axes.set_yticks(range(len(outcomes)), outcomes)
    axes.invert_yaxis()
    axes.set_xlabel("test accuracy after the search")
