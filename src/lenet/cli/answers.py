"""The answers of `lenet predict` as lines, as JSON and as CSV."""

import csv
import io
import json
import mmap
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

from lenet.analysis.answer import Answer, Reading, Unreadable
from lenet.analysis.given_images import Given
from lenet.analysis.many.rows import COLUMNS, Row
from lenet.analysis.score import Score
from lenet.cli.output import note, print_table, say
from lenet.errors import ConfigError
from lenet.files import durable, untrusted

STDOUT = "-"


class Table:
    """Answers as CSV: ImageId,Label for rows of pixels, as Kaggle wants it; file,label,probability,unknown for files.

    Args:
        target: the file to write, at the end; or "-" for stdout, line by line.
        images: all images.

    Raises:
        ConfigError: if the file cannot be written later.
    """

    def __init__(self, target: str, images: Sequence[Given]) -> None:
        self.target = target
        # In a file, as there may be millions of answers; closed with this object, which outlives any `with`.
        self.text = tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogateescape", newline="")  # noqa: SIM115
        weakref.finalize(self, self.text.close)
        self.has_rows = bool(images) and all(image.row is not None for image in images)
        self.writer = csv.writer(self.text, lineterminator="\n")
        if target != STDOUT and not (folder := Path(target).parent).is_dir():
            raise ConfigError(f"cannot write {target}: there is no folder {folder}", hint="make the folder first")
        self._write(["ImageId", "Label"] if self.has_rows else [*COLUMNS[:-1]])

    def add(self, image: Given, answer: Answer) -> None:
        """Add a line; an image that could not be classified has an empty label.

        `unknown` is true or false, and empty if the network has no calibration. The label of an unknown image is the nearest.
        """
        name, label, probability, unknown, _ = Row.of(answer).cells()
        self._write([str(image.row), label] if self.has_rows else [name, label, probability, unknown])

    def finish(self) -> None:
        """Write the file. Raises ConfigError if that fails."""
        if self.target == STDOUT:
            return
        try:
            self.text.flush()
            with mmap.mmap(self.text.fileno(), 0, access=mmap.ACCESS_READ) as content:
                durable.write(Path(self.target), content)
        except OSError as error:
            what, hint = durable.explain(error)
            raise ConfigError(f"cannot write {self.target}: {what}", hint=hint) from error
        note(f"wrote {self.target}")

    def _write(self, cells: list[str]) -> None:
        if self.target != STDOUT:
            self.writer.writerow(cells)
            return
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        say(line.getvalue()[:-1])


def print_line(answer: Answer, top: int) -> None:
    """Print the most probable classes of an image, or of each of its parts what they show; and what seems wrong."""
    if not isinstance(answer, Reading):
        return
    first = answer.parts[0]
    cells = [untrusted.printable(answer.image)]
    if len(answer.parts) > 1:
        cells += [answer.label, *map(str, answer.parts)]
    else:
        if first.is_unknown:
            cells.append(f"unknown: {first.reason}; nearest")
        cells += [f"{name} {probability:.1%}" for name, probability in first.top(top)]
        if first.num_parts > 1:
            cells.append(f"several parts: {first.num_parts}")
    if answer.expected not in (None, answer.label):
        cells.append(f"expected {answer.expected}")
    say("  ".join(cells))


def print_json(answer: Answer) -> None:
    """Print an answer, or what is wrong with the image, as a line of JSON."""
    say(json.dumps(answer.to_dict()))


def print_error(answer: Unreadable, hints: set[str]) -> None:
    """Print what is wrong with an image on stderr, and what to do, unless `hints` says that it was printed before."""
    note(f"error: {answer.error.message}")
    hint = answer.error.hint or "lenet predict --help explains which images it takes"
    if hint not in hints:
        note(f"hint: {hint}")
        hints.add(hint)


def print_score(score: Score, classes: Sequence[str], print_: Callable[[str], None] = say) -> None:
    """Print the accuracy on labelled images, and a table with a line for each class if it goes to stdout."""
    print_(f"accuracy {score.accuracy:.4f} on {score.num_images:,} labelled images")
    if print_ is say:
        rows = [
            [name, f"{score.images[name]:,}", f"{score.correct[name]:,}", score.mistaken_for(name)]
            for name in classes
            if score.images[name]
        ]
        print_table(["class", "images", "correct", "others taken for"], rows)
