"""Markdown and YAML from any text: names of classes and runs may hold what means something there."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from lenet.analysis.report import Table

MARKS = re.compile(r"([\\`*_{}\[\]#~$])")  # not |, which Table escapes
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def plain(text: object) -> str:
    """Return a text so that Markdown shows it as it is, on one line."""
    words = re.sub("[&<>]", lambda found: ENTITIES[found[0]], " ".join(str(text).split()))
    return MARKS.sub(r"\\\1", words)


def code(text: object) -> str:
    """Return a text as code within a line."""
    words = " ".join(str(text).split())
    fence = "`" * (1 + max(map(len, re.findall("`+", words)), default=0))
    space = " " if "`" in words else ""
    return f"{fence}{space}{words}{space}{fence}"


def block(text: str) -> str:
    """Return a text as a block of code."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}\n{text}\n{fence}\n"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows of Markdown under column titles; the cells are Markdown already."""
    return Table(list(columns), [list(row) for row in rows]).markdown()


def yaml(values: Mapping[str, Any]) -> str:
    """Return values as YAML: mappings and sequences in blocks, texts quoted as in JSON, which YAML includes.

    Args:
        values: mappings, sequences, texts, numbers, None.
    """
    return "\n".join(_mapping(values)) + "\n"


def _mapping(values: Mapping[str, Any]) -> list[str]:
    lines = []
    for key, value in values.items():
        below = _nested(value)
        lines += [f"{key}:", *below] if below else [f"{key}: {_scalar(value)}"]
    return lines


def _nested(value: Any) -> list[str]:
    if isinstance(value, Mapping) and value:
        return [f"  {line}" for line in _mapping(value)]
    if isinstance(value, list | tuple) and value:
        lines = []
        for each in value:
            first, *rest = _mapping(each) if isinstance(each, Mapping) else [_scalar(each)]
            lines += [f"- {first}", *(f"  {line}" for line in rest)]
        return lines
    return []


def _scalar(value: Any) -> str:
    if (
        isinstance(value, str)
        and re.fullmatch(r"[a-z][a-z_/-]*[a-z]", value)
        and value not in ("no", "on", "off", "yes")
    ):
        return value if value not in ("true", "false", "null") else json.dumps(value)
    return json.dumps(value, ensure_ascii=False)
