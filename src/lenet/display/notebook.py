"""A chart in a notebook, redrawn in place while the training runs. IPython is imported when the chart is made."""

import sys
import time
from typing import Any

from lenet.display import curve, messages
from lenet.display.plain import Quiet
from lenet.display.protocol import Header
from lenet.display.style import rendered
from lenet.runs.points import ChunkPoint, EpochPoint, Point
from lenet.runs.records import Summary
from lenet.runs.run import Run


def in_notebook() -> bool:
    """Return whether this is a Jupyter kernel, which can show and replace an image."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel")


class Notebook(Quiet):
    """Draws one chart and replaces it after each epoch; between epochs, drawing takes at most a tenth of the time.

    Notices, findings and the last line go to stderr.
    """

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        from IPython.display import display

        self.display = display
        self.points: list[Point] = []

    def start(self, run: Run, header: Header, notice: str | None, num_epochs: int) -> None:
        super().start(run, header, notice, num_epochs)
        self.num_epochs = num_epochs
        self.title = header[1][1].split(" (")[0]
        began = time.perf_counter()
        self.handle = self.display(self._chart(), display_id=True)
        self.drawn_at = time.perf_counter()
        self.drawing_seconds = self.drawn_at - began

    def chunk(self, point: ChunkPoint) -> None:
        self.points.append(point)
        if time.perf_counter() - self.drawn_at > 10 * self.drawing_seconds:
            self._redraw()

    def epoch(self, point: EpochPoint) -> None:
        self.points.append(point)
        self._redraw()

    def finish(self, run: Run, summary: Summary) -> None:
        self.line(messages.finished(run, summary))

    def _redraw(self) -> None:
        self.handle.update(self._chart())
        self.drawn_at = time.perf_counter()

    def _chart(self) -> Any:
        from IPython.display import SVG

        return SVG(rendered(curve.draw(self.points, self.title, self.num_epochs), "svg"))
