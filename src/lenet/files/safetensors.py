"""Weights files in the safetensors format, as NumPy arrays: the whole header is checked before anything large is read.

    weights = Weights.read(Path("model.safetensors"))  # reads the header only
    arrays = weights.load({"fc.weight": (10, 84)})     # the arrays, if the file has exactly these, in float32

A safetensors file is the length of its header (8 bytes, little-endian), the header (JSON: for each tensor its dtype, shape
and byte range, and under `__metadata__` texts by name), and the numbers, without gaps. Nothing in it is ever executed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from lenet.errors import RunError
from lenet.files import safetensors_header, untrusted
from lenet.files.safetensors_header import DTYPES, Shape, TensorEntry, format_shape

MAX_PARAMETERS = 12_000_000  # 48 MB in float32, 194 LeNets
MAX_HEADER = 1 << 20  # bytes
MAX_BYTES = 8 + MAX_HEADER + 4 * MAX_PARAMETERS
SUFFIX = ".safetensors"
PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt", ".zip")  # usual suffixes of pickled weights
IMPORT_HINT = "lenet import-weights FILE makes a weights file of this kind from a PyTorch one"


@dataclass(frozen=True, eq=False)
class Weights:
    """A safetensors file whose header has been checked; `Weights.read` makes one.

    Args:
        source: The file, or its content.
        entries: Its tensors, by name.
        metadata: Texts by name.
        header: The header as it is in the file, with its length before it.
    """

    source: Path | bytes
    entries: dict[str, TensorEntry]
    metadata: dict[str, str]
    header: bytes

    @classmethod
    def read(cls, source: Path | bytes) -> "Weights":
        """Read and check the header, at most a megabyte.

        Args:
            source: A file, or the content of one.

        Raises:
            RunError: It is not a sound safetensors file.
        """
        if isinstance(source, bytes):
            start, size = source[: 8 + MAX_HEADER], len(source)
            length = _header_length(start, size, _name(source))
            return cls._checked(source, start[: 8 + length], size)
        with untrusted.open_file(source, MAX_BYTES) as (file, size):
            start = file.read(8)
            length = _header_length(start, size, _name(source))
            return cls._checked(source, start + file.read(length), size)

    @classmethod
    def _checked(cls, source: Path | bytes, header: bytes, size: int) -> "Weights":
        try:
            entries, metadata = safetensors_header.parse(header[8:], size - len(header))
        except ValueError as error:
            raise _damaged(_name(source), str(error)) from error
        return cls(source, entries, metadata, header)

    @property
    def name(self) -> str:
        """The file, for messages."""
        return _name(self.source)

    @property
    def num_bytes(self) -> int:
        """The size of the numbers in the file."""
        return sum(entry.stop - entry.start for entry in self.entries.values())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Read all tensors.

        Returns:
            A new array for each tensor, by name, of the dtype it has in the file; bfloat16 becomes float32, exactly.

        Raises:
            RunError: The file changed since its header was read.
        """
        content = self.source if isinstance(self.source, bytes) else untrusted.read(self.source, MAX_BYTES)
        if len(content) != len(self.header) + self.num_bytes or not content.startswith(self.header):
            raise RunError(f"{self.name} changed while it was read", hint="retry when nothing writes to it")
        return {name: self._array(entry, content) for name, entry in self.entries.items()}

    def _array(self, entry: TensorEntry, content: bytes) -> NDArray[Any]:
        dtype = DTYPES[entry.dtype][1]
        stored = np.frombuffer(content, dtype, math.prod(entry.shape), len(self.header) + entry.start)
        if entry.dtype == "BF16":  # the upper half of a float32
            return (stored.astype(np.uint32) << 16).view(np.float32).reshape(entry.shape)
        return stored.astype(dtype.newbyteorder("=")).reshape(entry.shape)  # a copy: writable, and aligned in memory

    def must_fit(self, shapes: Mapping[str, Shape]) -> None:
        """Check that the file has the weights of a network and nothing else, all in float32.

        Args:
            shapes: The network's weights: their shapes, by name.

        Raises:
            RunError: A tensor is missing, superfluous, or of another shape or dtype.
        """
        for name, shape in shapes.items():
            entry = self.entries.get(name)
            if entry is None:
                raise self._misfit(f"it has no {name}, which the network has as {format_shape(shape)}")
            if entry.shape != shape:
                raise self._misfit(f"its {name} is {format_shape(entry.shape)}, the network's {format_shape(shape)}")
            if entry.dtype != "F32":
                raise self._misfit(f"its {name} is {entry}; expected float32", hint=IMPORT_HINT)
        for name in self.entries.keys() - shapes.keys():
            raise self._misfit(f"it has {untrusted.printable(name)}, {self.entries[name]}, which the network has not")

    def load(self, shapes: Mapping[str, Shape]) -> dict[str, NDArray[np.float32]]:
        """Read the weights of a network; check that they fit before allocating memory for them.

        Args:
            shapes: The network's weights: their shapes, by name.

        Returns:
            The weights by name, in the order of `shapes`.

        Raises:
            RunError: The file's weights are not those of the network, or one is NaN or infinite.
        """
        self.must_fit(shapes)
        arrays = self.arrays()
        must_be_finite(arrays, self.name)
        return {name: arrays[name] for name in shapes}

    def _misfit(self, why: str, hint: str | None = None) -> RunError:
        return RunError(
            f"{self.name} does not hold the weights of this network: {why}",
            hint=hint or "see that network and weights are of the same training",
        )


