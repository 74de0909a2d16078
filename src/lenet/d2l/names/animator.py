"""The book's `Animator`, a chart that grows."""

import itertools
from collections.abc import Sequence
from typing import Any

from lenet.d2l.bridge.measuring import number
from lenet.d2l.names.canvas import Canvas, new_figure
from lenet.d2l.names.figures import set_axes

FMTS = ("-", "m--", "g-.", "r:")


class Animator:
    """The book's `Animator`: a chart of several lines that grows.

    In a notebook it is drawn in place, for at most a tenth of the time; elsewhere it becomes a PNG when `finish` is
    called, or when Python exits.

    Args:
        xlabel: label of the x axis.
        ylabel: label of the y axis.
        legend: names of the lines.
        xlim: limits of the x axis.
        ylim: limits of the y axis.
        xscale: linear or log.
        yscale: linear or log.
        fmts: formats of matplotlib for the lines, used in turn.
        nrows: rows of axes; the first axes have the chart.
        ncols: columns of axes.
        figsize: width and height in inches.

    Attributes:
        fig: the figure of matplotlib.
        axes: its axes, a list.
        X: the x of each line's points.
        Y: the y of each line's points.
    """

    def __init__(
        self,
        xlabel: str | None = None,
        ylabel: str | None = None,
        legend: Sequence[str] | None = None,
        xlim: Any = None,
        ylim: Any = None,
        xscale: str = "linear",
        yscale: str = "linear",
        fmts: Sequence[str] = FMTS,
        nrows: int = 1,
        ncols: int = 1,
        figsize: tuple[float, float] = (3.5, 2.5),
    ) -> None:
        self.fig, self.axes = new_figure(nrows, ncols, figsize)
        self.legend, self.xlabel, self.fmts = list(legend or []), xlabel, fmts
        self.X: list[list[float]] = []
        self.Y: list[list[float]] = []
        self.config_axes = lambda: set_axes(
            self.axes[0], xlabel, ylabel, xlim, ylim, xscale, yscale, self.legend[: len(self.X)]
        )
        self.canvas = Canvas(self.fig, self._draw, "animator")

    def add(self, x: Any, y: Any) -> None:
        """Add a point to each line.

        Args:
            x: a number for all lines, or one for each; None for no point.
            y: a number, or one for each line; None for no point.
        """
        ys = list(y) if hasattr(y, "__len__") else [y]
        xs = list(x) if hasattr(x, "__len__") else [x] * len(ys)
        while len(self.X) < len(ys):
            self.X.append([])
            self.Y.append([])
        for line, (a, b) in enumerate(zip(xs, ys, strict=True)):
            if a is not None and b is not None:
                self.X[line].append(number(a))
                self.Y[line].append(number(b))
        self.canvas.update(self._status())

    def finish(self) -> None:
        """Draw the last points; outside a notebook, write the chart as a PNG."""
        self.canvas.finish()

    def _draw(self) -> None:
        self.axes[0].cla()
        for x, y, fmt in zip(self.X, self.Y, itertools.cycle(self.fmts), strict=False):
            self.axes[0].plot(x, y, fmt)
        self.config_axes()

    def _status(self) -> str:
        """The last points in one line of text."""
        names = [*self.legend, *[""] * len(self.Y)]
        last = [f"{name} {y[-1]:.3f}" for name, y in zip(names, self.Y, strict=False) if y]
        x = max((x[-1] for x in self.X if x), default=0.0)
        return "  ".join([f"{self.xlabel or 'x'} {x:.1f}", *last])
