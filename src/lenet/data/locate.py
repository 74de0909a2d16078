"""Where data sets lie: a folder of the user's, or the cache."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from lenet.data import idx
from lenet.data.cache import cache_folder
from lenet.data.catalogue import Entry, File, entry, owner
from lenet.errors import DataError


@dataclass(frozen=True)
class Located:
    """A data set on disk: its folder, and in words where that is."""

    entry: Entry
    folder: Path
    source: str

    def path(self, file: File) -> Path:
        """The file, compressed or not; raises DataError if it is missing."""
        for name in (file.name, f"{file.name}.gz"):
            if (self.folder / name).is_file():
                return self.folder / name
        raise DataError(
            f"{self.folder} has no {file.name} or {file.name}.gz; {self.entry.title} has four files",
            hint="add the missing one, or take the folder away",
        )

    def count(self) -> int:
        """How many of the four files are there."""
        names = (file.name for file in self.entry.files)
        return sum(any((self.folder / f"{name}{suffix}").is_file() for suffix in ("", ".gz")) for name in names)

    def is_foreign(self) -> bool:
        """Whether the files are those of another data set, going by the smallest: all sets of this shape have its name."""
        smallest = self.entry.files[3]
        try:
            content = idx.read_raw(self.path(smallest), smallest.raw_size)
        except DataError:
            return False  # damaged: whose it was cannot be told
        return owner(hashlib.sha256(content).hexdigest()) not in (None, self.entry)

    def is_cached(self) -> bool:
        """Whether the files are lenet's own, to be replaced or removed."""
        return self.folder == cache_folder(self.entry.name)


def locate(name: str, data_dir: str | os.PathLike[str] | None = None) -> Located | None:
    """The data set on this machine, or None: in `data_dir` or else LENET_DATA, then in the cache.

    A folder DIR may hold the four files itself, in DIR/NAME, or in torchvision's DIR/FashionMNIST/raw. Raises DataError if
    the folder does not exist, or holds some of the files and not all.
    """
    found = entry(name)
    given, what = (data_dir, "--data-dir") if data_dir is not None else (os.environ.get("LENET_DATA"), "LENET_DATA")
    foreign = None
    if given:
        root = Path(given)
        if not root.is_dir():
            raise DataError(f"{what} is {root}, which is no folder", hint="name a folder that exists, or leave it out")
        for folder in places(found, root):
            located = Located(found, folder, f"{folder}, {what}")
            if located.count():
                for file in found.files:
                    located.path(file)
                if not located.is_foreign():
                    return located
                foreign = located  # an error if it is read, but the cache may have the right one
    return cached(found) if cached(found).count() == len(found.files) else foreign


def cached(found: Entry) -> Located:
    """The data set in the cache, be it there or not."""
    return Located(found, cache_folder(found.name), "cache")


def places(found: Entry, root: Path) -> tuple[Path, ...]:
    """Where a folder of the user's may hold the files; what is made on this machine is looked for in none."""
    return (root / found.name, root / found.folder / "raw", root) if found.sources else ()
