"""What the columns of a CSV of pixels are: labels first, last or none, with a header or without."""

from dataclasses import dataclass

from lenet.data.own.formats import arrays, columns
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
    inner = cells[0][1:-1] or cells[0]
    width, has_header = len(cells[0]), not any(map(_is_number, inner)) or _are_counted(inner)
    header = [columns.normalize(cell.decode("utf-8", "replace")) for cell in cells[0]] if has_header else []
    body = [row for row in cells[has_header:] if len(row) == width]
    label, split = columns.find(header, columns.LABELS), columns.find(header, columns.SPLITS)
    if columns.PIXELS in header:
        return Layout(delimiter, True, width, label, (header.index(columns.PIXELS),), split)
    is_list = any(is_image(cell.decode("utf-8", "replace").strip()) for cell in (body or cells)[0])
    if is_list or width < MIN_COLUMNS or not body or not all(map(_is_number, body[0][1:-1])):
        return None
    others = [i for i in range(width) if i != label and any(row[i].strip() for row in body)]
    others = [i for i in others if not (header and columns.is_number(header[i]))]
    named = [i for i in others if header and columns.PIXEL.fullmatch(header[i])]
    are_pixels = len(named) >= MIN_COLUMNS and (arrays.side(len(named)) or _size(header, named)) is not None
    others = named if are_pixels else others
    if label is None and arrays.side(len(others)) is None and arrays.side(len(others) - 1) is not None:
        label = _label_column(body, others)
        others.remove(label)
    return Layout(delimiter, has_header, width, label, tuple(others), None, _size(header, others))


def _are_counted(cells: list[bytes]) -> bool:
    """Whether cells are 0, 1, 2 and so on, as pandas names columns."""
    start = int(cells[0]) if cells[0].isdigit() else 0
    return len(cells) >= MIN_COLUMNS - 2 and cells == [b"%d" % number for number in range(start, start + len(cells))]


def _is_number(cell: bytes) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _label_column(body: list[list[bytes]], others: list[int]) -> int:
    """The first or the last column: the one that has several values but not very many, or text."""

    def is_label(values: set[bytes]) -> bool:
        is_text = not all(map(_is_number, values))
        return is_text or 2 <= len(values) <= min(MAX_CLASSES, max(2, len(body) // 2))

    first, last = ({row[column] for row in body} for column in (others[0], others[-1]))
    is_last = (is_label(last) and not is_label(first)) or (len(first) == 1 < len(last))  # pixels in corners are alike
    return others[-1] if is_last else others[0]


def _size(header: list[str], others: list[int]) -> tuple[int, int] | None:
    """Height and width by the name of the last column of pixels, 28x28, if the columns are named so."""
    match = columns.ROW_AND_COLUMN.fullmatch(header[others[-1]]) if header and others else None
    if match is None:
        return None
    first_row = columns.ROW_AND_COLUMN.fullmatch(header[others[0]])
    base = 1 - int(first_row[1]) if first_row else 0
    size = int(match[1]) + base, int(match[2]) + base
    return size if size[0] * size[1] == len(others) else None
