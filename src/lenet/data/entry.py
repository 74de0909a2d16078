"""What the catalogue says of a data set: its files, their sizes and hashes, where they come from, what is in them."""

import hashlib
from dataclasses import dataclass, field
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO

from lenet.data import idx
from lenet.errors import DataError
from lenet.images.invariants import ObjectRange


@dataclass(frozen=True)
class Packed:
    """A compressed file as a source has it, by the hashes that are published.

    Args:
        name: What the source calls it.
        size: Its size in bytes; 0 if that is not published.
        sha256: Its SHA-256, if that is published.
        md5: Its MD5, where nothing stronger is published.
    """

    name: str
    size: int = 0
    sha256: str | None = None
    md5: str | None = None

    def check(self, file: BinaryIO | RawIOBase, name: Path | str) -> None:
        """Check a compressed file, open for reading, by its published hash.

        Args:
            file: The file; it is read from its beginning.
            name: What the error calls it.

        Raises:
            DataError: It has another hash.
        """
        what, expected = ("SHA-256", self.sha256) if self.sha256 else ("MD5", self.md5 or "")
        file.seek(0)
        digest = hashlib.file_digest(file, what.replace("-", "").lower()).hexdigest()  # type: ignore[arg-type]
        if digest != expected:
            raise DataError(
                f"{name} has the {what} {digest[:16]}…; expected {expected[:16]}…", hint="get the file again"
            )

    def fits(self, path: Path) -> bool:
        """Return whether a file has the published hash. Raises OSError if it cannot be read."""
        with path.open("rb", buffering=0) as file:
            try:
                self.check(file, path)
            except DataError:
                return False
        return True


@dataclass(frozen=True)
class File:
    """One of the four IDX files of a data set.

    Args:
        name: Its name, without .gz.
        shape: The shape of its array: (N, height, width) for images; (N,) for labels, or (N, columns) with the label first.
        download_size: Its size in bytes, compressed as the sources have it.
        sha256: The SHA-256 of its content, decompressed; None if only that of the compressed file is published.
        packed: The compressed file, where `sha256` is None.
        code: The type of its values, a key of `idx.TYPES`.
    """

    name: str
    shape: tuple[int, ...]
    download_size: int
    sha256: str | None = None
    packed: Packed | None = None
    code: int = idx.UNSIGNED_BYTE

    @property
    def num_bytes(self) -> int:
        """The size of its content, decompressed."""
        return idx.num_bytes(self.shape, self.code)


@dataclass(frozen=True)
class Entry:
    """A data set of the catalogue.

    Args:
        name: What commands and `lenet.data.load` call it.
        title: What messages call it.
        description: What it is, in a sentence or two.
        classes: The names of its classes, in the order of their labels.
        licence: Its licence and its authors.
        homepage: Where it is described.
        folder: torchvision's name for it.
        sources: Base addresses of its files, tried in this order; a data set without any is made on this machine.
        files: Training images and labels, test images and labels, in this order.
        ground: The background of its images, as in `lenet.images.preprocess.Preprocessing`.
        framing: How its images are framed, likewise.
        objects: How large the objects in them are and where they lie, if they are not framed all alike.
        archive: The zip file of the sources that holds its files, compressed, in a folder gzip; None if they have each
            file by itself.
        first_label: The label of the first class.
        is_transposed: Whether its images are stored column by column.
    """

    name: str
    title: str
    description: str
    classes: tuple[str, ...] = field(repr=False)
    licence: str
    homepage: str
    folder: str
    sources: tuple[str, ...]
    files: tuple[File, File, File, File] = field(repr=False)
    ground: str = "dark"
    framing: str = "box"
    objects: ObjectRange | None = None
    archive: Packed | None = None
    first_label: int = 0
    is_transposed: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images, in pixels."""
        height, width = self.files[0].shape[1:]
        return height, width

    @property
    def num_train(self) -> int:
        """The number of training images."""
        return self.files[0].shape[0]

    @property
    def num_test(self) -> int:
        """The number of test images."""
        return self.files[2].shape[0]

    @property
    def download_size(self) -> int:
        """The bytes to download: for all four files, or for the archive that holds them."""
        return self.archive.size if self.archive else sum(file.download_size for file in self.files)
