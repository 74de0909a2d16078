"""Answers as rows: CSV as `lenet predict --csv` writes it, Parquet with the numbers as they are."""

import csv
import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.analysis.many.rows import COLUMNS, FORMS, Row, as_csv, as_parquet

ROWS = [
    Row("a/1.jpg", "cat", 0.123456789, True),
    Row('odd,"name".png', "dog", 1.0, None),
    Row("bad.png", error="bad.png is not an image that lenet can read: it is empty"),
    Row("é.png", "dog", 0.5, False),
]


def test_csv(tmp_path):
    content = as_csv(ROWS)
    first, *rows = csv.reader(io.StringIO(content.decode()))
    assert tuple(first) == COLUMNS
    assert rows[0] == ["a/1.jpg", "cat", "0.123457", "true", ""]
    assert rows[1] == ['odd,"name".png', "dog", "1.000000", "", ""]
    assert rows[2] == ["bad.png", "", "", "", ROWS[2].error]
    (tmp_path / "part.csv").write_bytes(content)
    assert FORMS["csv"][1](tmp_path / "part.csv") == (4, 1)
    name = os.fsdecode(b"caf\xe9.png")
    assert b"caf\xe9.png,cat" in as_csv([Row(name, "cat", 1.0)])


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), max_size=5))
def test_csv_of_any_names(names):
    content = as_csv([Row(name, "cat", 0.5) for name in names]).decode()
    rows = list(csv.reader(io.StringIO(content, newline=""), strict=True))
    assert [row[0] for row in rows[1:]] == names


def test_parquet(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    (tmp_path / "part.parquet").write_bytes(as_parquet(ROWS))
    table = parquet.read_table(tmp_path / "part.parquet")
    assert tuple(table.column_names) == COLUMNS
    assert [Row(**row) for row in table.to_pylist()] == ROWS
    assert FORMS["parquet"][1](tmp_path / "part.parquet") == (4, 1)
    assert as_parquet(ROWS) == as_parquet(list(ROWS))
    (tmp_path / "other.parquet").write_bytes(as_parquet([Row(os.fsdecode(b"caf\xe9.png"), "cat", 1.0)]))
    assert parquet.read_table(tmp_path / "other.parquet").column("file").to_pylist() == [r"caf\xe9.png"]
    (tmp_path / "none.parquet").write_bytes(as_parquet([]))
    assert len(parquet.read_table(tmp_path / "none.parquet")) == 0
