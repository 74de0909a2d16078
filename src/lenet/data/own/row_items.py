"""The items of arrays, made when they are asked for: the names and labels of ten million images take little memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from lenet.data.mapped import positions, scratch
from lenet.data.own.items import Item

AT_ONCE = 1 << 18  # items looked at at a time


@dataclass(frozen=True, eq=False)
class Rows:
    """The items of one array.

    Attributes:
        name: gives the name of row number i.
        labels: the labels that occur, None for rows without one.
        codes: unsigned (N,), for each row the position of its label in `labels`.
        split: "train", "validation", "test" or None.
    """

    name: Callable[[int], str]
    labels: tuple[str | None, ...]
    codes: NDArray[np.unsignedinteger[Any]]
    split: str | None = None

    def taken(self, indices: NDArray[np.int64]) -> "Rows":
        """Return some of the rows."""
        name = self.name
        return replace(self, name=lambda i: name(int(indices[i])), codes=self.codes[indices])


class RowItems(Sequence[Item]):
    """The items of several arrays, one after the other.

    Args:
        parts: the items of each array.
    """

    def __init__(self, parts: Sequence[Rows]) -> None:
        self.parts = tuple(parts)
        self.starts = np.cumsum([0, *(len(part.codes) for part in self.parts)]).tolist()

    def __len__(self) -> int:
        return int(self.starts[-1])

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        if isinstance(index, slice):
            return [self[i] for i in range(len(self))[index]]
        index = range(len(self))[index]
        number = int(np.searchsorted(self.starts, index, side="right")) - 1
        part, row = self.parts[number], index - self.starts[number]
        return Item(part.name(row), part.labels[int(part.codes[row])], part.split)

    def __iter__(self) -> Iterator[Item]:
        return (self[i] for i in range(len(self)))

    def taken(self, indices: NDArray[np.int64]) -> "RowItems":
        """Return some of the items; `indices` is ascending."""
        bounds = np.searchsorted(indices, self.starts).tolist()
        return RowItems(
            [
                part.taken(indices[first:last] - start)
                for part, start, first, last in zip(self.parts, self.starts, bounds, bounds[1:], strict=False)
            ]
        )


@dataclass(frozen=True, eq=False)
class Coded:
    """The labels and splits of items, as numbers.

    Attributes:
        labels: the labels that occur, None among them if items have none.
        label_codes: unsigned (N,), for each item the position of its label in `labels`.
        splits: the splits that occur, None for items in none.
        split_codes: uint8 (N,), for each item the position of its split in `splits`.
        counts: int64 (labels, splits), how many items of each label and split there are.
    """

    labels: tuple[str | None, ...]
    label_codes: NDArray[np.unsignedinteger[Any]]
    splits: tuple[str | None, ...]
    split_codes: NDArray[np.uint8]
    counts: NDArray[np.int64]

    def count(self, label: str | None) -> int:
        """How many items have a label."""
        return int(self.counts[self.labels.index(label)].sum()) if label in self.labels else 0

    def in_split(self, *splits: str | None) -> NDArray[np.bool_]:
        """Whether each item is in one of some splits, bool (N,)."""
        known = np.array([split in splits for split in self.splits], np.bool_)
        return _looked_up(known, self.split_codes)

    def positions(self, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the items with some labels, ascending; `wanted` says of each of `labels` whether it is one."""
        return positions(_looked_up(wanted, self.label_codes))

    def numbers(self, values: Sequence[int], dtype: Any = np.int64) -> NDArray[Any]:
        """Return a number for each item, (N,), by those of `labels`."""
        return _looked_up(np.array(values, dtype), self.label_codes)


def taken_items(items: Sequence[Item], indices: NDArray[np.int64]) -> Sequence[Item]:
    """Return some items; `indices` is ascending."""
    if len(indices) == len(items):
        return items
    return items.taken(indices) if isinstance(items, RowItems) else [items[i] for i in indices.tolist()]


def without_splits(items: Sequence[Item]) -> Sequence[Item]:
    """Return the same items, in no split."""
    if isinstance(items, RowItems):
        return RowItems([replace(part, split=None) for part in items.parts])
    return [item._replace(split=None) for item in items]


def coded(items: Sequence[Item]) -> Coded:
    """Return the labels and splits of items as numbers."""
    if not isinstance(items, RowItems):
        return _of_list(items)
    labels: dict[str | None, int] = {}
    splits: dict[str | None, int] = {}
    for part in items.parts:
        for code in np.flatnonzero(_counted(part.codes, len(part.labels))).tolist():
            labels.setdefault(part.labels[code], len(labels))
        if len(part.codes):
            splits.setdefault(part.split, len(splits))
    label_codes = scratch((len(items),), np.min_scalar_type(len(labels)))
    split_codes = scratch((len(items),), np.uint8)
    counts = np.zeros((len(labels), len(splits)), np.int64)
    for start, part in zip(items.starts, items.parts, strict=False):
        table = np.array([labels.get(label, 0) for label in part.labels], label_codes.dtype)
        if not len(part.codes):
            continue
        for first in range(0, len(part.codes), AT_ONCE):
            codes = table[part.codes[first : first + AT_ONCE]]
            label_codes[start + first : start + first + len(codes)] = codes
            split_codes[start + first : start + first + len(codes)] = splits[part.split]
            counts[:, splits[part.split]] += np.bincount(codes, minlength=len(labels))
    return Coded(tuple(labels), label_codes, tuple(splits), split_codes, counts)


def unsplit(count: int) -> Coded:
    """Return so many items without labels, in no split."""
    return coded(RowItems([Rows(str, (None,), np.zeros(count, np.uint8))]))


def _of_list(items: Sequence[Item]) -> Coded:
    labels: dict[str | None, int] = {}
    splits: dict[str | None, int] = {}
    label_codes = np.array([labels.setdefault(item.label, len(labels)) for item in items], np.uint32)
    split_codes = np.array([splits.setdefault(item.split, len(splits)) for item in items], np.uint8)
    both = np.bincount(label_codes * max(1, len(splits)) + split_codes, minlength=len(labels) * len(splits))
    return Coded(tuple(labels), label_codes, tuple(splits), split_codes, both.reshape(len(labels), len(splits)))


def _looked_up(table: NDArray[Any], codes: NDArray[np.unsignedinteger[Any]]) -> NDArray[Any]:
    values = scratch(codes.shape, table.dtype)
    for start in range(0, len(codes), AT_ONCE):
        values[start : start + AT_ONCE] = table[codes[start : start + AT_ONCE]]
    return values


def _counted(codes: NDArray[np.unsignedinteger[Any]], most: int) -> NDArray[np.int64]:
    counts = np.zeros(most, np.int64)
    for start in range(0, len(codes), AT_ONCE):
        counts += np.bincount(codes[start : start + AT_ONCE], minlength=most)
    return counts
