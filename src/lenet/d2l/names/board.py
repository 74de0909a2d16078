"""The book's `ProgressBoard`, the chart of its Trainer."""

import collections
import itertools
from collections.abc import Sequence
from typing import Any

from lenet.d2l.bridge.measuring import number
from lenet.d2l.names.canvas import Canvas, new_figure
from lenet.d2l.names.figures import set_axes
from lenet.d2l.names.hyperparameters import HyperParameters


class ProgressBoard(HyperParameters):
    """The book's `ProgressBoard`: a chart whose lines grow.

    Args:
        xlabel: label of the x axis.
        ylabel: label of the y axis.
        xlim: limits of the x axis.
        ylim: limits of the y axis.
        xscale: linear or log.
        yscale: linear or log.
        ls: line styles of matplotlib, used in turn.
        colors: of the lines, used in turn.
        fig: a figure to draw in; None for a new one.
        axes: of that figure; None for its current ones.
        figsize: width and height in inches.
        display: False to draw nothing.
    """

    def __init__(
        self,
        xlabel: str | None = None,
        ylabel: str | None = None,
        xlim: Any = None,
        ylim: Any = None,
        xscale: str = "linear",
        yscale: str = "linear",
        ls: Sequence[str] = ("-", "--", "-.", ":"),
        colors: Sequence[str] = ("C0", "C1", "C2", "C3"),
        fig: Any = None,
        axes: Any = None,
        figsize: tuple[float, float] = (3.5, 2.5),
        display: bool = True,
    ) -> None:
        self.xlabel, self.ylabel, self.xlim, self.ylim = xlabel, ylabel, xlim, ylim
        self.xscale, self.yscale, self.ls, self.colors = xscale, yscale, ls, colors
        self.fig, self.axes, self.figsize, self.display = fig, axes, figsize, display
        self.name = "board"
        self.canvas: Canvas | None = None
        self.raw_points: dict[str, list[tuple[float, float]]] = collections.OrderedDict()
        self.data: dict[str, list[tuple[float, float]]] = collections.OrderedDict()

    def draw(self, x: Any, y: Any, label: str, every_n: int = 1) -> None:
        """Add a point to a line; of every `every_n` points their mean is drawn.

        Args:
            x: a number, or a tensor with one.
            y: a number, or a tensor with one.
            label: name of the line.
            every_n: how many points make one of the chart.
        """
        points = self.raw_points.setdefault(label, [])
        points.append((number(x), number(y)))
        if len(points) < every_n:
            return
        count = len(points)
        self.data.setdefault(label, []).append((sum(x for x, _ in points) / count, sum(y for _, y in points) / count))
        points.clear()
        if self.display:
            self._canvas().update(self._status())

    def finish(self) -> None:
        """Draw the last points; outside a notebook, write the chart as a PNG."""
        if self.canvas is not None:
            self.canvas.finish()

    def _canvas(self) -> Canvas:
        if self.canvas is None:
            if self.fig is None:
                self.fig, (self.axes,) = new_figure(1, 1, self.figsize)
            self.canvas = Canvas(self.fig, self._draw, self.name)
        return self.canvas

    def _draw(self) -> None:
        axes = self.axes or self.fig.gca()
        axes.cla()
        styles = zip(self.data.values(), itertools.cycle(self.ls), itertools.cycle(self.colors), strict=False)
        for points, style, color in styles:
            axes.plot(*zip(*points, strict=True), linestyle=style, color=color)
        set_axes(axes, self.xlabel, self.ylabel, self.xlim, self.ylim, self.xscale, self.yscale, list(self.data))

    def _status(self) -> str:
        """The last points in one line of text."""
        x = max(points[-1][0] for points in self.data.values())
        return "  ".join(
            [
                f"{self.xlabel or 'x'} {x:.1f}",
                *(f"{name} {points[-1][1]:.3f}" for name, points in self.data.items()),
            ]
        )
