"""A file of a data set on the disk: where it lies, whether it is whole, what is in it.

A file is whole if its content, decompressed, has the SHA-256 of the catalogue. Where the catalogue has none, the one that
it had when it came into the cache stands there in NAME.sha256; of a user's own file only shape and labels are checked.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lenet.data import idx, integrity, spelling
from lenet.data.cache import cache_folder, write, write_errors
from lenet.data.catalogue import owner
from lenet.data.entry import Entry, File
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
        return self._existing is not None

    @property
    def path(self) -> Path:
        """Where it is: without .gz if it is there, else with; raises DataError if neither is there."""
        path = self._existing
        if path is None:
            found = spelling.alike(self.folder, [file.name for file in self.entry.files])
            raise DataError(
                f"{self.folder} has no {self.name} or {self.name}.gz; {self.entry.title} has four files"
                + (f", found {', '.join(found)}" if found else ""),
                hint="add the missing one, or take the folder away",
            )
        return path

    @property
    def is_cached(self) -> bool:
        """Whether it belongs to the cache, so that lenet may replace or remove it."""
        return self.folder == cache_folder(self.entry.name)

    @property
    def sha256(self) -> str | None:
        """The SHA-256 that its content should have: the catalogue's, or the one recorded in the cache; None if neither is."""
        if self.file.sha256 is None and self.is_cached:
            try:
                return self.record.read_text(encoding="ascii").strip()
            except (OSError, ValueError):
                return None
        return self.file.sha256

    @property
    def record(self) -> Path:
        """Where the cache records the SHA-256 that the catalogue does not have."""
        return self.folder / f"{self.name}.sha256"

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
                state = integrity.state(before, self.sha256 or "")
                if trust_record and len(content) == self.file.num_bytes and integrity.is_recorded(path, state):
                    return content
                self.check(content, path)
                after = os.fstat(stream.fileno())
                is_unchanged = integrity.state(after, self.sha256 or "") == state
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
        entry = self.entry
        sha256 = hashlib.sha256(content).hexdigest()
        expected = self.sha256
        if sha256 == expected:
            return
        other = owner(sha256)
        if other is not None and other != entry:
            raise DataError(
                f"{name} holds {other.title}, not {entry.title}",
                hint=f"--data {other.name} trains on it; for {entry.title}, point to its own files",
            )
        self.check_shape(content, name)
        if expected or self.is_cached:
            raise DataError(
                f"{name} has the SHA-256 {sha256[:16]}…; "
                + (
                    f"expected {expected[:16]}…, that of {entry.title}" if expected else "the cache has no record of it"
                ),
                hint=self.hint,
            )

    def check_shape(self, content: bytearray | bytes, name: Path | str) -> None:
        """Check the shape of a content, and its labels, against the catalogue.

        Args:
            content: The content, decompressed.
            name: What the error calls it.

        Raises:
            DataError: They are others.
        """
        entry, shape = self.entry, self.file.shape
        array = idx.parse(content, len(shape), name, self.file.code)
        is_image = len(shape) == 3
        if len(array) != shape[0]:
            what = "images" if is_image else "labels"
            raise DataError(
                f"{name} holds {len(array):,} {what}; {entry.title} has {shape[0]:,} {what} there", hint=self.hint
            )
        if array.shape != shape:
            sizes = ["×".join(map(str, each[1:])) for each in (array.shape, shape)]
            raise DataError(f"{name} holds {sizes[0]} each; {entry.title} has {sizes[1]}", hint=self.hint)
        if not is_image and self.file.sha256 is None:
            labels = np.unique(array if array.ndim == 1 else array[:, 0])
            first, last = entry.first_label, entry.first_label + len(entry.classes) - 1
            if labels[0] < first or labels[-1] > last:
                raise DataError(
                    f"{name} has labels {labels[0]} to {labels[-1]}; {entry.title} has {first} to {last}",
                    hint=self.hint,
                )

    def store(self, content: bytes | bytearray) -> None:
        """Put the file into the cache, decompressed: so it is read eight times as fast.

        Args:
            content: The content, which is right.

        Raises:
            DataError: The cache cannot be written.
        """
        if self.file.sha256 is None:
            write(self.record, hashlib.sha256(content).hexdigest().encode())
        write(self.folder / self.name, content)
        with write_errors(self.folder):
            (self.folder / f"{self.name}.gz").unlink(missing_ok=True)

    def is_original(self) -> bool:
        """Whether it is compressed as the sources have it, by the hash that they publish."""
        packed = self.file.packed
        try:
            return packed is not None and packed.fits(self.path)
        except (OSError, DataError):
            return False

    @property
    def _existing(self) -> Path | None:
        for path in (self.folder / self.name, self.folder / f"{self.name}.gz"):
            if path.is_file():
                return path
        return None if self.is_cached else spelling.find(self.folder, self.name)
