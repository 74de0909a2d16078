"""Finds the runs that are exported together, and gives each a name of its own.

find_all(["runs/sweep"])[0].name == "activation=relu, learning-rate=0.004/seed-0"
"""

import contextlib
import hashlib
import itertools
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lenet.configuration import to_dict
from lenet.errors import RunError, RunWarning
from lenet.files import untrusted
from lenet.files.untrusted import printable
from lenet.runs import naming
from lenet.runs.points import ChunkPoint, EpochPoint
from lenet.runs.run import Run

MANIFEST = "manifest.json"  # in the folder of a sweep
RUNS = "runs"  # the folder of the runs in that of a sweep, a search, the lab or the reproduction
UNSAFE = re.compile(r"[^\w =,.+()-]")  # what not every file system takes in a name
MAX_NAME = 120  # characters of a part of a name; file systems take 255 bytes


@dataclass(frozen=True)
class FoundRun:
    """A run that is exported.

    Attributes:
        name: its own among the runs that are exported together, with / between its parts.
        path: of the run directory.
        variation: the name of its variation in a sweep.
        settings: its settings as config.json holds them, with the name of the data set that was trained on.
    """

    name: str
    path: Path
    variation: str | None
    settings: Mapping[str, Any]


def find_all(sources: Sequence[str | os.PathLike[str]]) -> list[FoundRun]:
    """Find the runs that several names, paths and folders stand for.

    Runs without any metrics are left out of a folder with a warning, and so are those that cannot be read.

    Args:
        sources: run directories, names of ready-made networks, and folders that hold runs at any depth, such as a sweep's. A
            run that is found twice is taken once.

    Returns:
        The runs, in the order of the sources and of the names.

    Raises:
        RunError: there is no run, one that was named has no metrics, or two have the same name.
    """
    entries: dict[str, FoundRun] = {}
    paths = set[Path]()
    for source in sources:
        for entry in _find(source, is_alone=len(sources) == 1):
            if entry.path.resolve() in paths:
                continue
            paths.add(entry.path.resolve())
            if entry.name in entries:
                one, other = (printable(each.path) for each in (entries[entry.name], entry))
                raise RunError(
                    f"two runs are called {printable(entry.name)}: {one} and {other}",
                    hint="rename one of the folders, or export the folder that holds both",
                )
            entries[entry.name] = entry
    return [*entries.values()]


def _find(source: str | os.PathLike[str], is_alone: bool) -> Iterator[FoundRun]:
    """The runs that one name, path or folder stands for."""
    named = naming.find(source)
    folder = named.path
    if not named.ready and folder.is_dir() and not (folder / naming.CONFIG).is_file():
        yield from _below(folder, "" if is_alone else f"{_safe(folder.absolute().name)}/")
        return
    if folder.is_file():
        raise RunError(
            f"{printable(folder)} is a file; expected a run directory, or a folder that holds some",
            hint="metrics and settings are in the run directory, not in a weights file",
        )
    if named.notice:
        warnings.warn(RunWarning(named.notice), stacklevel=4)
    if not named.ready:
        naming.must_exist(source)
    yield _found(Run.load(folder, finished=False), named.ready or _safe(folder.absolute().name))


def _below(folder: Path, prefix: str) -> Iterator[FoundRun]:
    """The runs in a folder: of a sweep in the order of its variations, others by name."""
    paths = list(_run_folders(folder))
    sweeps = {place for path in paths for place in path.parents if place.is_relative_to(folder)}
    variations = {home: name for place in sorted(sweeps) for home, name in _variations(place).items()}
    order = {home: number for number, home in enumerate(variations)}
    number = 0
    for path in sorted(paths, key=lambda path: (order.get(path.parent, len(order)), _natural(path))):
        inner, variation = path.relative_to(folder).parts, variations.get(path.parent)
        parts = [part for part in inner if part != RUNS] or [path.name]
        if variation is not None:
            parts[-2:] = variation, path.name
        try:
            found = _found(Run.load(path, finished=False), prefix + "/".join(map(_safe, parts)), variation)
        except RunError as error:
            warnings.warn(RunWarning(f"left out: {error.message}"), stacklevel=5)
            continue
        number += 1
        yield found
    if not number:
        raise RunError(
            f"{printable(folder)} holds no run with metrics",
            hint="name a run directory, or the folder of a sweep; the trials of a search are in its tune.csv",
        )


def _found(run: Run, name: str, variation: str | None = None) -> FoundRun:
    """A run under its name. Raises RunError if it has no metrics."""
    if not any(isinstance(point, ChunkPoint | EpochPoint) for point in run.metrics):
        raise RunError(
            f"the run {printable(run.path)} has no metrics yet",
            hint="export it when a tenth of its first epoch is done",
        )
    settings = to_dict(run.config) | {"data": run.resolved.data}
    return FoundRun(name, run.path, variation, settings)


def _run_folders(folder: Path) -> Iterator[Path]:
    """The run directories in a folder, at any depth; hidden folders are not looked into."""
    for place, names, files in os.walk(folder):
        if naming.CONFIG in files:
            names.clear()
            yield Path(place)
        names[:] = [name for name in names if not name.startswith(".")]


def _natural(path: Path) -> list[tuple[str, int]]:
    """A key that sorts seed-2 before seed-10."""
    parts = re.split(r"(\d+)", str(path))
    return [(text, int(number or 0)) for text, number in itertools.zip_longest(parts[::2], parts[1::2])]


def _variations(folder: Path) -> dict[Path, str]:
    """The names of a sweep's variations, by the folders that hold their runs; empty where no manifest says them."""
    path = folder / MANIFEST
    names: dict[Path, str] = {}
    if path.is_file():
        with contextlib.suppress(RunError, ValueError, KeyError, TypeError, AttributeError):
            manifest = untrusted.parse_json(untrusted.read(path, untrusted.MAX_JSON))
            names = {folder / RUNS / home: str(name) for home, name in manifest["variations"].items()}
    return names


def _safe(part: str) -> str:
    """A part of a name as every file system takes it."""
    text = UNSAFE.sub("-", part).strip(" .") or "run"
    if len(text) <= MAX_NAME:
        return text
    return f"{text[:MAX_NAME]}-{hashlib.sha256(part.encode()).hexdigest()[:8]}"