def pack(arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None) -> bytes:
    """Make the content of a safetensors file; the same arrays and metadata give the same bytes.

    Args:
        arrays: The tensors, by name.
        metadata: Texts by name; of more than one, the order in the file changes from process to process.
    """
    content: bytes = safetensors.numpy.save(dict(arrays), dict(metadata) if metadata else None)
    return content


def must_be_finite(arrays: Mapping[str, NDArray[Any]], name: str) -> None:
    """Raise RunError, naming the array, if one of `arrays` holds NaN or infinity. `name`: the file, for the message."""
    for key, array in arrays.items():
        with np.errstate(all="ignore"):
            total = array.sum(dtype=np.float64)  # needs no copy, and cannot overflow for float32
        if not math.isfinite(total):
            raise RunError(
                f"{name} holds weights that are NaN or infinite: {untrusted.printable(key)}",
                hint="the training that made them diverged; train again, for example with a lower learning rate",
            )


def must_be_variances(arrays: Mapping[str, NDArray[Any]], name: str) -> None:
    """Raise RunError, naming the array, if a running variance is negative. `name`: the file, for the message."""
    for key, array in arrays.items():
        if key.rpartition(".")[2] == "running_var" and array.min() < 0:
            raise RunError(
                f"{name} holds a negative variance: {untrusted.printable(key)}",
                hint="variances are sums of squares: the file is damaged; get it again",
            )


def _name(source: Path | bytes) -> str:
    return "the content" if isinstance(source, bytes) else untrusted.printable(source)


def _damaged(name: str, why: str) -> RunError:
    return RunError(f"{name} is not a sound safetensors file: {why}", hint="get it again from where it came from")


def _header_length(start: bytes, size: int, name: str) -> int:
    """The length of the header in bytes, which the first 8 bytes of the file give."""
    if len(start) < 8:
        raise _damaged(name, f"it has {size} bytes")
    length = int.from_bytes(start[:8], "little")
    limit = min(MAX_HEADER, size - 8)
    if length > limit:
        # Of a pickle these bytes are never a small number; a header of 1,152 bytes begins as a pickle does.
        if start[:4] == b"PK\x03\x04" or start[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
            raise RunError(f"{name} is a pickle, as PyTorch saves it, and was not read", hint=IMPORT_HINT)
        raise _damaged(name, f"its header is said to have {length:,} bytes; expected at most {limit:,}")
    return length
