"""Weights files: safetensors, of which everything is checked before anything large is read or made.

    weights = Weights.read(Path("model.safetensors"))  # the header alone
    weights.must_fit(model)                            # names, kinds and shapes; the model may be on the meta device
    tensors = weights.tensors()

A safetensors file is the length of its header (8 bytes, little-endian), the header (JSON: of each tensor its dtype, shape
and place, and under `__metadata__` texts by name), and the numbers, without gaps. Nothing in it is ever run.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from lenet.errors import RunError
from lenet.files import untrusted

MAX_PARAMETERS = 12_000_000  # 48 MB in float32, 194 LeNets
MAX_HEADER = 1 << 20  # bytes
MAX_BYTES = 8 + MAX_HEADER + 4 * MAX_PARAMETERS
MAX_DIMENSIONS = 8
DTYPES = {
    "F32": torch.float32,
    "F64": torch.float64,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
}
SUFFIX = ".safetensors"
PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt", ".zip")  # what programs call them
WAY_OUT = "lenet import-weights FILE makes a weights file of this kind from a PyTorch one"


@dataclass(frozen=True)
class Kind:
    """What a tensor in a file is: its dtype and shape, and where its bytes begin and end behind the header."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int
    stop: int

    def __str__(self) -> str:
        return f"{str(self.dtype).removeprefix('torch.')} {in_words(self.shape)}"


@dataclass(frozen=True, eq=False)
class Weights:
    """A safetensors file whose header has been checked. kinds: what its tensors are, by name; metadata: texts by name."""

    source: Path | bytes
    kinds: dict[str, Kind]
    metadata: dict[str, str]
    header: bytes  # with its length before it: what the file begins with

    @classmethod
    def read(cls, source: Path | bytes) -> "Weights":
        """The header of a file, or of a file's content; raises RunError for anything but sound safetensors.

        At most a megabyte is read. `tensors` reads the rest.
        """
        if isinstance(source, bytes):
            header, size = source[: 8 + MAX_HEADER], len(source)
            length = _header_length(header, size, "the content")
            return cls._checked(source, header[: 8 + length], size)
        with untrusted.opened(source, MAX_BYTES) as (file, size):
            start = file.read(8)
            length = _header_length(start, size, untrusted.shown(source))
            return cls._checked(source, start + file.read(length), size)

    @classmethod
    def _checked(cls, source: Path | bytes, header: bytes, size: int) -> "Weights":
        name = _name(source)
        try:
            entries = untrusted.parse_json(header[8:])
            metadata = _metadata_of(entries)
            kinds = dict(_kinds_of(entries, size - len(header)))
        except ValueError as error:
            raise _damaged(name, str(error)) from error
        return cls(source, kinds, metadata, header)

    @property
    def name(self) -> str:
        """The file, for messages."""
        return _name(self.source)

    def tensors(self) -> dict[str, Tensor]:
        """All tensors, by name, on the CPU; raises RunError if the file is no longer what it was."""
        content = self.source if isinstance(self.source, bytes) else untrusted.read(self.source, MAX_BYTES)
        if not content.startswith(self.header):
            raise RunError(f"{self.name} changed while it was read", hint="try again when nothing writes to it")
        try:
            found: dict[str, Tensor] = safetensors.torch.load(content)
        except (safetensors.SafetensorError, RuntimeError, ValueError, KeyError) as error:
            raise _damaged(self.name, untrusted.shown(error)) from error
        return found

    def must_fit(self, model: nn.Module) -> None:
        """Raises RunError unless the file has the model's weights and nothing else, each float32 and of its shape."""
        wanted = {name: tuple(weights.shape) for name, weights in model.state_dict().items()}
        for name, shape in wanted.items():
            if name not in self.kinds:
                raise self._misfit(f"it has no {name}, which the network has as {in_words(shape)}")
            if self.kinds[name].shape != shape:
                raise self._misfit(f"its {name} is {in_words(self.kinds[name].shape)}, the network's {in_words(shape)}")
            if self.kinds[name].dtype != torch.float32:
                raise self._misfit(f"its {name} is {self.kinds[name]}; expected float32", hint=WAY_OUT)
        for name in self.kinds.keys() - wanted.keys():
            raise self._misfit(f"it has {untrusted.shown(name)}, {self.kinds[name]}, which the network has not")

    def load_into(self, model: nn.Module) -> None:
        """Gives a model on the meta device these weights, and memory only once it is known that they fit.

        Raises RunError if they do not, or are not all numbers.
        """
        self.must_fit(model)
        tensors = self.tensors()
        must_be_finite(tensors, self.name)
        for name in tensors:  # one after the other: copies, as PyTorch's own memory is aligned
            tensors[name] = tensors[name].clone()
        model.load_state_dict(tensors, assign=True)  # Module.to_empty takes a second to load

    def _misfit(self, why: str, hint: str | None = None) -> RunError:
        return RunError(
            f"{self.name} does not hold the weights of this network: {why}",
            hint=hint or "see that network and weights are of the same training",
        )


