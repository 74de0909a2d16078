"""Lists of files and labels: CSV, TSV, JSON lines, JSON; Hugging Face's metadata, Label Studio's exports, one-hot columns."""

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lenet.data.own import columns, tables, words
from lenet.data.own.items import BadItems, Draft, Item
from lenet.data.own.listing import Files
from lenet.data.own.names import is_image, split_of
from lenet.data.own.resolver import URL, Resolver
from lenet.data.own.tables import Table
from lenet.errors import DataError
from lenet.files.untrusted import printable

METADATA = {"metadata.csv", "metadata.jsonl", "metadata.tsv", "_classes.csv"}  # of Hugging Face, and of Roboflow
SAMPLES = re.compile("sample.?submission|^submission", re.I)  # Kaggle's examples of answers, whose labels mean nothing
SAMPLE = 20  # rows from which columns are told
USAGE = {"publictest": "validation", "privatetest": "test"}
NAMED = {"csv": "CSV", "tsv": "TSV", "jsonl": "JSON lines", "json": "JSON"}


@dataclass(frozen=True)
class Columns:
    """Which column is what.

    Args:
        file: Of the file.
        label: Of the label; None if there is none.
        split: Of the split; None if there is none.
        one_hot: The columns that are a class each, with 1 for the right one.
        names: Their names.
    """

    file: int
    label: int | None
    split: int | None
    one_hot: tuple[int, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def has_labels(self) -> bool:
        """Whether there are labels."""
        return self.label is not None or bool(self.one_hot)


@dataclass(eq=False)
class _Listed:
    """What the manifests list."""

    items: list[Item] = field(default_factory=list)
    places: dict[str, tuple[str, str | None]] = field(default_factory=dict)  # by file: where it is listed, its label


def read(files: Files, kinds: dict[str, list[str]], bad: BadItems) -> Draft | None:
    """Read manifests.

    Args:
        files: Where they are.
        kinds: The files that are not images, by kind.
        bad: Takes rows without a label, with a file that does not exist, or with another label than before.

    Returns:
        One item an image; None if no table lists files and labels.
    """
    found: list[tuple[Table, Columns]] = []
    for kind in ("table", "jsonl", "json"):
        for name in kinds.get(kind, ()):
            if not SAMPLES.search(PurePosixPath(name).name) and (pair := _table(files, name, kind)):
                found.append(pair)
    if not any(which.has_labels for _, which in found):
        return None
    listed = _Listed()
    for table, which in found:
        split = _split_of(table.name)
        if which.has_labels or split == "test":
            _add(files, table, which, split, bad, listed)
    names = [item.name for item in listed.items]
    others = sum(map(is_image, files.names)) - len(names)
    notes = (f"images that {found[0][0].name} does not list are ignored: {others:,}",) if others > 0 else ()
    used = [table.name for table, _ in found]
    suffix = PurePosixPath(used[0]).suffix.lstrip(".").lower()
    return Draft(
        f"{files.kind}images listed in a {NAMED.get(suffix, 'CSV')} file",
        listed.items,
        lambda i: files.read(names[i]),
        files=files.sources(used),
        notes=notes,
    )


def metadata(files: Files) -> dict[str, list[str]]:
    """The files that label images even where there are class folders, by kind."""
    names = [name for name in files.names if PurePosixPath(name).name.lower() in METADATA]
    return {
        "table": [name for name in names if not name.lower().endswith(".jsonl")],
        "jsonl": [name for name in names if name.lower().endswith(".jsonl")],
    }


def _table(files: Files, name: str, kind: str) -> tuple[Table, Columns] | None:
    """A table and its columns, if it lists files."""
    try:
        table = tables.read_csv(files, name) if kind == "table" else tables.read_json(files, name, kind == "jsonl")
    except DataError:
        if files.path.is_dir():
            return None  # some other file
        raise
    resolver = Resolver(files, name)
    if table.header:
        which = _columns(table.header, table.rows, resolver)
        return (table, which) if which else None
    if not table.rows:
        return None
    header = list(map(columns.normalize, table.rows[0]))
    which = _columns(header, table.rows[1:], resolver)
    if which and not resolver.find(table.rows[0][which.file]):
        return Table(name, header, table.rows[1:], table.lines[1:]), which
    which = _columns([""] * len(header), table.rows, resolver)
    return (Table(name, [""] * len(header), table.rows, table.lines), which) if which else None


def _columns(header: list[str], rows: list[list[str]], resolver: Resolver) -> Columns | None:
    """Tell the columns by name, else by what is in them."""
    sample = [row for row in rows[:SAMPLE] if len(row) == len(header)]
    if not sample or len(header) > tables.MAX_COLUMNS:
        return None
    file = next(
        (
            header.index(name)
            for name in columns.FILES
            if name in header and _are_files(sample, header.index(name), resolver)
        ),
        None,
    )
    if file is None:
        file = next((i for i in range(len(header)) if _are_files(sample, i, resolver)), None)
    if file is None:
        return None
    split = columns.find(header, columns.SPLITS, (file,))
    split = split if split is not None and any(_split_value(row[split]) for row in sample) else None
    label = columns.find(header, columns.LABELS, (file, split))
    if label is not None:
        return Columns(file, label, split)
    rest = [i for i in range(len(header)) if i not in (file, split) and header[i] not in columns.NUMBERS - {""}]
    one_hot = [i for i in rest if all(row[i].strip() in ("0", "1", "0.0", "1.0") for row in sample)]
    if len(one_hot) > 1 and all(sum(float(row[i]) for i in one_hot) == 1 for row in sample):
        return Columns(file, None, split, tuple(one_hot), tuple(header[i] for i in one_hot))
    if len(rest) == 1:
        return Columns(file, rest[0], split)
    return Columns(file, None, split)


def _are_files(sample: list[list[str]], column: int, resolver: Resolver) -> bool:
    """Whether a column names files: at least one exists, or all look like images."""
    cells = [row[column] for row in sample]
    return all(is_image(cell.strip()) or URL.match(cell) for cell in cells) or any(map(resolver.find, cells[:3]))


def _split_of(name: str) -> str | None:
    """The split of a manifest, by its name or its folder's."""
    path = PurePosixPath(name)
    return words.split(path.stem) or split_of(path.parent.name)


def _split_value(cell: str) -> str | None:
    text = cell.strip().lower()
    return USAGE.get(text) or split_of(text)


def _add(files: Files, table: Table, which: Columns, split: str | None, bad: BadItems, listed: _Listed) -> None:
    """Add the rows of a table."""
    resolver = Resolver(files, table.name)
    is_float = which.label is not None and all(
        row[which.label].strip().removesuffix(".0").isdigit() for row in table.rows if len(row) > which.label
    )
    for number, row in enumerate(table.rows):
        place = table.place(number)
        if len(row) != len(table.header):
            bad.add(
                place,
                f"has {len(row)} column{'s' * (len(row) != 1)}; expected {len(table.header)}, as in the first line",
            )
            continue
        label = _label(row, which, place, bad) if which.has_labels else None
        if label == "" and split != "test":
            bad.add(place, "has no label")
            continue
        label = label.removesuffix(".0") if label and is_float else label or None
        own_split = split
        if which.split is not None and row[which.split].strip():
            own_split = _split_value(row[which.split])
            if own_split is None:
                bad.add(place, f"has the split {printable(row[which.split])!r}; expected train, validation or test")
                continue
        _add_item(Item(row[which.file], label, own_split), place, resolver, bad, listed)


def _add_item(item: Item, place: str, resolver: Resolver, bad: BadItems, listed: _Listed) -> None:
    """Add an item whose name is a cell, if it means one file."""
    found = resolver.find(item.name)
    if len(found) != 1:
        cell = printable(item.name)
        if not found:
            bad.add(place, f"names {cell}, which does not exist", "paths are relative to the list")
        else:
            bad.add(place, f"names {cell}, which may be {found[0]} or {found[1]}", "give the path from the list")
        return
    earlier = listed.places.get(found[0])
    if earlier is None:
        listed.places[found[0]] = place, item.label
        listed.items.append(item._replace(name=found[0]))
    elif earlier[1] != item.label:
        bad.add(place, f"labels {found[0]} {item.label}; {earlier[0]} labels it {earlier[1]}")


def _label(row: list[str], which: Columns, place: str, bad: BadItems) -> str:
    """The label of a row; "" if it has none."""
    if which.label is not None:
        text = row[which.label].strip()
        if text.startswith(("[", "{")):  # Label Studio's choices in a CSV
            try:
                text = tables.cell(tables.parse_json(text, place))
            except DataError:
                return text
            if text.startswith("["):
                bad.add(place, f"has several labels, {printable(text)}; expected one")
        return text
    ones = [
        name for column, name in zip(which.one_hot, which.names, strict=True) if row[column].strip() in ("1", "1.0")
    ]
    return ones[0] if len(ones) == 1 else ""
