"""The book's growing chart."""

import itertools
from collections.abc import Sequence
from typing import Any

from lenet.d2l.bridge.measuring import number
from lenet.d2l.names.canvas import Canvas, new_figure
from lenet.d2l.names.figures import set_axes

FMTS = ("-", "m--", "g-.", "r:")


class Animator:
    """A chart of several lines that grows: `add(x, (y1, y2, …))`, None for a line without a point there.

    legend: the lines' names; xlim, ylim, xscale, yscale, fmts: as matplotlib has them. `fig` and `axes`, a list, are
    matplotlib's. In a notebook it is drawn in place, for at most a tenth of the time; elsewhere it becomes a PNG when
    `finish` is called, or when Python exits.
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
        """A point for each line: y a number or one for each, x a number for all or one for each."""
        ys = list(y) if hasattr(y, "__len__") else [y]
        xs = list(x) if hasattr(x, "__len__") else [x] * len(ys)
        while len(self.X) < len(ys):
            self.X.append([])
            self.Y.append([])
        for line, (a, b) in enumerate(zip(xs, ys, strict=True)):
            if a is not None and b is not None:
                self.X[line].append(number(a))
                self.Y[line].append(number(b))
        self.canvas.changed(self._status())

    def finish(self) -> None:
        """No more points: draws the last ones, and outside of a notebook writes the PNG."""
        self.canvas.finish()

    def _draw(self) -> None:
        self.axes[0].cla()
        for x, y, fmt in zip(self.X, self.Y, itertools.cycle(self.fmts), strict=False):
            self.axes[0].plot(x, y, fmt)
        self.config_axes()

    def _status(self) -> str:
        names = [*self.legend, *[""] * len(self.Y)]
        last = [f"{name} {y[-1]:.3f}" for name, y in zip(names, self.Y, strict=False) if y]
        where = max((x[-1] for x in self.X if x), default=0.0)
        return "  ".join([f"{self.xlabel or 'x'} {where:.1f}", *last])
