"""Charts and pictures for code that was written in a notebook, and that runs in a terminal too.

In a notebook a chart is drawn again in place. Elsewhere there is nothing to draw on: on a terminal a progress line stands
in for it, and a PNG is left in the current folder at the end, named on stderr."""

import atexit
import collections
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DRAWING_SHARE = 0.1  # of the time, at most

_written: collections.Counter[str] = collections.Counter()  # names of files that this program has written


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
        from lenet.display.notebook import in_notebook

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


def new_figure(nrows: int, ncols: int, figsize: tuple[float, float]) -> tuple[Any, list[Any]]:
    """A figure without pyplot, which would want a window, and its axes in reading order."""
    from lenet.display.style import styled_figure

    with styled_figure(*figsize) as figure:
        return figure, list(figure.subplots(nrows, ncols, squeeze=False).flat)


def script_name() -> str | None:
    """The script that is running, without its ending; None in an interactive Python."""
    script = getattr(sys.modules["__main__"], "__file__", None)
    return Path(script).stem if script else None


def save(figure: Any, name: str, folder: Path, script: str | None) -> None:
    """Writes SCRIPT-NAME.png, or NAME.png where there is no script, and says so; a folder that is full ends no training."""
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
