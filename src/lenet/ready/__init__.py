"""Networks that come with lenet, trained: each folder here is the run directory of a finished training, with its model card.

    lenet.predict("mnist", "five.jpg")
    lenet.ready.path("mnist")

`make networks` makes them again; docs/ready-made.md has their numbers.
"""

import os
import re
from pathlib import Path

from lenet.errors import RunError, choices_hint
from lenet.files.untrusted import printable
from lenet.registry import READY

__all__ = ["NAMES", "find", "path"]

NAMES = READY
FOLDER = Path(__file__).parent
SEPARATORS = tuple(filter(None, ("/", os.sep, os.altsep)))


def find(name: str | os.PathLike[str]) -> str | None:
    """Find the ready-made network that a text names, also in other spellings such as FashionMNIST.

    Args:
        name: what the user typed.

    Returns:
        The name in `NAMES`; None for a path, and for any other text.
    """
    text = os.fspath(name)
    if any(separator in text for separator in SEPARATORS):
        return None
    return {_letters(known): known for known in NAMES}.get(_letters(text))


def path(name: str) -> Path:
    """Return the run directory of a ready-made network.

    Args:
        name: one of `NAMES`, also in other spellings.

    Returns:
        The folder, in the installed package.

    Raises:
        RunError: if there is none of that name.
    """
    known = find(name)
    if known is None:
        raise RunError(f"no ready-made network {printable(name)}", hint=choices_hint(name, NAMES))
    return FOLDER / known


def _letters(name: str) -> str:
    """The letters and digits of a name, in lower case."""
    return re.sub("[^a-z0-9]", "", name.lower())
