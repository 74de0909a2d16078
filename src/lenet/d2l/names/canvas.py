"""Where charts are shown: in a notebook, on a terminal, or in a file.

In a notebook a chart is redrawn in place. Elsewhere a progress line on the terminal stands in for it, and at the end it is
written as a PNG to the current folder, whose name is printed to stderr.
"""

import atexit
import collections
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DRAWING_SHARE = 0.1  # of the time of a training, at most

_written: collections.Counter[str] = collections.Counter()  # how often this program wrote a file of that name


class Line:
    """A line on a terminal's stderr that the next one overwrites; nothing if stderr is no terminal."""

    def __init__(self) -> None:
        self.on_terminal = sys.stderr.isatty()

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: Any) -> None:
        self.clear()

    def show(self, text: str) -> None:
        """Overwrite the line."""
        if self.on_terminal:
            sys.stderr.write(f"\r{text[:79]}\x1b[K")
            sys.stderr.flush()

    def clear(self) -> None:
        """Clear the line, so that others can be printed."""
        self.show("")
        if self.on_terminal:
            sys.stderr.write("\r")


class Canvas:
    """Where a growing figure is shown.

    Args:
        figure: the figure of matplotlib.
        draw: draws its present state.
        name: of the file, after the script's name.
    """

    def __init__(self, figure: Any, draw: Callable[[], None], name: str) -> None:
        from lenet.display.notebook import in_notebook

        self.figure, self.draw, self.name = figure, draw, name
        self.folder, self.script = Path.cwd(), script_name()  # at exit, Python does not know them any more
        self.in_notebook, self.handle = in_notebook(), None
        self.line = Line()
        self.is_stale = False
        self.next_drawing = 0.0
        if self.in_notebook:
            _shell().events.register("post_run_cell", self._cell_ended)
        else:
            atexit.register(self.finish)

    def update(self, text: str) -> None:
        """Show that the figure has changed; text: its last points in one line."""
        self.is_stale = True
        if not self.in_notebook:
            self.line.show(text)
        elif time.perf_counter() >= self.next_drawing:
            self._show()

    def finish(self) -> None:
        """Draw what has not been drawn; outside a notebook, write it as a PNG."""
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
        image = SVG(rendered(self.figure, "svg"))
        if self.handle is None:
            self.handle = display(image, display_id=True)
        else:
            self.handle.update(image)
        self.is_stale = False
        now = time.perf_counter()
        self.next_drawing = now + (now - began) * (1 / DRAWING_SHARE - 1)

    def _cell_ended(self, *_: Any) -> None:
        self.finish()
        if self.handle is not None:
            _shell().events.unregister("post_run_cell", self._cell_ended)


def new_figure(nrows: int, ncols: int, figsize: tuple[float, float]) -> tuple[Any, list[Any]]:
    """Return a figure made without pyplot, which may need a display, and its axes, row by row."""
    from lenet.display.style import styled_figure

    with styled_figure(*figsize) as figure:
        return figure, list(figure.subplots(nrows, ncols, squeeze=False).flat)


def script_name() -> str | None:
    """Return the name of the running script without its suffix; None in an interactive Python, and for one from stdin."""
    script = getattr(sys.modules["__main__"], "__file__", None)
    return Path(script).stem if script and not script.startswith("<") else None


def save(figure: Any, name: str, folder: Path, script: str | None) -> None:
    """Write a figure as SCRIPT-NAME.png, or NAME.png without a script, and print the name to stderr.

    If it cannot be written, the error is printed, and the program continues.

    Args:
        figure: the figure of matplotlib.
        name: of the file.
        folder: where to write it.
        script: the script's name, if there is one.
    """
    from lenet.display.style import rendered
    from lenet.files import durable

    stem = f"{script}-{name}" if script else name
    _written[stem] += 1
    path = folder / (f"{stem}-{_written[stem]}.png" if _written[stem] > 1 else f"{stem}.png")
    try:
        durable.write(path, rendered(figure, "png"))
        sys.stderr.write(f"wrote   {path.name}\n")
    except OSError as error:
        sys.stderr.write(f"cannot write {path}: {error.strerror or error}\n")


def _shell() -> Any:
    from IPython import get_ipython

    return get_ipython()
