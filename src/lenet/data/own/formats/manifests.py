"""Lists of files and labels: CSV, TSV, JSON lines, JSON; Hugging Face's metadata, Label Studio's exports, one-hot columns."""

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lenet.data.own.formats import columns, tables, words
from lenet.data.own.formats.resolver import URL, Resolver
from lenet.data.own.formats.tables import Table
from lenet.data.own.items import BadItems, Draft, Item
from lenet.data.own.listing import Files
from lenet.data.own.names import is_image, split_of
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
    problems: list[DataError] = []
    for kind in ("table", "jsonl", "json"):
        for name in kinds.get(kind, ()):
            if SAMPLES.search(PurePosixPath(name).name):
                continue
            try:
                pair = _table(files, name, kind)
            except DataError as error:  # some other file, unless nothing else has labels
                problems.append(error)
            else:
                found += [pair] if pair else []
    if not any(which.has_labels for _, which in found):
        needs_labels = bad.for_training and any(map(is_image, files.names))
        if problems and (needs_labels or len(files.names) == 1):
            raise problems[0]
        return None
    listed = _Listed()
    notes: list[str] = []
    splits = [None if which.split is not None else _split_of(table.name) for table, which in found]
    for (table, which), split in zip(found, splits, strict=True):
        if split is None and which.split is None and any(splits):
            notes.append(f"{table.name} is ignored, as its name says no split")
        elif which.has_labels or split == "test":
            _add(table, which, split, Resolver(files, table.name), bad, listed)
    names = [item.name for item in listed.items]
    others = sum(map(is_image, files.names)) - len(names)
    notes += [f"images that {found[0][0].name} does not list are ignored: {others:,}"] * (others > 0)
    used = [table.name for table, _ in found]
    suffix = PurePosixPath(used[0]).suffix.lstrip(".").lower()
    return Draft(
        f"{files.kind}images listed in a {NAMED.get(suffix, 'CSV')} file",
        listed.items,
        lambda i: files.read(names[i]),
        files=files.sources(used),
        notes=tuple(notes),
    )


def metadata(files: Files) -> dict[str, list[str]]:
    """The files that label images even where there are class folders, by kind."""
    names = [name for name in files.names if name.rpartition("/")[2].lower() in METADATA]
    return {
        "table": [name for name in names if not name.lower().endswith(".jsonl")],
        "jsonl": [name for name in names if name.lower().endswith(".jsonl")],
    }


def _table(files: Files, name: str, kind: str) -> tuple[Table, Columns] | None:
    """A table and its columns, if it lists files."""
    table = tables.read_csv(files, name) if kind == "table" else tables.read_json(files, name, kind == "jsonl")
    resolver = Resolver(files, name)
    if table.titles:
        which = _columns(table.titles, table.rows, resolver)
        return (table, which) if which else None
    if not table.rows:
        return None
    titles = table.rows[0]
    which = _columns(titles, table.rows[1:], resolver)
    if which and not resolver.find(titles[which.file]):
        return Table(name, titles, table.rows[1:], table.lines[1:]), which
    nameless = [""] * len(titles)
    which = _columns(nameless, table.rows, resolver)
    return (Table(name, nameless, table.rows, table.lines), which) if which else None


def _columns(titles: list[str], rows: list[list[str]], resolver: Resolver) -> Columns | None:
    """Tell the columns by name, else by what is in them."""
    header = list(map(columns.normalize, titles))
    sample = [row for row in rows[:SAMPLE] if len(row) == len(header)]
    if not sample or len(header) > tables.MAX_COLUMNS:
        return None
    named = [i for name in columns.FILES if (i := columns.find(header, [name])) is not None]
    anywhere = sorted(range(len(header)), key=lambda i: not _look_like_files(sample, i))
    file = next((i for i in (*named, *anywhere) if _are_files(sample, i, resolver)), None)
    if file is None:
        return None
    split = columns.find(header, columns.SPLITS, (file,))
    split = split if split is not None and any(_split_value(row[split]) for row in sample) else None
    label = columns.find(header, columns.LABELS, (file, split))
    if label is not None:
        return Columns(file, label, split)
    all_others = [i for i in range(len(header)) if i not in (file, split)]
    rest = [i for i in all_others if not header[i] or not columns.is_number(header[i])]
    one_hot = [i for i in rest if all(row[i].strip() in ("0", "1", "0.0", "1.0") for row in sample)]
    if len(one_hot) > 1 and all(sum(float(row[i]) for i in one_hot) == 1 for row in sample):
        return Columns(file, None, split, tuple(one_hot), tuple(titles[i].strip() for i in one_hot))
    if len(rest) == 1:
        return Columns(file, rest[0], split)
    if not rest and len(all_others) == 1 and len({tuple(row[i] for i in all_others) for row in sample}) < len(sample):
        return Columns(file, all_others[0], split)  # such as Image, Id: a number of each row would not occur twice
    return Columns(file, None, split)


def _are_files(sample: list[list[str]], column: int, resolver: Resolver) -> bool:
    """Whether a column names files: all look like images, or one of the first exists."""
    return _look_like_files(sample, column) or any(resolver.find(row[column]) for row in sample[:3])


def _look_like_files(sample: list[list[str]], column: int) -> bool:
    return all(is_image(row[column].strip()) or URL.match(row[column]) for row in sample)


def _split_of(name: str) -> str | None:
    """The split of a manifest, by its name or its folder's."""
    path = PurePosixPath(name)
    return words.split(path.stem) or split_of(path.parent.name)


def _split_value(cell: str) -> str | None:
    text = cell.strip().lower()
    return USAGE.get(text) or split_of(text)


def _add(table: Table, which: Columns, split: str | None, resolver: Resolver, bad: BadItems, listed: _Listed) -> None:
    """Add the rows of a table."""
    is_float = which.label is not None and all(
        row[which.label].strip().removesuffix(".0").isdigit() for row in table.rows if len(row) > which.label
    )
    for number, row in enumerate(table.rows):
        place = table.place(number)
        if len(row) != len(table.titles):
            what = f"has {len(row)} column{'s' * (len(row) != 1)}; expected {len(table.titles)}"
            bad.add(place, f"{what}, as in the first line")
            continue
        label = _label(row, which, place, bad) if which.has_labels else ""
        if label is None:
            continue
        if not label and split != "test":
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


def _label(row: list[str], which: Columns, place: str, bad: BadItems) -> str | None:
    """The label of a row; "" if it has none, None if it has several."""
    if which.label is not None:
        text = row[which.label].strip()
        if text.startswith(("[", "{")):  # Label Studio's choices in a CSV
            try:
                text = tables.cell(tables.parse_json(text, place))
            except DataError:
                return text
            if text.startswith("["):
                bad.add(place, f"has several labels, {printable(text)}; expected one")
                return None
        return text
    ones = [
        name for column, name in zip(which.one_hot, which.names, strict=True) if row[column].strip() in ("1", "1.0")
    ]
    return ones[0] if len(ones) == 1 else ""