def must_be_finite(tensors: dict[str, Tensor], name: str) -> None:
    """Raises RunError, naming the tensor, if a weight is NaN or infinite."""
    for key, tensor in tensors.items():
        if not math.isfinite(tensor.sum(dtype=torch.float64).item()):  # without a copy, and no float32 reaches its end
            raise RunError(
                f"{name} holds weights that are not numbers: {untrusted.shown(key)}",
                hint="the training that made them went astray; train again, with a lower learning rate say",
            )


def in_words(shape: tuple[int, ...]) -> str:
    """A shape for messages: 6×1×5×5."""
    return "×".join(map(str, shape)) or "a single number"


def _name(source: Path | bytes) -> str:
    return "the content" if isinstance(source, bytes) else untrusted.shown(source)


def _damaged(name: str, why: str) -> RunError:
    return RunError(f"{name} is not a sound safetensors file: {why}", hint="get it again from where it came from")


def _header_length(start: bytes, size: int, name: str) -> int:
    """The length of the header, in bytes, which its first 8 tell."""
    if start[:4] == b"PK\x03\x04" or start[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        raise RunError(f"{name} is a pickle, as PyTorch saves it, and was not read", hint=WAY_OUT)
    if len(start) < 8:
        raise _damaged(name, f"it has {size} bytes")
    length = int.from_bytes(start[:8], "little")
    if length > min(MAX_HEADER, size - 8):
        raise _damaged(
            name, f"its header is said to have {length:,} bytes; expected at most {min(MAX_HEADER, size - 8):,}"
        )
    return length


def _metadata_of(entries: Any) -> dict[str, str]:
    if not isinstance(entries, dict):
        raise ValueError(f"its header is a {type(entries).__name__}; expected an object")
    metadata = entries.get("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise ValueError("its metadata are not texts by name")
    return metadata


def _kinds_of(entries: dict[str, Any], size: int) -> Iterator[tuple[str, Kind]]:
    """The tensors of a header with `size` bytes behind it, in the order of their places, which leave no gap."""
    kinds = [
        (name, _kind_of(untrusted.shown(name), entry)) for name, entry in entries.items() if name != "__metadata__"
    ]
    end = 0
    for name, kind in sorted(kinds, key=lambda item: (item[1].start, item[1].stop)):
        if kind.start != end:
            raise ValueError(f"{untrusted.shown(name)} begins at byte {kind.start:,}; expected {end:,}")
        end = kind.stop
        yield name, kind
    if end != size:
        raise ValueError(f"its tensors have {end:,} bytes, and {size:,} are there")


def _kind_of(name: str, entry: Any) -> Kind:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{name} is described by other words than dtype, shape and data_offsets")
    dtype, shape, place = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ValueError(f"{name} is of dtype {untrusted.shown(dtype)}; expected one of {', '.join(DTYPES)}")
    if not _are_counts(shape) or len(shape) > MAX_DIMENSIONS:
        raise ValueError(f"{name} has the shape {untrusted.shown(shape)}")
    if not _are_counts(place) or len(place) != 2:
        raise ValueError(f"{name} has the place {untrusted.shown(place)}")
    num_bytes = math.prod(shape) * DTYPES[dtype].itemsize
    if place[1] - place[0] != num_bytes:
        raise ValueError(f"{name} has {place[1] - place[0]:,} bytes; its shape needs {num_bytes:,}")
    return Kind(DTYPES[dtype], tuple(shape), place[0], place[1])


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 1 << 40 for value in values)
