"""Arrays and numbers in JSON: arrays as base64 of little-endian numbers, every one of them finite."""

import base64
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.files.untrusted import printable


def to_text(array: NDArray[Any]) -> str:
    """Return the numbers of an array, row by row, as text."""
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()


def to_array(text: Any, dtype: str, columns: int) -> NDArray[Any]:
    """Return the array that `to_text` wrote.

    Args:
        text: as a JSON parser returns it.
        dtype: of the numbers, such as "<f4".
        columns: of the array.

    Returns:
        A new array (rows, columns).

    Raises:
        TypeError, ValueError: for anything else, and for NaN or infinite numbers.
    """
    array = np.frombuffer(base64.b64decode(text, validate=True), dtype).reshape(-1, columns)
    if not np.isfinite(array).all():
        raise ValueError("an array holds NaN or infinite numbers")
    return array.astype(array.dtype.newbyteorder("="))


def to_number(values: Mapping[str, Any], name: str) -> float:
    """Return a number of a JSON object.

    Raises:
        KeyError: if there is none of that name.
        ValueError: if it is no finite number.
    """
    value = values[name]
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"{name} is {printable(value)}; expected a number")
    return float(value)
