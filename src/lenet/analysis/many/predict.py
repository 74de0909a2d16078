"""Classifying all images in a folder, whose answers go to files: `lenet predict RUN FOLDER --out ANSWERS`.

    predict_folder("runs/first", Path("photos"), Path("answers"))

A part of the files is classified as a whole and written as a whole, so that each file has one answer whenever the process or
the machine stops; the next call goes on with the parts that are missing.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lenet.analysis.many.classify import Job
from lenet.analysis.many.listing import Files, listing
from lenet.analysis.many.parts import Manifest, Parts, begin, claimed
from lenet.analysis.many.rows import FORMS, Row, check_form
from lenet.analysis.many.workers import FEW, Done, Part, Workers
from lenet.engines.choice import choose_device
from lenet.engines.threads import num_threads
from lenet.errors import ConfigError, RunError, quoted
from lenet.runs.opening import Source, network_of, open_trained

PART = 4096  # files: of small photographs about a second on one core


class Shows(Protocol):
    """What shows how far it has come."""

    def begins(self, files: Files, done: int) -> None:
        """The files are known, and how many of them have answers from before."""

    def advances(self, count: int) -> None:
        """So many more files are classified."""

    def cannot_read(self, row: Row) -> None:
        """A file cannot be read, as its row says; called once its part is written."""


class Silent:
    """Shows nothing."""

    def begins(self, files: Files, done: int) -> None:
        """Show nothing."""

    def advances(self, count: int) -> None:
        """Show nothing."""

    def cannot_read(self, row: Row) -> None:
        """Show nothing."""


# Classifies parts: yields what is done, as it comes, each part once as a whole.
Classifies = Callable[[Job, Iterable[Part], int], Iterator[Done]]


@dataclass(frozen=True)
class Summary:
    """What came of it.

    Attributes:
        num_files: how many images there are.
        num_done: those of them that had answers from before.
        num_ignored: other files in the folder.
        num_errors: images that cannot be read, now and before.
        paths: the files of the answers.
    """

    num_files: int
    num_done: int
    num_ignored: int
    num_errors: int
    paths: tuple[Path, ...]


def predict_folder(
    run: Source,
    folder: Path,
    out: Path,
    *,
    form: str = "csv",
    device: str = "auto",
    part_size: int = PART,
    shows: Shows | None = None,
    classifies: Classifies | None = None,
) -> Summary:
    """Classify all images in a folder and its subfolders, and write the answers into another, in parts.

    Memory does not grow with the number of files. The same call goes on after an interruption; nothing that was written is
    done again.

    Args:
        run: as for `lenet.predict`, but no nn.Module.
        folder: of the images.
        out: of the answers: new, empty, or that of an interrupted call with the same network and files.
        form: "csv" or "parquet".
        device: "auto" and "cpu" take all cores, "cuda:0" a GPU.
        part_size: files in a part.
        shows: shows how far it has come.
        classifies: what does the work; by default the cores of this machine.

    Returns:
        Counts, and the files that were written.

    Raises:
        ConfigError: the form is unknown.
        MissingExtra: a package is missing.
        DataError: the folder cannot be read, or has no images.
        EngineError: the device is not there.
        RunError: the run cannot be read; the folder of the answers holds others, or cannot be written.
    """
    if form not in FORMS:
        raise ConfigError(f"the answers are to be {form}; expected {' or '.join(FORMS)}")
    check_form(form)
    check_folder(folder)
    trained = network_of(open_trained(run))
    if classifies is None:
        choose_device(device)  # before a folder is made; the nodes of a cluster have devices of their own
    shows, classifies = shows or Silent(), classifies or on_all_cores
    job = Job.of(trained, folder, device)
    sha256 = hashlib.sha256(trained.pack(trained.weights, trained.calibration)).hexdigest()
    with claimed(out), listing(folder, part_size, out) as files:
        manifest = Manifest(
            network=sha256,
            folder=job.folder,
            num_files=files.count,
            sha256=files.sha256,
            form=form,
            part_size=part_size,
        )
        parts = begin(out, manifest)
        before = [number for number in range(files.num_parts) if parts.has(number)]
        sizes = [_size(files, number, part_size) for number in before]
        num_done = sum(sizes)
        num_errors = sum(map(parts.num_errors, before, sizes))
        shows.begins(files, num_done)
        wanted = (Part(number, files.part(number)) for number in range(files.num_parts) if not parts.has(number))
        for done in classifies(job, wanted, files.count - num_done):
            shows.advances(done.num_files)
            if done.rows is not None:
                num_errors += _written(parts, done, shows)
        paths = tuple(parts.path(number) for number in range(files.num_parts))
    return Summary(files.count, num_done, files.ignored, num_errors, paths)


def check_folder(folder: Path) -> None:
    """Raise ConfigError unless it is a folder."""
    if not folder.is_dir():
        hint = "--csv FILE writes the answers for archives and tables" if folder.is_file() else "check its name"
        raise ConfigError(f"{folder} is not a folder; --out takes one folder of images", hint=hint)


def on_all_cores(job: Job, parts: Iterable[Part], num_files: int) -> Iterator[Done]:
    """Classify parts on all cores of this machine; a GPU is asked by one worker."""
    most = num_threads(None) if job.device == "cpu" else 1
    with Workers(job, parts, max(1, min(most, num_files // FEW))) as workers:
        yield from workers


def _size(files: Files, number: int, part_size: int) -> int:
    return min(part_size, files.count - number * part_size)


def _written(parts: Parts, done: Done, shows: Shows) -> int:
    """Write the rows of a part, and return how many of them are errors."""
    rows = done.rows or []
    if [row.file for row in rows] != list(done.part.names):
        raise RunError(f"part {done.part.number} came back with other files", hint=f"try again: {quoted(parts.folder)}")
    parts.write(done.part.number, FORMS[parts.form][0](rows))
    bad = [row for row in rows if row.error is not None]
    for row in bad:
        shows.cannot_read(row)
    return len(bad)
