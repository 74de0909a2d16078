"""A CSV of pixels, an image a line: Kaggle's train.csv and test.csv, mnist_train.csv without header, FER's pixels."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lenet.data.own.formats import arrays, emnist, number_rows, words
from lenet.data.own.formats.csv_layout import Layout, find_layout
from lenet.data.own.growing import Growing
from lenet.data.own.items import BadItems, Draft
from lenet.data.own.listing import Files
from lenet.data.own.names import split_of
from lenet.data.own.sniff import head
from lenet.data.own.streams import CHUNK, MAX_TOTAL, unpacked
from lenet.errors import DataError
from lenet.files.untrusted import printable

MAX_LINE = 4 << 20  # bytes; an image of a megapixel
MAX_CELL = 30  # characters of a cell in a message


def read(files: Files, names: list[str], bad: BadItems) -> Draft:
    """Read tables of pixels.

    Args:
        files: Where they are.
        names: Which; several are splits, as their names say.
        bad: Takes lines of the wrong width, or with something else than numbers.

    Returns:
        One item a line.

    Raises:
        DataError: A file has another number of pixels than an image, or nothing in it.
    """
    names = words.distinct(names)
    words.check_one_set(files, names)
    parts: list[arrays.Part] = []
    for name in names:
        reader = _Reader(name, bad)
        with files.open(name, files.most) as file, unpacked(file, name, MAX_TOTAL) as stream:
            reader.read(stream)
        parts += reader.parts(words.split(PurePosixPath(name).name))
    kind = f"{files.kind}a CSV of pixels" if len(names) == 1 else f"{files.kind}CSVs of pixels"
    draft = arrays.draft(kind, parts, files.sources(names), emnist.class_names(files, names[0]))
    draft.notes = emnist.notes(names)
    return draft


def matching(files: Files, names: list[str]) -> list[str]:
    """Return those of some files that are tables of pixels."""
    return [name for name in names if find_layout(head(files, name)) is not None]


class _Reader:
    """Reads one table, some lines at a time."""

    def __init__(self, name: str, bad: BadItems) -> None:
        self.name, self.bad = name, bad
        self.line = 1  # the number of the next line
        self.numbers = Growing()  # (rows, pixels)
        self.labels: list[NDArray[Any]] = []
        self.splits: list[bytes] = []
        self.lines = Growing()  # int64, the number of each row's line
        self.layout: Layout | None = None

    def read(self, stream: BinaryIO) -> None:
        for text in _whole_lines(stream, self.name):
            if self.layout is None:
                self.layout = find_layout(text)
                if self.layout is None:
                    raise DataError(f"{self.name} is no table of pixels", hint="expected label,pixel0,pixel1,…")
                text = self._without_header(text)
            if text:
                self._add(text)
        if self.layout is None or not self.numbers:
            raise DataError(f"{self.name} has no lines of pixels", hint="expected label,pixel0,pixel1,…")

    def _without_header(self, text: bytes) -> bytes:
        first, _, rest = text.partition(b"\n")
        if self.layout is not None and self.layout.has_header:
            self.line += 1
            return rest
        if b"." in first and b"." not in rest[: len(first)]:
            # pandas took the first image for a header, and made its numbers different: 0, 0.1, 0.2.
            first = b",".join(cell.split(b".")[0] for cell in first.split(b","))
        return first + b"\n" + rest

    def _add(self, text: bytes) -> None:
        layout, count = self.layout, text.count(b"\n")
        if layout is None:
            return
        numbers = np.arange(self.line, self.line + count)
        self.line += count
        plain = text.replace(b'"', b"") if b'"' in text else text
        plain = plain if layout.delimiter == b"," else plain.replace(layout.delimiter, b",")
        values = None if layout.is_packed else number_rows.parse(plain, layout.width)
        if values is not None:
            first, last = layout.pixels[0], layout.pixels[-1]
            is_whole = last - first + 1 == len(layout.pixels)
            self.numbers.append(values[:, first : last + 1] if is_whole else values[:, layout.pixels])
            if layout.label is not None:
                self.labels.append(values[:, layout.label].copy())
            self.lines.append(numbers)
            return
        rows = plain.split(b"\n")[:-1]
        if not self._add_labelled(rows, numbers, layout):
            self._add_rows([row.split(b",") for row in rows], numbers, layout)

    def _add_labelled(self, rows: list[bytes], numbers: NDArray[np.int64], layout: Layout) -> bool:
        """Lines of a text and pixels, or of pixels and a text, if all are good."""
        if layout.label not in (0, layout.width - 1) or len(layout.pixels) != layout.width - 1 or layout.is_packed:
            return False
        pairs = [row.partition(b",") if layout.label == 0 else row.rpartition(b",")[::-1] for row in rows]
        values = number_rows.parse(b"\n".join([pixels for _, _, pixels in pairs]) + b"\n", layout.width - 1)
        if values is None:
            return False
        self.numbers.append(values)
        self.lines.append(numbers)
        self.labels.append(_numbers_or_text([label for label, _, _ in pairs]))
        return True

    def _add_rows(self, rows: list[list[bytes]], numbers: NDArray[np.int64], layout: Layout) -> None:
        """Lines with text, or with something wrong, which is named."""
        kept = []
        for i, row in enumerate(rows):
            if len(row) == layout.width:
                kept.append(i)
            elif row != [b""]:
                what = (
                    f"has {len(row):,} column{'s' * (len(row) != 1)}; expected {layout.width:,}, as in the first line"
                )
                self.bad.add(f"{self.name}, line {numbers[i]}", what)
        pixels = [b",".join([rows[i][column] for column in layout.pixels]) for i in kept]
        pixels = [row.strip().replace(b" ", b",") for row in pixels] if layout.is_packed else pixels
        if not pixels:
            return
        width = pixels[0].count(b",") + 1 if layout.is_packed else len(layout.pixels)
        width = self.numbers.row[0] if self.numbers else width
        values = number_rows.parse(b"\n".join(pixels) + b"\n", width)
        if values is None:
            each = [number_rows.parse(row + b"\n", width) for row in pixels]
            for i, value in zip(kept, each, strict=True):
                if value is None:
                    self.bad.add(f"{self.name}, line {numbers[i]}", _what_is_wrong(rows[i], layout, width))
            kept = [i for i, value in zip(kept, each, strict=True) if value is not None]
            good = [value for value in each if value is not None]
            if not good:
                return
            values = np.concatenate(good)
        self.numbers.append(values)
        self.lines.append(numbers[kept])
        if layout.label is not None:
            self.labels.append(_numbers_or_text([rows[i][layout.label] for i in kept]))
        if layout.split is not None:
            self.splits += [rows[i][layout.split] for i in kept]

    def parts(self, split: str | None) -> list[arrays.Part]:
        """What was read, by splits."""
        layout = self.layout
        pixels, lines = self.numbers.array(), self.lines.array()
        has_text = any(part.dtype.kind == "U" for part in self.labels)
        labels = np.concatenate(list(map(_as_text, self.labels)) if has_text else self.labels) if self.labels else None
        size = layout.size if layout is not None else None
        images = arrays.to_images(pixels, self.name, size)
        if emnist.is_emnist(self.name):
            images = arrays.contiguous(images.transpose(0, 2, 1))
        if not self.splits:
            return [arrays.Part(self.name, images, labels, split, lambda i: f"{self.name}, line {lines[i]}")]
        which = np.array([_split(value) or "" for value in self.splits])
        return [
            arrays.Part(
                self.name,
                images[which == value],
                None if labels is None else labels[which == value],
                value or None,
                lambda i, own=lines[which == value]: f"{self.name}, line {own[i]}",  # type: ignore[misc]
            )
            for value in sorted(set(which.tolist()))
        ]


def _split(value: bytes) -> str | None:
    """FER's usage: Training, PublicTest, PrivateTest."""
    text = value.decode("utf-8", "replace").strip().lower()
    return {"publictest": "validation", "privatetest": "test"}.get(text) or split_of(text)


