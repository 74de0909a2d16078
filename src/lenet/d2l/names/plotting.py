"""Charts and pictures for code that was written in a notebook, and that runs in a terminal too.

In a notebook a chart is drawn again in place. Elsewhere there is nothing to draw on: on a terminal a progress line stands
in for it, and a PNG is left in the current folder at the end, named on stderr.
"""

import atexit
import collections
import itertools
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lenet.d2l.bridge.evaluation import device_of, moved, no_batches, outputs, pair
from lenet.d2l.names.iterators import get_fashion_mnist_labels
from lenet.d2l.names.measuring import number
from lenet.engines.memory import ANY, memory_explained
from lenet.errors import ConfigError
from lenet.pytorch.modules import evaluating

FMTS = ("-", "m--", "g-.", "r:")
DRAWING_SHARE = 0.1  # of the time, at most

_taken: collections.Counter[str] = collections.Counter()  # names of files that this program has written


class Line:
    """One line on a terminal's stderr, written over and over, gone at the end; nothing where stderr is no terminal."""

    def __init__(self) -> None:
        self.on_terminal = sys.stderr.isatty()

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: Any) -> None:
        self.clear()

    def show(self, text: str) -> None:
        """Puts the text in place of the last one."""
        if self.on_terminal:
            sys.stderr.write(f"\r{text[:79]}\x1b[K")
            sys.stderr.flush()

    def clear(self) -> None:
        """Takes the line away, so that others can be printed."""
        self.show("")
        if self.on_terminal:
            sys.stderr.write("\r")


class Canvas:
    """Where a growing figure is seen. draw: draws its present state; name: what its file is called, after the script."""

    def __init__(self, figure: Any, draw: Callable[[], None], name: str) -> None:
        from lenet.display.progress import in_notebook

        self.figure, self.draw, self.name = figure, draw, name
        self.folder, self.script = Path.cwd(), script_name()  # here: when Python exits, it is forgotten
        self.in_notebook, self.handle = in_notebook(), None
        self.line = Line()
        self.is_stale = False
        self.next_drawing = 0.0
        if self.in_notebook:
            _shell().events.register("post_run_cell", self._cell_ended)
        else:
            atexit.register(self.finish)

    def changed(self, text: str) -> None:
        """There is something new to see; text says it in a line."""
        self.is_stale = True
        if not self.in_notebook:
            self.line.show(text)
        elif time.perf_counter() >= self.next_drawing:
            self._show()

    def finish(self) -> None:
        """Draws what has not been drawn; outside of a notebook, into a file."""
        if not self.is_stale:
            return
        if self.in_notebook:
            self._show()
        else:
            self.line.clear()
            self.draw()
            save(self.figure, self.name, self.folder, self.script)
        self.is_stale = False

    def _show(self) -> None:
        from IPython.display import SVG, display

        from lenet.display.style import rendered

        began = time.perf_counter()
        self.draw()
        picture = SVG(rendered(self.figure, "svg"))
        if self.handle is None:
            self.handle = display(picture, display_id=True)
        else:
            self.handle.update(picture)
        self.is_stale = False
        now = time.perf_counter()
        self.next_drawing = now + (now - began) * (1 / DRAWING_SHARE - 1)

    def _cell_ended(self, *_: Any) -> None:
        self.finish()
        if self.handle is not None:
            _shell().events.unregister("post_run_cell", self._cell_ended)


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
        self.fig, self.axes = figure_with(nrows, ncols, figsize)
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
        self.canvas.changed(self._words())

    def finish(self) -> None:
        """No more points: draws the last ones, and outside of a notebook writes the PNG."""
        self.canvas.finish()

    def _draw(self) -> None:
        self.axes[0].cla()
        for x, y, fmt in zip(self.X, self.Y, itertools.cycle(self.fmts), strict=False):
            self.axes[0].plot(x, y, fmt)
        self.config_axes()

    def _words(self) -> str:
        names = [*self.legend, *[""] * len(self.Y)]
        last = [f"{name} {y[-1]:.3f}" for name, y in zip(names, self.Y, strict=False) if y]
        where = max((x[-1] for x in self.X if x), default=0.0)
        return "  ".join([f"{self.xlabel or 'x'} {where:.1f}", *last])


def figure_with(nrows: int, ncols: int, figsize: tuple[float, float]) -> tuple[Any, list[Any]]:
    """A figure without pyplot, which would want a window, and its axes in reading order."""
    from lenet.display.style import styled_figure

    with styled_figure(*figsize) as figure:
        return figure, list(figure.subplots(nrows, ncols, squeeze=False).flat)


