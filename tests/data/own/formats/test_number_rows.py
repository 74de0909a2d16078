"""Rows of numbers are parsed as Python parses them, cell by cell."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.data.own.formats import number_rows

WIDTH = 3


def by_hand(text, width):
    """The numbers, or None where Python would refuse a cell or a row."""
    rows = text.split(b"\n")
    if rows[-1] != b"" or len(rows) < 2:
        return None
    cells = [row.split(b",") for row in rows[:-1]]
    if any(len(row) != width for row in cells):
        return None
    try:
        numbers = np.array([[float(cell) for cell in row] for row in cells])
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


@given(st.lists(st.lists(st.integers(0, 2000), min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=8))
def test_whole_numbers(rows):
    text = b"".join(b",".join(b"%d" % value for value in row) + b"\n" for row in rows)
    values = number_rows.parse(text, WIDTH)
    assert values.tolist() == rows
    largest = max(map(max, rows))
    assert values.dtype == (np.uint8 if largest < 256 else np.uint16 if largest < 1000 else np.float64)


@given(st.text("0159,.\n-e ", max_size=40))
@settings(max_examples=300)
def test_any_text_is_parsed_as_python_does_or_refused(text):
    content = text.encode()
    values, expected = number_rows.parse(content, WIDTH), by_hand(content, WIDTH)
    if values is not None:
        assert expected is not None
        assert np.array_equal(values, expected)


@pytest.mark.parametrize(
    "text", [b"1,2\n3\n", b"1,2,3\n4\n", b"1,,2\n", b"\n", b"", b"1,2,3", b"1,2,nan\n", b"a,b,c\n", b"1,2;3\n"]
)
def test_what_is_refused(text):
    assert number_rows.parse(text, WIDTH) is None
