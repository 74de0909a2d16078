"""Parts of C sources as text: arrays, strings, and source files of which only what a network uses is kept."""

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SOURCES = Path(__file__).parent / "source"
WIDTH = 120
TYPES = {"int8": "int8_t", "int16": "int16_t", "int32": "int32_t", "float32": "float"}
CONDITION = re.compile(r"#if (USES_\w+)")


def array(name: str, values: NDArray[Any]) -> str:
    """Return the definition of a constant array, of the type of the values."""
    flat = values.ravel()
    numbers = map(number, flat) if flat.dtype == np.float32 else map(str, flat.tolist())
    return f"static const {TYPES[flat.dtype.name]} {name}[{flat.size}] LENET_ROM = {{\n{lines(numbers)}}};\n"


def lines(items: Iterable[str]) -> str:
    """Return items with commas in lines of at most WIDTH characters."""
    line, whole = "   ", []
    for item in items:
        if len(line) + len(item) + 2 > WIDTH:
            whole.append(line)
            line = "   "
        line += f" {item},"
    return "\n".join([*whole, line]) + "\n"


def number(value: Any) -> str:
    """Return a float32 number in C, with as few digits as give the same bits."""
    text = str(np.float32(value))
    return (text if "e" in text or "." in text else text + ".0") + "f"


def string(text: str) -> str:
    """Return a string in C, UTF-8 with what is not ASCII as octal escapes."""
    return '"' + "".join(chr(byte) if _is_plain(byte) else f"\\{byte:03o}" for byte in text.encode()) + '"'


def commented(text: str) -> str:
    """Return a text as it can stand in a comment."""
    plain = "".join(character if _is_plain(ord(character)) else "?" for character in text)
    return plain.replace("*/", "* /").replace("/*", "/ *")


def source(name: str, uses: Collection[str]) -> str:
    """Return a file of the folder source/ without the parts between `#if USES_X` and `#endif` that are not used.

    Args:
        name: the file's name.
        uses: the names X that are used.
    """
    return "".join(_kept((SOURCES / name).read_text(encoding="utf-8").splitlines(keepends=True), uses))


def _kept(lines: Iterable[str], uses: Collection[str]) -> Iterator[str]:
    open_blocks: list[bool | None] = []  # of each #if: whether its part is kept; None for one that stays in the source
    for line in lines:
        condition = CONDITION.match(line)
        if condition:
            open_blocks.append(condition[1].removeprefix("USES_") in uses)
            continue
        if line.startswith(("#if", "#ifdef", "#ifndef")):
            open_blocks.append(None)
        elif line.startswith("#else") and open_blocks[-1] is not None:
            open_blocks[-1] = not open_blocks[-1]
            continue
        elif line.startswith("#endif") and open_blocks.pop() is not None:
            continue
        if False not in open_blocks:
            yield line


def _is_plain(byte: int) -> bool:
    return 32 <= byte < 127 and chr(byte) not in '"\\?'
