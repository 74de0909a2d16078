"""Which display shows a training: a table on a terminal, plain lines elsewhere, a chart in a notebook."""

import sys
from typing import TextIO

from lenet.display.notebook import Notebook, in_notebook
from lenet.display.plain import Lines, Quiet
from lenet.display.protocol import Display
from lenet.display.streams import closable
from lenet.errors import ConfigError


def choose_display(kind: str | Display, stream: TextIO | None = None) -> Display:
    """Return the display to use.

    Args:
        kind: "auto", "quiet", or a display, which is returned as it is.
        stream: where to write; by default stderr. It may be closed while the training runs.

    Raises:
        ConfigError: `kind` is another text.
    """
    if not isinstance(kind, str):
        return kind
    stream = closable(stream or sys.stderr)
    if kind == "quiet":
        return Quiet(stream)
    if kind != "auto":
        raise ConfigError(f"unknown progress {kind!r}", hint="choose from auto, quiet")
    if in_notebook():
        return Notebook()
    if not stream.isatty():
        return Lines(stream)
    from lenet.display.terminal import Terminal

    return Terminal(stream)
