"""`lenet predict RUN FOLDER --out ANSWERS`: all images in a folder, whose answers go to files."""

import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import typer

from lenet.analysis.many.listing import Files
from lenet.analysis.many.predict import Classifies, Summary, predict_folder
from lenet.analysis.many.rows import Row
from lenet.cli.output import note, say
from lenet.cli.progress import Progress
from lenet.files.untrusted import printable

MAX_NAMED = 20  # files that cannot be read and are named on stderr; the answers name all
STOPPED = 130  # the exit code after Ctrl-C


@dataclass(frozen=True)
class Answers:
    """The answers that are wanted.

    Attributes:
        folder: in which they are written.
        form: "csv" or "parquet".
        device: that computes them.
        as_json: whether a summary is printed as JSON.
    """

    folder: Path
    form: str
    device: str
    as_json: bool


def predict_into(run: Path, images: Path, answers: Answers, ray: str | None) -> None:
    """Classify all images in a folder, print what cannot be read, and exit with 2 if there is any.

    Args:
        run: the network, as it was typed.
        images: the folder.
        answers: what is wanted.
        ray: the address of a cluster; None for this machine.
    """
    shown = _Shown(answers.folder)
    try:
        with _on_ray(ray) as classifies:
            summary = predict_folder(
                run,
                images,
                answers.folder,
                form=answers.form,
                device=answers.device,
                shows=shown,
                classifies=classifies,
            )
    except KeyboardInterrupt:
        shown.stopped()
        raise typer.Exit(STOPPED) from None
    except SystemExit:  # SIGTERM, SIGHUP
        shown.stopped()
        raise
    finally:
        shown.clear()
    _print(summary, answers)
    if summary.num_errors:
        raise typer.Exit(2)


def _on_ray(address: str | None) -> AbstractContextManager[Classifies | None]:
    if address is None:
        return nullcontext(None)
    from lenet.distributed.predict import cluster

    return cluster(address, note)


def _print(summary: Summary, answers: Answers) -> None:
    many = "" if len(summary.paths) == 1 else f" to {summary.paths[-1].name}"
    note(f"wrote {summary.paths[0]}{many}")
    numbers = {
        "files": summary.num_files,
        "from_before": summary.num_done,
        "cannot_be_read": summary.num_errors,
        "ignored": summary.num_ignored,
        "answers": [str(path) for path in summary.paths],
    }
    if answers.as_json:
        say(json.dumps(numbers))
        return
    text = _counted(summary.num_files - summary.num_errors, "image is classified", "images are classified")
    text += f", {summary.num_errors:,} cannot be read" if summary.num_errors else ""
    if summary.num_ignored:
        text += "; " + _counted(
            summary.num_ignored, "file that is no image is ignored", "files that are no images are ignored"
        )
    say(text)


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


class _Shown:
    """Shows on stderr how far it has come, and what cannot be read."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.num_named = folder, 0
        self.progress: Progress | None = None
        self.num_files = self.num_before = 0

    def begins(self, files: Files, done: int) -> None:
        self.num_files, self.num_before = files.count, done
        if done:
            some = f"{done:,} of {files.count:,} images have answers in {self.folder}; the others follow"
            every = f"{_counted(done, 'image has its answer', 'images have answers')} in {self.folder} already"
            note(f"note: {some if done < files.count else every}")
        self.progress = Progress(files.count - done, prints=False)

    def advances(self, count: int) -> None:
        if self.progress:
            self.progress.advance(count)

    def cannot_read(self, row: Row) -> None:
        self.num_named += 1
        if self.num_named <= MAX_NAMED:
            self.clear()
            note(f"error: {printable(row.error)}")
        elif self.num_named == MAX_NAMED + 1:
            self.clear()
            note(f"note: more images cannot be read; the column error in {self.folder} names all")

    def stopped(self) -> None:
        self.clear()
        if self.progress:
            note(f"stopped: what was written in {self.folder} is kept, and the same command goes on")

    def clear(self) -> None:
        if self.progress:
            self.progress.clear()
