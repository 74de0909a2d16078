"""The folder of the answers: a manifest of what they are, and files of rows, each of them complete or absent."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from lenet.analysis.many.rows import FORMS
from lenet.analysis.report import counted
from lenet.errors import RunError
from lenet.files import durable, locks, untrusted
from lenet.files.record import Record
from lenet.files.untrusted import printable

MANIFEST = "manifest.json"
FORMAT = 1
OTHER = "choose another folder with --out"
# What is said where an entry of the manifest is not that of this prediction.
DIFFERENCES = {
    "format": "answers of another version of lenet",
    "network": "answers of another network",
    "folder": "answers for another folder",
    "sha256": "answers for other files",
    "form": "answers of another form",
    "part_size": "parts of another size",
}


@dataclass(frozen=True, kw_only=True)
class Manifest(Record):
    """What the answers in a folder are.

    Attributes:
        format: of the folder.
        network: the SHA-256 of the network's weights file.
        folder: of the images, absolute.
        num_files: how many images there are.
        sha256: of their names.
        form: "csv" or "parquet".
        part_size: files in a part.
    """

    format: int = FORMAT
    network: str
    folder: str
    num_files: int
    sha256: str
    form: str
    part_size: int


class Parts:
    """The files of rows in a folder.

    Args:
        folder: the folder.
        form: "csv" or "parquet".
    """

    def __init__(self, folder: Path, form: str) -> None:
        self.folder, self.form = folder, form

    def path(self, number: int) -> Path:
        """Return the file of a part."""
        return self.folder / f"part-{number:06}.{self.form}"

    def has(self, number: int) -> bool:
        """Return whether a part is done."""
        return self.path(number).is_file()

    def num_errors(self, number: int, size: int) -> int:
        """Return how many files of a part that is done could not be read.

        Args:
            number: of the part.
            size: how many files it has.

        Raises:
            RunError: the part was damaged since.
        """
        try:
            counts = FORMS[self.form][1](self.path(number))
            if counts.rows != size:
                raise ValueError(f"it has {counted(counts.rows, 'row')}; expected {size}")
        except Exception as error:  # pyarrow raises many kinds
            raise RunError(
                f"{self.path(number)} is damaged: {printable(error)}", hint="delete it, and try again"
            ) from error
        return counts.errors

    def write(self, number: int, content: bytes) -> None:
        """Write a part, whole or not at all.

        Raises:
            RunError: it cannot be written.
        """
        _write(self.path(number), content)


def _write(path: Path, content: bytes) -> None:
    with explained(path):
        durable.write(path, content)


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise RunError, in words of the disk, where something cannot be written."""
    with durable.explained(f"write {path}", "then the same command goes on"):
        yield


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Make the folder of the answers, and keep other predictions out meanwhile; a new one that stays empty is removed.

    Raises:
        RunError: it holds something else, cannot be written, or another process writes in it.
    """
    is_new = not folder.exists()
    try:
        if folder.is_dir() and not (folder / MANIFEST).is_file() and {*folder.iterdir()} - {*durable.leftovers(folder)}:
            raise RunError(f"{folder} is not empty, and holds no answers of lenet predict", hint=OTHER)
        durable.make_folders(folder)
        for leftover in durable.leftovers(folder):
            durable.remove(leftover)
    except OSError as error:
        raise RunError(f"cannot write in {folder}: {error.strerror or error}", hint=OTHER) from error
    try:
        with locks.lock(folder, hint=f"wait until it has ended, or {OTHER}", doing="predicting"):
            yield
    finally:
        with contextlib.suppress(OSError):  # it is not empty
            if is_new:
                folder.rmdir()


def begin(folder: Path, manifest: Manifest) -> Parts:
    """Begin the answers in a folder, or go on with them.

    Raises:
        RunError: it holds other answers.
    """
    path = folder / MANIFEST
    if not path.is_file():
        _write(path, durable.as_json(manifest.to_dict()))
        return Parts(folder, manifest.form)
    try:
        before = Manifest.from_dict(untrusted.parse_json(untrusted.read(path, untrusted.MAX_JSON)))
    except ValueError as error:
        raise RunError(f"{path} cannot be used: {printable(error)}", hint=OTHER) from error
    for field in fields(Manifest):
        was, now = getattr(before, field.name), getattr(manifest, field.name)
        if was != now:
            what = DIFFERENCES.get(field.name, "answers for other files")
            which = f": {field.name} {printable(was)}, here {printable(now)}"
            raise RunError(f"{folder} holds {what}{which}", hint=OTHER)
    return Parts(folder, manifest.form)
