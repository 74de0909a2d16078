"""The look of all charts. matplotlib is imported when the first is drawn: it takes a third of a second."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenet.display.fonts import fitting_fonts
from lenet.errors import ConfigError
from lenet.files import durable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOSS, TRAIN, TEST, VALIDATION = "#4c566a", "#d08770", "#2e6fdb", "#7b9e3c"
STYLE: dict[Any, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "font.size": 10,
    "svg.hashsalt": "lenet",
    "text.parse_math": False,  # a $ in somebody's class name is a $
    "legend.frameon": False,
}


@contextlib.contextmanager
def styled_figure(width: float, height: float, *, grid: bool = True) -> "Iterator[Figure]":
    """Yield an empty figure in lenet's style, which also holds for all that is drawn within the block.

    It is made without pyplot, which would look for a display.

    Args:
        width: in inches.
        height: in inches.
        grid: whether axes show grid lines.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE | {"axes.grid": grid}):
        yield Figure(figsize=(width, height), layout="constrained")


def rendered(figure: "Figure", suffix: str) -> bytes:
    """Return the content of an image file of the figure; the same bytes for the same numbers.

    Args:
        figure: from `styled_figure`.
        suffix: "png" or "svg".
    """
    from matplotlib import rc_context

    buffer = io.BytesIO()
    with rc_context(STYLE), fitting_fonts(figure):
        figure.savefig(buffer, format=suffix, dpi=150, metadata={"Date": None} if suffix == "svg" else None)
    return buffer.getvalue()


def save_figure(figure: "Figure", path: Path) -> Path:
    """Write a figure into a file, atomically.

    Args:
        figure: from `styled_figure`.
        path: a .png or .svg file.

    Returns:
        The path.

    Raises:
        ConfigError: the file has another suffix, or cannot be written.
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in ("png", "svg"):
        raise ConfigError(f"cannot write {path}; expected a .png or .svg file", hint=f"name it {path.stem}.png")
    try:
        durable.write(path, rendered(figure, suffix))
    except OSError as error:
        what, hint = durable.explain(error)
        raise ConfigError(f"cannot write {path}: {what}", hint=hint) from error
    return path
