"""The header of a safetensors file: JSON with the dtype, shape and byte range of each tensor, every one of them checked."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lenet.files import untrusted

Shape = tuple[int, ...]

MAX_DIMENSIONS = 8
# The dtypes that are read: their names, and how their bytes are stored. NumPy has no bfloat16, only its 16-bit words.
DTYPES: dict[str, tuple[str, np.dtype[Any]]] = {
    "F32": ("float32", np.dtype("<f4")),
    "F64": ("float64", np.dtype("<f8")),
    "F16": ("float16", np.dtype("<f2")),
    "BF16": ("bfloat16", np.dtype("<u2")),
    "I64": ("int64", np.dtype("<i8")),
}


@dataclass(frozen=True)
class TensorEntry:
    """What the header says of one tensor.

    Args:
        dtype: A key of `DTYPES`.
        shape: Its shape.
        start: Its first byte, counted from the end of the header.
        stop: The byte after its last.
    """

    dtype: str
    shape: Shape
    start: int
    stop: int

    @property
    def dtype_name(self) -> str:
        """The dtype as NumPy and PyTorch call it, such as float32."""
        return DTYPES[self.dtype][0]

    def __str__(self) -> str:
        return f"{self.dtype_name} {format_shape(self.shape)}"


def parse(header: bytes, size: int) -> tuple[dict[str, TensorEntry], dict[str, str]]:
    """Parse and check a header.

    Args:
        header: The header's JSON.
        size: The bytes that follow it in the file.

    Returns:
        The tensors by name, in the order of their bytes, and the metadata, texts by name.

    Raises:
        ValueError: Something is wrong with it, or the tensors do not fill those bytes without gaps.
    """
    values = untrusted.parse_json(header)
    metadata = _metadata_of(values)
    return dict(_entries_of(values, size)), metadata


def format_shape(shape: Shape) -> str:
    """A shape for messages: 6×1×5×5."""
    return "×".join(map(str, shape)) or "a single number"


def _metadata_of(values: Any) -> dict[str, str]:
    if not isinstance(values, dict):
        raise ValueError(f"its header is a {type(values).__name__}; expected an object")
    metadata = values.get("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise ValueError("its metadata are not texts by name")
    return metadata


def _entries_of(values: dict[str, Any], size: int) -> Iterator[tuple[str, TensorEntry]]:
    """The tensors of a header that is followed by `size` bytes, in the order of their bytes, which leave no gap."""
    entries = [
        (name, _entry_of(untrusted.printable(name), value)) for name, value in values.items() if name != "__metadata__"
    ]
    end = 0
    for name, entry in sorted(entries, key=lambda item: (item[1].start, item[1].stop)):
        if entry.start != end:
            raise ValueError(f"{untrusted.printable(name)} begins at byte {entry.start:,}; expected {end:,}")
        end = entry.stop
        yield name, entry
    if end != size:
        raise ValueError(f"its tensors have {end:,} bytes, but the file has {size:,} for them")


def _entry_of(name: str, value: Any) -> TensorEntry:
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{name} is not described by dtype, shape and data_offsets alone")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ValueError(f"{name} is of dtype {untrusted.printable(dtype)}; expected one of {', '.join(DTYPES)}")
    if not _are_counts(shape) or len(shape) > MAX_DIMENSIONS:
        raise ValueError(f"{name} has the shape {untrusted.printable(shape)}")
    if not _are_counts(offsets) or len(offsets) != 2:
        raise ValueError(f"{name} has the data_offsets {untrusted.printable(offsets)}")
    num_bytes = math.prod(shape) * DTYPES[dtype][1].itemsize
    if offsets[1] - offsets[0] != num_bytes:
        raise ValueError(f"{name} has {offsets[1] - offsets[0]:,} bytes; its shape needs {num_bytes:,}")
    return TensorEntry(dtype, tuple(shape), offsets[0], offsets[1])


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 1 << 40 for value in values)
