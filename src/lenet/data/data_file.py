"""A file of a data set on the disk, and the folder with all four: where a file lies, whether it is whole, what is in it.

A file is whole if its content, decompressed, has the SHA-256 of the catalogue.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from lenet.data import idx, integrity
from lenet.data.cache import cache_folder
from lenet.data.catalogue import Entry, File, owner
from lenet.errors import DataError

SLACK = 1 << 20  # bytes above the right size that are still decompressed, to be able to say what is wrong


@dataclass(frozen=True)
class DataFile:
    """A file of a data set in a folder, whether it is there or not.

    Args:
        entry: The data set.
        file: Which of its files.
        folder: Where it is, or is to be.
    """

    entry: Entry
    file: File
    folder: Path

    @property
    def name(self) -> str:
        """Its name without .gz."""
        return self.file.name

    @property
    def exists(self) -> bool:
        """Whether it is there, compressed or not."""
        return any(path.is_file() for path in self._paths)

    @property
    def path(self) -> Path:
        """Where it is: without .gz if it is there, else with; raises DataError if neither is there."""
        for path in self._paths:
            if path.is_file():
                return path
        raise DataError(
            f"{self.folder} has no {self.name} or {self.name}.gz; {self.entry.title} has four files",
            hint="add the missing one, or take the folder away",
        )

    @property
    def is_cached(self) -> bool:
        """Whether it belongs to the cache, so that lenet may replace or remove it."""
        return self.folder == cache_folder(self.entry.name)

    @property
    def hint(self) -> str:
        """What to do if it is damaged."""
        name = self.entry.name
        if self.is_cached:
            return f"lenet data fetch {name} --force puts a good copy into the cache"
        return f"get the file again, or leave that folder out (--data-dir, LENET_DATA) and lenet data fetch {name}"

    def read(self, *, trust_record: bool = False) -> bytearray:
        """Read the content, decompressed, and check it.

        Args:
            trust_record: Do not check a file that is recorded as whole and unchanged since, and record what was checked.

        Raises:
            DataError: The file is missing, cannot be read, or is not what the catalogue says.
        """
        path = self.path
        try:
            with path.open("rb", buffering=0) as stream:
                before = os.fstat(stream.fileno())
                content = idx.unpack(stream, path, self.file.num_bytes + SLACK)
                state = integrity.state(before, self.file.sha256)
                if trust_record and len(content) == self.file.num_bytes and integrity.is_recorded(path, state):
                    return content
                self.check(content, path)
                after = os.fstat(stream.fileno())
                is_unchanged = integrity.state(after, self.file.sha256) == state
                if trust_record and is_unchanged and integrity.is_settled(after):
                    integrity.record(path, state)
        except DataError as error:
            integrity.forget(path)
            if self.is_cached:
                error.hint = self.hint
            raise
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror or error}", hint=self.hint) from error
        return content

    def check(self, content: bytearray | bytes, name: Path | str) -> None:
        """Check a content against the catalogue.

        Args:
            content: The content, decompressed.
            name: What the error calls it.

        Raises:
            DataError: It is not; the message says what it is instead, as far as that can be told.
        """
        entry, file = self.entry, self.file
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 == file.sha256:
            return
        other = owner(sha256)
        if other is not None and other != entry:
            raise DataError(
                f"{name} holds {other.title}, not {entry.title}",
                hint=f"--data {other.name} trains on it; for {entry.title}, point to its own files",
            )
        array, count = idx.parse(content, len(file.shape), name), file.shape[0]
        if len(array) != count:
            what = "images" if array.ndim > 1 else "labels"
            raise DataError(
                f"{name} holds {len(array):,} {what}; {entry.title} has {count:,} {what} there", hint=self.hint
            )
        raise DataError(
            f"{name} has the SHA-256 {sha256[:16]}…; expected {file.sha256[:16]}…, that of {entry.title}",
            hint=self.hint,
        )

    @property
    def _paths(self) -> tuple[Path, Path]:
        return self.folder / self.name, self.folder / f"{self.name}.gz"


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
