"""Asking a training in another process to save and stop, as Ctrl-C does: by a file in its run directory.

The training looks for the file between two chunks of steps, and removes it when all is saved.
"""

import contextlib
import os
from pathlib import Path

from lenet.files import durable

FILE = "stop"


def request(run: Path) -> None:
    """Ask the training that writes a run directory to stop; raises OSError if the file cannot be written."""
    (run / FILE).touch()


def is_requested(run: Path) -> bool:
    """Return whether a run's training was asked to stop."""
    return os.path.lexists(run / FILE)


def forget(run: Path) -> None:
    """Remove the request; one that cannot be removed is left."""
    with contextlib.suppress(OSError):
        durable.remove(run / FILE)
