"""The folder with the files of a data set, or some of them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from lenet.data import idx
from lenet.data.cache import cache_folder
from lenet.data.catalogue import owner
from lenet.data.data_file import DataFile
from lenet.data.entry import Entry
from lenet.errors import DataError


@dataclass(frozen=True)
class DataFolder:
    """A folder with the files of a data set, or some of them.

    Args:
        entry: The data set.
        folder: The folder.
        source: In words, where that is, or where the files came from.
    """

    entry: Entry
    folder: Path
    source: str

    @property
    def files(self) -> tuple[DataFile, ...]:
        """Its four files, whether they are there or not, in the catalogue's order."""
        return tuple(DataFile(self.entry, file, self.folder) for file in self.entry.files)

    @property
    def is_cached(self) -> bool:
        """Whether it belongs to the cache."""
        return self.folder == cache_folder(self.entry.name)

    def count(self) -> int:
        """How many of the four files are there."""
        return sum(file.exists for file in self.files)

    def holds_another(self) -> bool:
        """Whether the files are those of another data set, judging by the smallest: files of several sets have one name."""
        smallest = self.files[3]
        try:
            content = idx.read_content(smallest.path, smallest.file.num_bytes)
        except DataError:
            return False  # it is damaged, so nobody can tell
        return owner(hashlib.sha256(content).hexdigest()) not in (None, self.entry)

    def is_recognised(self) -> bool:
        """Whether the four files are surely this data set: by a published hash, or by names that no other has."""
        return all(
            file.file.sha256 is not None or file.name.startswith(self.entry.folder.lower()) or file.is_original()
            for file in self.files
        )
