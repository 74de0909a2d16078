"""Fills the cache, by download or by making; and checks what is there, file by file.

Nothing is locked: of two processes that fill the cache at once both write whole files with the same content.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lenet.data import archive, cache, digits, idx
from lenet.data.catalogue import CATALOGUE, find_entry
from lenet.data.data_file import DataFile
from lenet.data.data_folder import DataFolder
from lenet.data.download import MakeBar, download_file
from lenet.data.locate import cached_folder, locate
from lenet.data.sources import reachable_sources
from lenet.errors import DataError, DataUnavailable

MADE = "made on this machine"  # the source of a data set without sources


@dataclass(frozen=True)
class Check:
    """The result of checking one file.

    Args:
        path: The file.
        fault: What is wrong with it; None if nothing is.
        is_fixed: Whether the fault was fixed.
        outcome: What was done about the fault, or why nothing could be done.
        hint: What the user can do.
    """

    path: Path
    fault: str | None = None
    is_fixed: bool = False
    outcome: str | None = None
    hint: str | None = None


def fetch(name: str, *, force: bool = False, progress: MakeBar | None = None) -> DataFolder:
    """Put a data set into the cache.

    Args:
        name: The data set.
        force: Fetch all of its files, not only those that are missing or damaged.
        progress: Makes a progress bar for each file that is downloaded.

    Returns:
        Where it is, and in words where it came from.

    Raises:
        DataUnavailable: No source can be reached, which takes at most 5 seconds, or none has the right content.
        DataError: The cache cannot be written.
    """
    folder = cached_folder(find_entry(name))
    files = [file for file in folder.files if force or _fault(file)]
    source = fill(files, progress) if files else "cache"
    for path in (folder.folder, cache.cache_folder()):
        cache.sweep(path)
    return DataFolder(folder.entry, folder.folder, source)


def verify(
    name: str, data_dir: str | os.PathLike[str] | None = None, *, progress: MakeBar | None = None
) -> list[Check]:
    """Check each file of a data set by its whole content, where `locate` finds it, and repair the cache.

    What is damaged or missing in the cache is fetched again; a damaged file that cannot be fetched is removed. A user's own
    files are never touched.

    Args:
        name: The data set.
        data_dir: As for `locate`.
        progress: Makes a progress bar for each file that is downloaded.

    Raises:
        DataUnavailable: The data set is not on this machine.
    """
    folder = locate(name, data_dir) or cached_folder(find_entry(name))
    if not folder.count():
        raise DataUnavailable(f"{folder.entry.title} is not on this machine", hint=f"lenet data fetch {name}")
    faults = {file: _fault(file) for file in folder.files}
    damaged = [file for file, fault in faults.items() if fault]
    obstacle = None
    if damaged and folder.is_cached:
        try:
            fill(damaged, progress)
        except DataError as error:
            obstacle = error
    return [_result(file, fault, obstacle) for file, fault in faults.items()]


def verify_all(
    data_dir: str | os.PathLike[str] | None = None, *, progress: MakeBar | None = None
) -> tuple[list[list[Check]], list[DataError]]:
    """Check every data set that is on this machine, as `verify` does.

    Returns:
        The checks of each data set, and the faults of folders in which files are missing.

    Raises:
        DataUnavailable: There are neither.
    """
    checks, faults = [], []
    for name in CATALOGUE:
        try:
            folder = locate(name, data_dir)
            if folder is None or not folder.holds_another():
                checks.append(verify(name, data_dir, progress=progress))
        except DataUnavailable:
            pass
        except DataError as error:
            faults.append(error)
    if not checks and not faults:
        raise DataUnavailable("no data set is on this machine", hint="lenet data fetch fashion-mnist")
    return checks, faults


def fill(files: Sequence[DataFile], progress: MakeBar | None) -> str:
    """Put files of one data set into the cache; return where they came from, in words."""
    entry = files[0].entry
    if not entry.sources:
        names = [file.name for file in files]
        for made, content in zip(entry.files, digits.idx_files(), strict=True):
            if made.name in names:
                file = files[names.index(made.name)]
                file.check(content, file.name)
                file.store(content)
        return MADE
    if entry.archive:
        return archive.unpack(files, progress)
    sources = reachable_sources(entry)
    origins = []
    for file in files:
        source, downloaded = download_file(file, sources, progress)
        file.store(downloaded)
        sources.sort(key=lambda each: each != source)  # the one that works is asked first from now on
        origins.append(urlsplit(source).netloc)
    return f"downloaded from {', '.join(dict.fromkeys(origins))}"


def _fault(file: DataFile) -> str | None:
    try:
        file.read()
    except DataError as error:
        return error.message
    return None


def _result(file: DataFile, fault: str | None, obstacle: DataError | None) -> Check:
    """The result for a file, after an attempt to fetch it if it is the cache's; removes it if it is still damaged."""
    path = file.path if file.exists else file.folder / file.name
    if fault is None:
        return Check(path)
    if not file.is_cached:
        return Check(path, fault, hint=file.hint)
    if _fault(file) is None:
        return Check(path, fault, is_fixed=True, outcome="fetched again")
    outcome = f"it could not be fetched again ({obstacle.message if obstacle else 'damaged anew'})"
    try:
        with cache.write_errors(file.folder):
            if path.exists() and _is_readable(
                path
            ):  # else the disk fails, perhaps for a moment, and the file may be whole
                path.unlink()
                outcome += " and was removed"
    except DataError as error:
        outcome += f"; {error.message}"
    return Check(path, fault, outcome=outcome, hint=obstacle.hint if obstacle else None)


def _is_readable(path: Path) -> bool:
    """Whether the system can read all of a file, whatever its content."""
    try:
        with path.open("rb") as file:
            while file.read(idx.CHUNK):
                pass
    except OSError:
        return False
    return True
