"""Copies data sets from a folder of the user's into the cache."""

import os
from pathlib import Path

from lenet.data import archive, spelling
from lenet.data.catalogue import CATALOGUE, find_entry
from lenet.data.data_folder import DataFolder
from lenet.data.entry import Entry, Packed
from lenet.data.fetch import fill
from lenet.data.locate import cached_folder, candidates
from lenet.errors import DataError


def import_folder(path: str | os.PathLike[str], name: str | None = None) -> tuple[list[DataFolder], list[DataError]]:
    """Copy the data sets in a folder into the cache; the folder is only read.

    They are recognised by their content and may lie as `locate` describes.

    Args:
        path: The folder.
        name: The only data set to import; without it, all that are there.

    Returns:
        What was imported, and the faults of what was recognised but is not whole.

    Raises:
        DataError: There is no whole data set.
    """
    root = Path(path)
    if not root.is_dir():
        raise DataError(f"{root} is no folder", hint="name the folder that holds the four files")
    entries = [find_entry(name)] if name else [entry for entry in CATALOGUE.values() if entry.sources]
    imported, faults = [], []
    archives: dict[Packed, bool] = {}  # whether the folder has them
    for entry in entries:
        folder, fault = _import(entry, root, is_named=name is not None)
        if folder is None and entry.archive:
            if entry.archive not in archives:
                archives[entry.archive] = archive.import_archive(entry, candidates(entry, root))
            folder = _packed_folder(entry, is_named=name is not None) if archives[entry.archive] else None
        if folder:
            imported.append(folder)
        elif fault:
            faults.append(fault)
    if imported:
        return imported, faults
    if faults:
        raise faults[0]
    names = ", ".join(entry.name for entry in entries)
    found = spelling.alike(root, [file.name for entry in entries for file in entry.files])
    raise DataError(
        f"{root} does not hold {entries[0].title if name else f'a data set with a name ({names})'}"
        + (f"; it has {', '.join(found)}" if found else ""),
        hint=f"looked for {entries[0].files[0].name} and its three relatives, .gz or not, in it, in NAME/ and in NAME/raw/; "
        "lenet train --data FOLDER takes images of your own",
    )


def _import(entry: Entry, root: Path, *, is_named: bool) -> tuple[DataFolder | None, DataError | None]:
    """Copy one data set into the cache, if it is whole; also the first fault of one that is not.

    is_named: whether the user said that it is this one.
    """
    first_fault = None
    for place in candidates(entry, root):
        folder = DataFolder(entry, place, str(place))
        num_whole, fault = _examine(folder)
        if num_whole == len(entry.files) and (is_named or folder.is_recognised()):
            return _copy(folder), None
        if fault and (num_whole or is_named):
            first_fault = first_fault or fault
    return None, first_fault


def _packed_folder(entry: Entry, *, is_named: bool) -> DataFolder:
    """The folder of a data set whose archive is in the cache: unpacked now if it was asked for by name, else when needed."""
    if not is_named:
        return DataFolder(entry, archive.cached_archive(entry).parent, "cache")
    folder = cached_folder(entry)
    fill(folder.files, None)
    return folder


def _examine(folder: DataFolder) -> tuple[int, DataError | None]:
    """How many files are what the catalogue says, and the first fault of the others."""
    num_whole = 0
    fault = None
    for file in folder.files if folder.count() else ():
        try:
            file.read()
            num_whole += 1
        except DataError as error:
            fault = fault or error
    return num_whole, fault


def _copy(folder: DataFolder) -> DataFolder:
    target = cached_folder(folder.entry)
    if target.folder.resolve() != folder.folder.resolve():  # else copying would replace what is copied
        for file, copy in zip(folder.files, target.files, strict=True):
            copy.store(file.read())
    return target
