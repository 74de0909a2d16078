"""The zip file in which EMNIST comes: downloaded or imported once, kept in the cache, and unpacked split by split."""

import os
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from lenet.data import idx
from lenet.data.cache import PartialFile, cache_folder, partial_file, write_errors
from lenet.data.data_file import SLACK, DataFile
from lenet.data.download import MakeBar, Wanted, download
from lenet.data.entry import Entry, Packed
from lenet.data.sources import reachable_sources
from lenet.errors import DataError

FOLDER = "gzip"  # in the zip file


def cached_archive(entry: Entry) -> Path:
    """Where the cache has the zip file of a data set, whether it is there or not."""
    return cache_folder(entry.folder.lower()) / _packed(entry).name


def unpack(files: Sequence[DataFile], progress: MakeBar | None = None) -> str:
    """Unpack files of one data set from the zip file in the cache, which is downloaded first if it is not there.

    Args:
        files: Which files.
        progress: Makes a progress bar for the download.

    Returns:
        In words, where they came from.

    Raises:
        DataUnavailable: No source can be reached, or none has the right content.
        DataError: The cache cannot be written, or the zip file does not hold the files.
    """
    entry = files[0].entry
    path = cached_archive(entry)
    source = f"{path} in the cache"
    if not path.is_file() or not _packed(entry).fits(path):
        source = f"downloaded from {_download(entry, progress)}"
    try:
        with zipfile.ZipFile(path) as packed:
            for file in files:
                with packed.open(f"{FOLDER}/{file.name}.gz") as member:
                    content = idx.unpack(member, file.name, file.file.num_bytes + SLACK)
                file.check_shape(content, file.name)
                file.store(content)
    except (KeyError, zipfile.BadZipFile, zlib.error, OSError) as error:
        raise DataError(f"{path} cannot be unpacked: {error}", hint=f"lenet data fetch {entry.name} --force") from error
    return source


def import_archive(entry: Entry, folders: Sequence[Path]) -> bool:
    """Copy the zip file of a data set from the first of the folders that has it into the cache.

    Returns:
        Whether a folder has it; a damaged one does not count.

    Raises:
        DataError: The cache cannot be written.
    """
    for path in (folder / _packed(entry).name for folder in folders):
        if path.is_file() and _packed(entry).fits(path):
            target = cached_archive(entry)
            if path.resolve() != target.resolve():
                with (
                    write_errors(target.parent),
                    partial_file(target.parent, target.name, 0) as partial,
                    path.open("rb") as file,
                ):
                    while content := file.read(idx.CHUNK):
                        partial.write(content)
                    _keep(entry, partial)
            return True
    return False


def _download(entry: Entry, progress: MakeBar | None) -> str:
    """Download the zip file into the cache; return the host that it came from."""
    archive = _packed(entry)

    def accept(partial: PartialFile) -> None:
        archive.check(partial.file, "what it sent")
        with write_errors(partial.path.parent):
            _keep(entry, partial)

    wanted = Wanted(entry, archive.name, cached_archive(entry).parent, archive.size, archive.size, accept)
    source, _ = download(wanted, reachable_sources(entry), progress)
    return urlsplit(source).netloc


def _keep(entry: Entry, partial: PartialFile) -> None:
    """Give a complete file its own name."""
    os.fsync(partial.file.fileno())
    partial.path.replace(cached_archive(entry))


def _packed(entry: Entry) -> Packed:
    if entry.archive is None:
        raise ValueError(f"{entry.name} has no archive")
    return entry.archive