def set_axes(
    axes: Any, xlabel: Any, ylabel: Any, xlim: Any, ylim: Any, xscale: str, yscale: str, legend: Sequence[str]
) -> None:
    """Labels, limits, scales, legend and grid of a chart."""
    axes.set_xlabel(xlabel or "")
    axes.set_ylabel(ylabel or "")
    axes.set_xscale(xscale)
    axes.set_yscale(yscale)
    if xlim is not None and xlim[0] != xlim[1]:
        axes.set_xlim(xlim)
    axes.set_ylim(ylim)
    if legend:
        axes.legend(legend)
    axes.grid(visible=True)


def show_images(imgs: Any, num_rows: int, num_cols: int, titles: Any = None, scale: float = 1.5) -> Any:
    """Pictures in rows: a NumPy array of their axes, which is returned, is shown in a notebook and else written as a PNG.

    imgs: tensors or arrays `(height, width)` or `(1, height, width)`, with colours `(height, width, 3)`, or Pillow pictures;
    titles: one for each.
    """
    if num_rows < 1 or num_cols < 1:
        raise ConfigError(f"{num_rows} rows of {num_cols} pictures; expected at least one of each")
    return _shown(imgs, num_rows, num_cols, titles, (num_cols * scale, num_rows * scale), "images")


def show_fashion_mnist(images: Any, labels: Any) -> Any:
    """Pictures in one row, each under its label; the axes are returned."""
    return _shown(images, 1, len(images), labels, (12, 12 / max(1, len(images)) + 0.5), "fashion_mnist")


def predict_ch3(net: Any, test_iter: Any, n: int = 6) -> Any:
    """Shows the first `n` pictures of the iterator, with their true labels above the predicted ones; returns the axes.

    Raises DataError if there is no batch.
    """
    batch = next(iter(test_iter), None)
    if batch is None:
        raise no_batches("the iterator to predict")
    inputs, labels = pair(batch)
    n = min(n, len(labels))
    device = device_of(net)
    with memory_explained(device or "cpu", ANY, "in a prediction"), torch.no_grad():
        if isinstance(net, nn.Module):
            with evaluating(net):
                scores = outputs(net, moved(inputs[:n], device))
        else:
            scores = net(inputs[:n])
    pairs = zip(get_fashion_mnist_labels(labels[:n]), get_fashion_mnist_labels(scores.argmax(dim=1)), strict=True)
    titles = [f"{true}\n{predicted}" for true, predicted in pairs]
    return _shown(inputs[:n], 1, n, titles, (n * 1.5, 2), "predict_ch3")


def use_svg_display() -> None:
    """Figures as SVG in a notebook; elsewhere nothing."""
    from lenet.display.progress import in_notebook

    if in_notebook():
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg")


def set_figsize(figsize: tuple[float, float] = (3.5, 2.5)) -> None:
    """The size of figures to come, in inches."""
    import matplotlib

    use_svg_display()
    matplotlib.rcParams["figure.figsize"] = figsize


def script_name() -> str | None:
    """The script that is running, without its ending; None in an interactive Python."""
    script = getattr(sys.modules["__main__"], "__file__", None)
    return Path(script).stem if script else None


def save(figure: Any, name: str, folder: Path, script: str | None) -> None:
    """Writes SCRIPT-NAME.png, or NAME.png where there is no script, and says so; a folder that is full ends no training."""
    from lenet.display.style import rendered
    from lenet.files import durable

    stem = f"{script}-{name}" if script else name
    _taken[stem] += 1
    path = folder / (f"{stem}-{_taken[stem]}.png" if _taken[stem] > 1 else f"{stem}.png")
    try:
        durable.write(path, rendered(figure, "png"))
        sys.stderr.write(f"wrote   {path.name}\n")
    except OSError as error:
        sys.stderr.write(f"cannot write {path}: {error.strerror or error}\n")


def _shown(imgs: Any, rows: int, columns: int, titles: Any, figsize: tuple[float, float], name: str) -> Any:
    """The axes of pictures in a grid. In a notebook pyplot makes the figure, which is shown at the end of the cell."""
    import numpy as np

    from lenet.display.progress import in_notebook

    if in_notebook():
        from matplotlib import pyplot

        figure, grid = pyplot.subplots(rows, columns, figsize=figsize, squeeze=False)
        all_axes = list(grid.flat)
    else:
        figure, all_axes = figure_with(rows, columns, figsize)
    for axes in all_axes:
        axes.set_axis_off()
    for position, (axes, picture) in enumerate(zip(all_axes, imgs, strict=False)):
        axes.imshow(_plain(picture))
        if titles is not None and position < len(titles):
            axes.set_title(str(titles[position]), fontsize=9)
    if not in_notebook():
        save(figure, name, Path.cwd(), script_name())
    return np.array(all_axes)


def _plain(picture: Any) -> Any:
    """A picture as matplotlib takes it."""
    if isinstance(picture, Tensor):
        picture = picture.detach().cpu().numpy()
    return picture[0] if getattr(picture, "ndim", 0) == 3 and picture.shape[0] == 1 else picture


def _shell() -> Any:
    from IPython import get_ipython

    return get_ipython()
