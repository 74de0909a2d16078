"""Rows of numbers in text, many at a time: 100 MB of pixels in about a second."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

COMMA, NEWLINE, ZERO, NINE = b",\n09"
FRONT = b"\n" * 4  # before the first number, so that the four bytes before every comma exist


def parse(text: bytes, width: int) -> NDArray[Any] | None:
    """Parse rows of numbers.

    Args:
        text: Rows with commas between the numbers, each ended by a line feed.
        width: The numbers in a row.

    Returns:
        uint8 or uint16 (rows, width) where all numbers are whole and have at most three digits, else float64; None if a
        row has more or fewer, or something is not a finite number.
    """
    values = _digits(text, width)
    return _floats(text, width) if values is None else values


def _digits(text: bytes, width: int) -> NDArray[Any] | None:
    """Whole numbers of at most three digits, computed from the bytes before each comma."""
    codes = np.frombuffer(FRONT + text, np.uint8)
    if codes.max(initial=ZERO) > NINE:
        return None
    is_separator = codes < ZERO
    ends = np.flatnonzero(is_separator)[len(FRONT) :]
    if len(ends) == 0 or len(ends) % width or is_separator[ends - 1].any():
        return None
    separators = codes[ends].reshape(-1, width)
    if (separators[:, :-1] != COMMA).any() or (separators[:, -1] != NEWLINE).any():
        return None
    values = codes[ends - 1] - ZERO
    longer = np.flatnonzero(~is_separator[ends - 2])  # most pixels are 0, of one digit
    if len(longer) == 0:
        return values.reshape(-1, width)
    places = ends[longer]
    tens = (codes[places - 2] - ZERO).astype(np.uint16) * 10 + values[longer]
    three = np.flatnonzero(~is_separator[places - 3])
    if not is_separator[places[three] - 4].all():
        return None
    tens[three] += (codes[places[three] - 3] - ZERO).astype(np.uint16) * 100
    values = values if tens.max() < 256 else values.astype(np.uint16)
    values[longer] = tens
    return values.reshape(-1, width)


def _floats(text: bytes, width: int) -> NDArray[Any] | None:
    rows = text.count(b"\n")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy's, about text that is not a number
            values = np.fromstring(text.replace(b"\n", b",").decode("ascii"), np.float64, sep=",")
    except (ValueError, DeprecationWarning):
        return None
    # Rows of the wrong width could make up for each other.
    if not rows or len(values) != rows * width or any(line.count(b",") != width - 1 for line in text.splitlines()):
        return None
    return values.reshape(rows, width) if np.isfinite(values).all() else None
