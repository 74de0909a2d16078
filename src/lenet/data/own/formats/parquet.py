"""Hugging Face's parquet files: a column of images as {bytes, path}, and one of labels, whose names are in the schema."""

import importlib.util
import json
import threading
from collections import OrderedDict
from pathlib import PurePosixPath
from typing import Any

from lenet.data.own.formats import columns, words
from lenet.data.own.items import BadItems, Draft, Item
from lenet.data.own.listing import Files
from lenet.errors import DataError
from lenet.files.untrusted import printable
from lenet.images import limits

KINDS = ("parquet",)
MAX_ROWS = 5_000_000
MAX_GROUP = 1 << 30  # bytes of a group of rows, which is in memory as a whole
KEPT_GROUPS = 4
HINT = "expected a column of images and one of labels, as datasets.Dataset.to_parquet writes them"


def read(files: Files, names: list[str], bad: BadItems) -> Draft:
    """Read parquet files.

    Args:
        files: Where they are.
        names: Which; several are splits or parts of them, as their names say.
        bad: Takes rows without an image or a label.

    Returns:
        One item a row.

    Raises:
        DataError: A file is damaged, has no images, or pyarrow is not installed.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise DataError(f"{names[0]} is a parquet file, which needs pyarrow", hint='pip install "lenet[parquet]"')
    words.check_one_set(files, names)
    items: list[Item] = []
    places: list[tuple[_Table, int]] = []
    classes: dict[str, None] = {}
    for name in names:
        table = _Table(files, name)
        split = words.split(PurePosixPath(name).name) or words.split(PurePosixPath(name).parent.name)
        classes.update(dict.fromkeys(table.classes))
        for row, label in enumerate(table.labels()):
            item = Item(f"{name}, row {row + 1}", label, split)
            if label is None and table.label is not None and split != "test":
                bad.add(item.name, "has no label, or one that its schema does not know")
            else:
                items.append(item)
                places.append((table, row))
    return Draft(
        f"{files.kind}parquet files" if len(names) > 1 else f"{files.kind}a parquet file",
        items,
        lambda i: places[i][0].image(places[i][1]),
        classes=tuple(classes),
        files=files.sources(names),
    )


class _Table:
    """A parquet file, of which some groups of rows are in memory."""

    def __init__(self, files: Files, name: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.name = name
        self.lock = threading.Lock()
        self.groups: OrderedDict[int, Any] = OrderedDict()
        try:
            source: Any = files.sources([name])[0] if files.kind == "" else pa.BufferReader(files.read(name, 1 << 32))
            self.file = pq.ParquetFile(source)
            schema = self.file.schema_arrow
            meta = self.file.metadata
            starts = [0]
            for group in range(meta.num_row_groups):
                starts.append(starts[-1] + meta.row_group(group).num_rows)
                if meta.row_group(group).total_byte_size > MAX_GROUP:
                    raise DataError(
                        f"{name} has groups of rows that are too large", hint="write it with fewer rows a group"
                    )
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DataError(
                f"{name} is damaged, or no parquet file: {printable(error)}", hint="get it again"
            ) from error
        if starts[-1] > MAX_ROWS:
            raise DataError(f"{name} has {starts[-1]:,} rows; expected at most {MAX_ROWS:,}", hint="split it")
        self.starts = starts
        features = _features(schema.metadata or {})
        self.column = _image_column(schema, name)
        header = list(map(columns.normalize, schema.names))
        by_feature = [
            key for key, value in features.items() if value.get("_type") == "ClassLabel" and key in schema.names
        ]
        by_name = columns.find(header, columns.LABELS)
        self.label = by_feature[0] if by_feature else None if by_name is None else schema.names[by_name]
        given = features.get(self.label, {}).get("names") if self.label else None
        self.classes: list[str] = [str(value) for value in given] if isinstance(given, list) else []

    def labels(self) -> list[str | None]:
        """The label of each row."""
        if self.label is None:
            return [None] * self.starts[-1]
        values = self._table([self.label]).column(self.label).to_pylist()
        return [self._text(value) for value in values]

    def _text(self, value: Any) -> str | None:
        if self.classes and isinstance(value, int):
            return self.classes[value] if 0 <= value < len(self.classes) else None
        if isinstance(value, float) and value == value // 1:
            value = int(value)
        return str(value) if isinstance(value, str | int) and str(value).strip() else None

    def _table(self, names: list[str]) -> Any:
        import pyarrow as pa

        try:
            return self.file.read(columns=names)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DataError(f"{self.name} is damaged: {printable(error)}", hint="get it again") from error

    def image(self, row: int) -> bytes:
        """The content of the image file in a row."""
        import bisect

        import pyarrow as pa

        number = bisect.bisect_right(self.starts, row) - 1
        with self.lock:
            group = self.groups.get(number)
            if group is None:
                try:
                    group = self.file.read_row_group(number, columns=[self.column]).column(self.column)
                except (pa.ArrowException, OSError, ValueError) as error:
                    raise DataError(f"{self.name} is damaged: {printable(error)}", hint="get it again") from error
                self.groups[number] = group
                if len(self.groups) > KEPT_GROUPS:
                    self.groups.popitem(last=False)
        value = group[row - self.starts[number]].as_py()
        content = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(content, bytes) or len(content) > limits.MAX_BYTES:
            raise DataError(f"{self.name}, row {row + 1} holds no image", hint=HINT)
        return content


def _features(metadata: dict[bytes, bytes]) -> dict[str, Any]:
    """Hugging Face's description of the columns, from the schema."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return {}
    return (
        {key: value for key, value in features.items() if isinstance(value, dict)} if isinstance(features, dict) else {}
    )


def _image_column(schema: Any, name: str) -> str:
    """The column of images: the first that is a struct with bytes, or bytes."""
    import pyarrow as pa

    for field in schema:
        kind = field.type
        has_bytes = pa.types.is_struct(kind) and any(kind.field(i).name == "bytes" for i in range(kind.num_fields))
        if has_bytes or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            return str(field.name)
    raise DataError(f"{name} has the columns {', '.join(schema.names[:8])}, none of images", hint=HINT)
