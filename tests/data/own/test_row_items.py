"""Items, images and rows of large arrays behave as lists and arrays in memory."""

import numpy as np
import pytest

from lenet.data import mapped
from lenet.data.own import row_items
from lenet.data.own.growing import Growing
from lenet.data.own.items import Item
from lenet.data.own.stacked import Stacked


def test_items_of_rows_are_those_of_a_list():
    rows = [
        row_items.Rows(lambda i: f"a[{i}]", ("cat", None, "dog", "never"), np.array([0, 2, 1, 2], np.uint8), "train"),
        row_items.Rows(lambda i: f"b[{i}]", ("dog", "cow"), np.array([1, 1, 0], np.uint8), "test"),
    ]
    items, every = row_items.RowItems(rows), []
    for row in rows:
        every += [Item(row.name(i), row.labels[code], row.split) for i, code in enumerate(row.codes)]
    assert list(items) == every
    assert (items[-1], items[1:3]) == (every[-1], every[1:3])
    with pytest.raises(IndexError):
        items[7]
    assert list(row_items.without_splits(items)) == [item._replace(split=None) for item in every]
    chosen = np.array([0, 3, 4, 6])
    assert list(row_items.taken_items(items, chosen)) == [every[i] for i in chosen]
    for given in (items, every):
        known = row_items.coded(given)
        assert set(known.labels) == {"cat", None, "dog", "cow"}
        assert [known.labels[code] for code in known.label_codes] == [item.label for item in every]
        assert [known.splits[code] for code in known.split_codes] == [item.split for item in every]
        assert {label: known.count(label) for label in (*known.labels, "none")} == {
            "cat": 1,
            None: 1,
            "dog": 3,
            "cow": 2,
            "none": 0,
        }
        assert known.in_split("test").tolist() == [False] * 4 + [True] * 3
        assert known.counts.sum() == 7


def test_stacked_arrays_are_read_as_one():
    images = np.random.default_rng(0).integers(0, 256, (20, 3, 2), np.uint8)
    stack = Stacked([images[:7], images[7:7], images[7:12], images[12:]])
    assert (stack.shape, len(stack), stack.ndim) == (images.shape, 20, 3)
    for index in (0, 19, -1, np.int64(7), slice(None), slice(3, 9), slice(12, 12), [19, 0, 7], images[:, 0, 0] > 99):
        assert np.array_equal(stack[index], images[index])
    assert np.array_equal(np.asarray(stack), images)


@pytest.mark.parametrize("most", [1, 1 << 20])
def test_growing_rows_are_concatenated(tmp_path, monkeypatch, most):
    monkeypatch.setenv("LENET_CACHE", str(tmp_path))
    monkeypatch.setattr(mapped, "SCRATCH", most)
    one = [np.arange(6, dtype=np.uint8).reshape(2, 3), np.arange(3, dtype=np.uint8).reshape(1, 3)]
    for pieces in (one, [*one, np.array([[0.5, 300, 2]])]):
        growing = Growing()
        assert not growing
        for piece in pieces:
            growing.append(piece)
        assert growing.row == (3,)
        whole = np.concatenate(pieces)
        assert growing.array().dtype == whole.dtype
        assert np.array_equal(growing.array(), whole)
