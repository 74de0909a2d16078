"""How far work on many images or networks has come: a line on stderr, written over, where nothing else moves there."""

import sys
import time
from collections.abc import Callable
from types import TracebackType

FEWEST = 16  # for which it is shown
SECONDS = 0.1  # between two states of the line


class Progress:
    """Shows how many are done, how many a second, and how long the rest takes.

    Args:
        total: how many there are.
        prints: whether answers go to stdout, so that on a terminal they show the progress themselves.
        doing: what is done with them, in a word.
        what: they are.
    """

    def __init__(self, total: int, prints: bool, doing: str = "", what: str = "images") -> None:
        moves = prints and sys.stdout is not None and sys.stdout.isatty()
        is_watched = sys.stderr is not None and sys.stderr.isatty()
        self.total, self.is_shown = total, total >= FEWEST and is_watched and not moves
        self.done, self.width, self.doing = 0, 0, f"{doing} " if doing else ""
        self.what = what
        self.began = self.written = time.monotonic()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def advance(self, count: int = 1) -> None:
        """Count one, or several."""
        self.done += count
        now = time.monotonic()
        if self.is_shown and now - self.written >= SECONDS:
            rate = self.done / (now - self.began)
            left = (self.total - self.done) / rate
            self._write(
                f"{self.doing}{self.done:,} of {self.total:,} {self.what}, {rate:,.0f} a second, {left:,.0f} s left"
            )
            self.written = now

    def clear(self) -> None:
        """Remove the line, so that another can be printed in its place."""
        if self.width:
            self._write("")
            sys.stderr.write("\r")
            sys.stderr.flush()

    def _write(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self.width))
        sys.stderr.flush()
        self.width = len(text)


class Shown:
    """Shows work of several stages, one after the other."""

    def __init__(self) -> None:
        self.stage: Progress | None = None
        self.began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.began

    def watch(self, doing: str, total: int) -> Callable[[int], None]:
        """Begin a stage; what is returned takes how many more images are done."""
        self.clear()
        self.stage = Progress(total, prints=False, doing=doing)
        return self.stage.advance

    def clear(self) -> None:
        """Remove the line."""
        if self.stage:
            self.stage.clear()
