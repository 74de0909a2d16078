"""Rows of numbers in text, many at a time: 100 MB of pixels in about a second."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

COMMA, NEWLINE, ZERO, NINE = b",\n09"


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
    codes = np.frombuffer(text, np.uint8)
    if codes.max(initial=ZERO) > NINE:
        return None
    ends = np.flatnonzero(codes < ZERO)
    if len(ends) == 0 or len(ends) % width:
        return None
    separators = codes[ends].reshape(-1, width)
    if (separators[:, :-1] != COMMA).any() or (separators[:, -1] != NEWLINE).any():
        return None
    lengths = np.diff(ends, prepend=-1) - 1
    if lengths.min() < 1 or lengths.max() > 3:
        return None
    values = (codes[ends - 1] - ZERO).astype(np.uint16)
    longer = np.flatnonzero(lengths > 1)  # most pixels are 0, of one digit
    places, lengths = ends[longer], lengths[longer]
    more = (codes[places - 2] - ZERO).astype(np.uint16) * 10
    three = lengths > 2
    more[three] += (codes[places[three] - 3] - ZERO).astype(np.uint16) * 100
    values[longer] += more
    values = values.reshape(-1, width)
    return values.astype(np.uint8) if values.max() < 256 else values


def _floats(text: bytes, width: int) -> NDArray[Any] | None:
    rows = text.count(b"\n")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy's, about text that is no number
            values = np.fromstring(text.replace(b"\n", b",").decode("ascii"), np.float64, sep=",")
    except (ValueError, DeprecationWarning):
        return None
    # Rows of the wrong width could make up for each other.
    if len(values) != rows * width or any(line.count(b",") != width - 1 for line in text.splitlines()):
        return None
    return values.reshape(rows, width) if np.isfinite(values).all() else None
