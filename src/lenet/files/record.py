"""Typed JSON objects: frozen dataclasses that are read strictly and written with the same keys.

    @dataclass(frozen=True, kw_only=True)
    class Model(Record):
        name: str
        parameters: int

    Model.from_dict({"name": "lenet", "parameters": 61706}).to_dict()

A key that is missing or holds something else is a ValueError that names it. Unknown keys are ignored, since a later version
may add some; a key that earlier versions did not write has a default.
"""

import functools
import sys
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Self

from lenet.files.untrusted import printable

EXPECTED = {str: "text", int: "a whole number", float: "a finite number", tuple: "a list", Mapping: "an object"}


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a JSON object holds."""

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Make a record of a JSON object.

        Args:
            values: the object, as the JSON parser returns it.

        Returns:
            The record.

        Raises:
            ValueError: for a key that is missing or holds something else.
        """
        if not isinstance(values, dict):
            raise ValueError(f"it holds {printable(values)}; expected an object")
        arguments, kinds = {}, _types(cls)  # type: ignore[arg-type]  # a class is hashable
        for spec in fields(cls):
            if spec.name in values and spec.init:
                arguments[spec.name] = _read(spec.name, values[spec.name], kinds[spec.name])
            elif spec.default is MISSING:
                raise ValueError(f"it has no {spec.name}")
        return cls(**arguments)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON can hold it, its keys in the order of the fields."""
        values = {spec: getattr(self, spec.name) for spec in fields(self)}
        return {
            spec.name: _plain(value)
            for spec, value in values.items()
            if "omit" not in spec.metadata or value != spec.default
        }


def omitted(default: Any = None) -> Any:
    """Return a dataclass field that is not written while it holds its default."""
    return field(default=default, metadata={"omit": True})


@functools.cache
def _types(record: type[Any]) -> dict[str, Any]:
    """The types of a record's fields, by name."""
    return typing.get_type_hints(record)


def _read(name: str, value: Any, kind: Any) -> Any:
    """The value of a key in the type of its field. Raises ValueError if it holds something else."""
    origin, inner = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin is types.UnionType:  # of a type and None
        return None if value is None else _read(name, value, inner[0])
    if origin is tuple and isinstance(value, list):
        return tuple(_read(name, each, inner[0]) for each in value)
    if hasattr(origin, "from_dict"):
        try:
            return origin.from_dict(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    if origin is float and type(value) in (int, float) and abs(value) <= sys.float_info.max:
        return float(value)
    if origin is Mapping and isinstance(value, dict):
        return value
    if type(value) is origin:
        return value
    raise ValueError(f"{name} is {printable(value)}; expected {EXPECTED[origin]}")


def _plain(value: Any) -> Any:
    """The value as JSON can hold it."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
