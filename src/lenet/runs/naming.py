"""What a user means by the name of a run: a run directory or weights file on the disk, else a network that comes with lenet.

find("mnist").path
"""

import os
from pathlib import Path
from typing import NamedTuple

from lenet import ready
from lenet.errors import RunError
from lenet.files.untrusted import printable
from lenet.near_misses import nearest

CONFIG = "config.json"  # which every run directory has
USUAL = Path("runs")  # where trainings save by default


class Named(NamedTuple):
    """What a name stands for.

    Args:
        path: the run directory or weights file; it need not be there.
        ready: the name of the ready-made network, if it is one.
        notice: which was taken, in words, where another has the same name.
    """

    path: Path
    ready: str | None = None
    notice: str | None = None


def find(name: str | os.PathLike[str]) -> Named:
    """Find a run or a network by what the user typed. What is on the disk is taken before a ready-made network.

    Args:
        name: a path, or the name of a ready-made network.
    """
    text, path = os.fspath(name), Path(name)
    known = ready.find(text)
    if known is None:
        return Named(path)
    is_there, is_folder = os.path.lexists(path), os.path.isdir(path)  # noqa: PTH112 (Path.is_dir raises where this is False)
    if is_there and (not is_folder or _is_run(path)):
        what = "run directory" if is_folder else "file"
        return Named(path, notice=f"{text} is the {what} {path}, not the ready-made network of that name")
    notice = None
    if is_there:
        notice = f"{text} is the ready-made network; the folder {path} is no run directory"
    elif _is_run(USUAL / text):
        notice = f"{text} is the ready-made network; the run of that name is {USUAL / text}"
    return Named(ready.path(known), known, notice)


def _is_run(path: Path) -> bool:
    return os.path.isfile(path / CONFIG)  # noqa: PTH113 (Path.is_file raises for a name that no file can have)


def must_exist(name: str | os.PathLike[str]) -> None:
    """Raise RunError, with what was probably meant, for a name without a path that nothing on the disk has."""
    text, path = os.fspath(name), Path(name)
    if os.path.lexists(path) or any(separator in text for separator in ready.SEPARATORS) or path.suffix:
        return
    meant = nearest(text, ready.NAMES)
    if _is_run(USUAL / text):
        meant = str(USUAL / text)
    raise RunError(
        f"no run directory {printable(text)}",
        hint=(f"did you mean {meant}? " if meant else "")
        + f"lenet runs lists those under {USUAL}/, lenet networks the ready-made ones",
    )
