"""The answers for image files as rows of a table, in CSV and in Parquet."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lenet.analysis.answer import Answer, Reading
from lenet.extras import require

COLUMNS = ("file", "label", "probability", "unknown", "error")


class Row(NamedTuple):
    """The answer for one image file.

    Args:
        file: its path in the folder, with "/".
        label: the most probable class, of an unknown image the nearest; None for a file that cannot be read.
        probability: of that class.
        unknown: whether the image is unlike those that the network was trained on; None without a calibration.
        error: why the file cannot be read, else None.
    """

    file: str
    label: str | None = None
    probability: float | None = None
    unknown: bool | None = None
    error: str | None = None

    @classmethod
    def of(cls, answer: Answer) -> "Row":
        """Return the row of an answer."""
        if not isinstance(answer, Reading):
            return cls(answer.image, error=answer.error.message)
        return cls(answer.image, answer.label, answer.probability, answer.is_unknown)

    def cells(self) -> list[str]:
        """Return the row as text, empty where it has nothing."""
        probability = "" if self.probability is None else f"{self.probability:.6f}"
        unknown = "" if self.unknown is None else str(self.unknown).lower()
        return [self.file, self.label or "", probability, unknown, self.error or ""]


class Counts(NamedTuple):
    """What a file of answers holds.

    Args:
        rows: how many there are.
        errors: how many of them are of files that cannot be read.
    """

    rows: int
    errors: int


def as_csv(rows: Sequence[Row]) -> bytes:
    """Return rows as a CSV file."""
    text = io.StringIO()
    usual, quoting = (
        csv.writer(text, lineterminator="\n", quoting=each) for each in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
    )
    usual.writerow(COLUMNS)
    for row in rows:
        writer = quoting if "\r" in row.file else usual  # csv quotes it only where a line ends with it
        writer.writerow(row.cells())
    return text.getvalue().encode(errors="surrogateescape")


def as_parquet(rows: Sequence[Row]) -> bytes:
    """Return rows as a Parquet file; a name that is no UTF-8 has its bytes as `\\xff`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = (pa.string(), pa.string(), pa.float64(), pa.bool_(), pa.string())
    valid = [row._replace(file=_valid(row.file), error=row.error and _valid(row.error)) for row in rows]
    columns = zip(*valid, strict=True) if valid else [()] * len(COLUMNS)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    target = pa.BufferOutputStream()
    pq.write_table(pa.table(dict(zip(COLUMNS, arrays, strict=True))), target)
    content: bytes = target.getvalue().to_pybytes()
    return content


def _valid(text: str) -> str:
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _count_csv(path: Path) -> Counts:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = csv.reader(file, strict=True)
        if tuple(next(rows, ())) != COLUMNS:
            raise ValueError(f"its first line is not {','.join(COLUMNS)}")
        num_rows = num_errors = 0
        for row in rows:
            if len(row) != len(COLUMNS):
                raise ValueError(f"row {num_rows + 1} has {len(row)} cells; expected {len(COLUMNS)}")
            num_rows, num_errors = num_rows + 1, num_errors + bool(row[-1])
        return Counts(num_rows, num_errors)


def _count_parquet(path: Path) -> Counts:
    import pyarrow.parquet as pq

    column: Any = pq.read_table(path, columns=["error"]).column("error")
    return Counts(len(column), len(column) - int(column.null_count))


# Each form of the answers: what makes its files, and what counts the rows in one of them.
FORMS: dict[str, tuple[Callable[[Sequence[Row]], bytes], Callable[[Path], Counts]]] = {
    "csv": (as_csv, _count_csv),
    "parquet": (as_parquet, _count_parquet),
}


def check_form(form: str) -> None:
    """Raise MissingExtra if a package is missing that a form of the answers needs."""
    if form == "parquet":
        require("parquet", "writing Parquet files")
