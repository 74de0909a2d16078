"""Filling the cache: by download, by import or by making; and checking what is there, file by file.

Nothing is locked: two processes that fill the cache at once both write whole files, the same ones, and the last one stays.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lenet.data import cache, digits, idx
from lenet.data.catalogue import CATALOGUE, File, entry
from lenet.data.download import Progress, download, reachable
from lenet.data.integrity import check, read, way_out
from lenet.data.locate import Located, cached, locate, places
from lenet.errors import DataError, DataUnavailable


@dataclass(frozen=True)
class Check:
    """What `verify` found of one file: no `fault` means that it is what it says.

    is_mended: whether it is so now; outcome: what was done about a fault, or why nothing could be; hint: what to do.
    """

    path: Path
    fault: str | None = None
    is_mended: bool = False
    outcome: str | None = None
    hint: str | None = None


def fetch(name: str, *, force: bool = False, progress: Progress | None = None) -> Located:
    """Puts the data set into the cache: what is missing or damaged there, or all of it with `force`.

    Raises DataUnavailable if no source can be reached (found out within 5 seconds) or none has the right content, and
    DataError if the cache cannot be written.
    """
    located = cached(entry(name))
    wanted = [file for file in located.entry.files if force or not _is_whole(located, file)]
    source = _fill(located, wanted, progress) if wanted else "cache"
    for folder in (located.folder, cache.cache_folder()):
        cache.sweep(folder)
    return Located(located.entry, located.folder, source)


def verify(
    name: str, data_dir: str | os.PathLike[str] | None = None, *, progress: Progress | None = None
) -> list[Check]:
    """Checks each file of the data set where `locate` finds it, always by its whole content, and mends the cache.

    What is damaged or missing in the cache is fetched again; a damaged file for which no other can be had is removed.
    A user's own files are never touched. Raises DataUnavailable if the data set is nowhere.
    """
    located = locate(name, data_dir) or cached(entry(name))
    if not located.count():
        raise DataUnavailable(f"{located.entry.title} is not on this machine", hint=f"lenet data fetch {name}")
    faults = {file: _fault(located, file) for file in located.entry.files}
    damaged = [file for file, fault in faults.items() if fault]
    obstacle = None
    if damaged and located.is_cached():
        try:
            _fill(located, damaged, progress)
        except DataError as error:
            obstacle = error
    return [_conclude(located, file, fault, obstacle) for file, fault in faults.items()]


def verify_all(
    data_dir: str | os.PathLike[str] | None = None, *, progress: Progress | None = None
) -> tuple[list[list[Check]], list[DataError]]:
    """Checks every data set that is on this machine; returns that, and the faults of folders that hold none whole.

    Raises DataUnavailable if there is neither.
    """
    checks, faults = [], []
    for name in CATALOGUE:
        try:
            located = locate(name, data_dir)
            if located is None or not located.is_foreign():
                checks.append(verify(name, data_dir, progress=progress))
        except DataUnavailable:
            pass
        except DataError as error:
            faults.append(error)
    if not checks and not faults:
        raise DataUnavailable("no data set is on this machine", hint="lenet data fetch fashion-mnist")
    return checks, faults


def import_folder(folder: str | os.PathLike[str], name: str | None = None) -> tuple[list[Located], list[DataError]]:
    """Copies the data sets found in a folder, or only the one called `name`, into the cache; the folder stays as it is.

    They are recognised by their content and may lie as `locate` describes. Returns what was imported, and the faults of
    what was recognised but is not whole. Raises DataError if nothing is whole.
    """
    root = Path(folder)
    if not root.is_dir():
        raise DataError(f"{root} is no folder", hint="name the folder that holds the four files")
    imported, faults = [], []
    for found in [entry(name)] if name else [each for each in CATALOGUE.values() if each.sources]:
        for place in places(found, root):
            located = Located(found, place, str(place))
            num_good, fault = _examine(located)
            if num_good == len(found.files):
                imported.append(_copy(located))
                break
            if fault and (num_good or name):
                faults.append(fault)
    if imported:
        return imported, faults
    if faults:
        raise faults[0]
    wanted = entry(name).title if name else " or ".join(each.title for each in CATALOGUE.values() if each.sources)
    raise DataError(
        f"{root} does not hold {wanted}",
        hint="looked for train-images-idx3-ubyte and its three relatives, .gz or not, in it, in NAME/ and in NAME/raw/",
    )


def _fill(located: Located, wanted: list[File], progress: Progress | None) -> str:
    """Puts files into the cache, over what is there; where they came from, in words."""
    found = located.entry
    if not found.sources:
        for file, content in zip(found.files, digits.idx_files(), strict=True):
            if file in wanted:
                check(found, file, content, file.name)
                _publish(located, file, content)
        return "made on this machine"
    sources = reachable(found)
    origins = []
    for file in wanted:
        source, raw = download(found, file, sources, located.folder, progress)
        _publish(located, file, raw)
        sources.sort(key=lambda each: each != source)  # the one that works is asked first from now on
        origins.append(urlsplit(source).netloc)
    return f"downloaded from {', '.join(dict.fromkeys(origins))}"


def _publish(located: Located, file: File, content: bytes | bytearray) -> None:
    """Puts a file into the cache, raw: so it is read eight times as fast, and has the catalogue's hash as it lies there."""
    cache.publish(located.folder, file.name, content)
    with cache.writing(located.folder):
        (located.folder / f"{file.name}.gz").unlink(missing_ok=True)


def _fault(located: Located, file: File) -> str | None:
    try:
        read(located.entry, file, located.path(file))
    except DataError as error:
        return error.message
    return None


def _is_whole(located: Located, file: File) -> bool:
    return _fault(located, file) is None


def _conclude(located: Located, file: File, fault: str | None, obstacle: DataError | None) -> Check:
    """What has become of a file; a damaged one of the cache that could not be replaced is removed."""
    try:
        path = located.path(file)
    except DataError:
        path = located.folder / file.name
    if fault is None:
        return Check(path)
    if not located.is_cached():
        return Check(path, fault, hint=way_out(located.entry, path))
    if _is_whole(located, file):
        return Check(path, fault, is_mended=True, outcome="fetched again")
    outcome = f"it could not be fetched again ({obstacle.message if obstacle else 'damaged anew'})"
    try:
        with cache.writing(located.folder):
            if path.exists() and _can_be_read(
                path
            ):  # else it may be whole: it is the disk that fails, perhaps for a moment
                path.unlink()
                outcome += " and was removed"
    except DataError as error:
        outcome += f"; {error.message}"
    return Check(path, fault, outcome=outcome, hint=obstacle.hint if obstacle else None)


def _can_be_read(path: Path) -> bool:
    """Whether the system gives the content of a file, whatever it is."""
    try:
        with path.open("rb") as file:
            while file.read(idx.AT_ONCE):
                pass
    except OSError:
        return False
    return True


def _examine(located: Located) -> tuple[int, DataError | None]:
    """How many files are what the catalogue says, and the first fault of the others."""
    num_good = 0
    fault = None
    for file in located.entry.files if located.count() else ():
        try:
            read(located.entry, file, located.path(file))
            num_good += 1
        except DataError as error:
            fault = fault or error
    return num_good, fault


def _copy(located: Located) -> Located:
    target = cached(located.entry)
    if target.folder.resolve() != located.folder.resolve():  # else what is to be copied would be replaced
        for file in located.entry.files:
            _publish(target, file, read(located.entry, file, located.path(file)))
    return target
