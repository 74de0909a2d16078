"""What the columns of a CSV of pixels are: labels first, last or none, with a header or without."""

from dataclasses import dataclass

from lenet.data.own import arrays, columns
from lenet.data.own.names import is_image

MIN_COLUMNS = 16
SAMPLE = 200  # lines from which the column of labels is told, where no header names it
MAX_CLASSES = 200
DELIMITERS = (b",", b";", b"\t", b" ", b"|")


@dataclass(frozen=True)
class Layout:
    """What the columns of a table of pixels are.

    Args:
        delimiter: What is between columns.
        has_header: Whether the first line names the columns.
        width: How many columns there are.
        label: The column of labels; None if there is none.
        pixels: The columns of pixels; one for pixels that are all in one column.
        split: The column of splits.
        size: Height and width, where the header says them.
    """

    delimiter: bytes
    has_header: bool
    width: int
    label: int | None
    pixels: tuple[int, ...]
    split: int | None = None
    size: tuple[int, int] | None = None

    @property
    def is_packed(self) -> bool:
        """Whether all pixels are in one column, with spaces between them."""
        return len(self.pixels) == 1


def find_layout(start: bytes) -> Layout | None:
    """Tell the columns of a table of pixels.

    Args:
        start: Its first lines.

    Returns:
        What they are; None if it is none.
    """
    lines = start.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").split(b"\n")
    lines = lines[:-1] if len(lines) > 2 else lines  # the last may be cut off
    rows = [line for line in lines[: SAMPLE + 1] if line.strip()]
    if not rows:
        return None
    delimiter = max(DELIMITERS[:3], key=rows[-1].count)
    delimiter = delimiter if rows[-1].count(delimiter) else max(DELIMITERS[3:], key=rows[-1].count)
    cells = [row.replace(b'"', b"").split(delimiter) for row in rows]
    width, has_header = len(cells[0]), not any(map(_is_number, cells[0][1:-1] or cells[0]))
    header = [columns.normalize(cell.decode("utf-8", "replace")) for cell in cells[0]] if has_header else []
    body = [row for row in cells[has_header:] if len(row) == width]
    label, split = columns.find(header, columns.LABELS), columns.find(header, columns.SPLITS)
    if columns.PIXELS in header:
        return Layout(delimiter, True, width, label, (header.index(columns.PIXELS),), split)
    is_list = any(is_image(cell.decode("utf-8", "replace").strip()) for cell in (body or cells)[0])
    if is_list or width < MIN_COLUMNS or not body or not all(map(_is_number, body[0][1:-1])):
        return None
    others = [i for i in range(width) if i != label and not (header and header[i] in columns.NUMBERS)]
    if label is None and arrays.side(len(others)) is None and arrays.side(len(others) - 1) is not None:
        label = _label_column(body, others)
        others.remove(label)
    return Layout(delimiter, has_header, width, label, tuple(others), None, _size(header, others))


def _is_number(cell: bytes) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _label_column(body: list[list[bytes]], others: list[int]) -> int:
    """The first or the last column: the one that has several values but not very many, or text."""

    def is_label(column: int) -> bool:
        values = {row[column] for row in body}
        is_text = not all(map(_is_number, values))
        return is_text or 2 <= len(values) <= min(MAX_CLASSES, max(2, len(body) // 2))

    first, last = others[0], others[-1]
    return last if is_label(last) and not is_label(first) else first


def _size(header: list[str], others: list[int]) -> tuple[int, int] | None:
    """Height and width by the name of the last column of pixels, 28x28, if the columns are named so."""
    match = columns.ROW_AND_COLUMN.fullmatch(header[others[-1]]) if header and others else None
    if match is None:
        return None
    first_row = columns.ROW_AND_COLUMN.fullmatch(header[others[0]])
    base = 1 - int(first_row[1]) if first_row else 0
    size = int(match[1]) + base, int(match[2]) + base
    return size if size[0] * size[1] == len(others) else None
