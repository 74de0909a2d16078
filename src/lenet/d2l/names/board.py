"""The chart of the book's classes."""

import collections
import itertools
from collections.abc import Sequence
from typing import Any

from lenet.d2l.bridge.measuring import number
from lenet.d2l.names.canvas import Canvas, new_figure
from lenet.d2l.names.figures import set_axes
from lenet.d2l.names.hyperparameters import HyperParameters


class ProgressBoard(HyperParameters):
    """A chart whose lines grow by their names. Arguments as matplotlib has them; `display=False` draws nothing."""

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
        """A point for the line `label`; of every `every_n` points one is drawn, their mean."""
        points = self.raw_points.setdefault(label, [])
        points.append((number(x), number(y)))
        if len(points) < every_n:
            return
        count = len(points)
        self.data.setdefault(label, []).append((sum(x for x, _ in points) / count, sum(y for _, y in points) / count))
        points.clear()
        if self.display:
            self._canvas().changed(self._status())

    def finish(self) -> None:
        """No more points for now: draws the last ones, and outside of a notebook writes the PNG."""
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
        where = max(points[-1][0] for points in self.data.values())
        return "  ".join(
            [
                f"{self.xlabel or 'x'} {where:.1f}",
                *(f"{name} {points[-1][1]:.3f}" for name, points in self.data.items()),
            ]
        )