def _numbers_or_text(cells: list[bytes]) -> NDArray[Any]:
    try:
        return np.array(cells).astype(np.float64)
    except ValueError:
        return np.array([cell.decode("utf-8", "replace").strip() for cell in cells])


def _as_text(labels: NDArray[Any]) -> NDArray[Any]:
    """Labels of some lines as text, where those of other lines are: 5, not 5.0."""
    is_whole = labels.dtype.kind == "f" and (labels == np.floor(labels)).all()
    return labels.astype(np.int64).astype(str) if is_whole else labels.astype(str)


def _what_is_wrong(row: list[bytes], layout: Layout, width: int) -> str:
    if layout.is_packed:
        return f"has other pixels; expected {width:,} numbers with spaces between them"
    for column in layout.pixels:
        if number_rows.parse(row[column] + b"\n", 1) is None:
            cell = printable(row[column][:MAX_CELL].decode("utf-8", "replace"))
            return (
                f"has {cell!r} in column {column + 1}; expected a number"
                if cell
                else (f"has nothing in column {column + 1}; expected a number")
            )
    return "has something that is not a number"


def _whole_lines(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """Read some whole lines at a time; line feeds end all of them, the last too."""
    left = b""
    while part := stream.read(CHUNK):
        text = left + part
        end = text.rfind(b"\n") + 1
        left = text[end:]
        if len(left) > MAX_LINE:
            raise DataError(f"{name} has a line of more than {MAX_LINE:,} bytes", hint="it is no CSV")
        if end:
            yield text[:end].replace(b"\r\n", b"\n").removeprefix(b"\xef\xbb\xbf")
    if left.strip():
        yield left.replace(b"\r", b"").removeprefix(b"\xef\xbb\xbf") + b"\n"
