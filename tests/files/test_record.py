"""Typed JSON objects: read strictly, written with the same keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from lenet.files.record import Record, omitted


@dataclass(frozen=True, kw_only=True)
class Inner(Record):
    name: str


@dataclass(frozen=True, kw_only=True)
class Outer(Record):
    number: int
    rate: float
    names: tuple[str, ...] = ()
    inner: Inner | None = None
    options: Mapping[str, Any]
    note: str | None = omitted()


FULL = {"number": 1, "rate": 0.5, "names": ["a"], "inner": {"name": "b"}, "options": {"c": [1]}, "note": "d"}


def test_a_record_is_written_as_it_was_read():
    record = Outer.from_dict(FULL)
    assert (record.names, record.inner, record.options) == (("a",), Inner(name="b"), {"c": [1]})
    assert record.to_dict() == FULL
    assert list(record.to_dict()) == list(FULL)


def test_defaults_and_omitted_keys():
    record = Outer.from_dict({"number": 1, "rate": 2, "options": {}, "added later": 3})
    assert record.to_dict() == {"number": 1, "rate": 2.0, "names": [], "inner": None, "options": {}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"number": True}, "number is True; expected a whole number"),
        ({"number": 1.0}, "number is 1.0; expected a whole number"),
        ({"rate": "0.5"}, "rate is 0.5; expected a finite number"),
        ({"rate": 10**400}, "rate is 1000"),
        ({"names": "a"}, "names is a; expected a list"),
        ({"names": [1]}, "names is 1; expected text"),
        ({"inner": 3}, "inner: it holds 3; expected an object"),
        ({"inner": {}}, "inner: it has no name"),
        ({"options": []}, r"options is \[\]; expected an object"),
    ],
)
def test_an_offending_key_is_named(change, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        Outer.from_dict(FULL | change)
    with pytest.raises(ValueError, match=r"^it has no options"):
        Outer.from_dict({"number": 1, "rate": 1.0})
