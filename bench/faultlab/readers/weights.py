"""Weights files, safetensors with the description of their network, read as `lenet predict FILE` reads them."""

import json
import math
import operator
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from faultlab.mutation import changed
from lenet.files.safetensors import Weights
from lenet.files.safetensors_header import DTYPES
from lenet.images.preprocess import Preprocessing
from lenet.networks import build
from lenet.networks.initialization import initialized
from lenet.networks.trained import TrainedNetwork
from lenet.networks.weights_file import KEY

MAX_LENGTH = 4096
WORDS = (
    *rb'"__metadata__" "dtype" "shape" "data_offsets" "lenet" [0,0] [] {} NaN 1e999'.split(),
    *(f'"{name}"'.encode() for name in DTYPES),
    *map(bytes.fromhex, ("ffffffffffffffff", "0000000000000080", "8004", "504b0304")),
)


def seeds() -> list[bytes]:
    """Tiny networks of three kinds, as lenet writes them, and one without metadata."""
    made: dict[str, dict[str, Any]] = {
        "softmax": {},
        "mlp": {"hidden": [2]},
        "lenet": {"channels": [1, 1], "hidden": [2], "kernel_size": 1},
    }
    files = [_packed(name, arguments) for name, arguments in made.items()]
    header, numbers = _parts(files[0])
    entries = json.loads(header)
    del entries["__metadata__"]
    return [*files, _joined(json.dumps(entries).encode(), numbers)]


def read(content: bytes, folder: Path) -> None:
    """Read the tensors of any network, then the network."""
    path = folder / "model.safetensors"
    path.write_bytes(content)
    Weights.read(path).arrays()
    _ = TrainedNetwork.load(path).network


def mutated(content: bytes, mutate: Callable[[bytes], bytes], random: Random) -> bytes:
    """Mutate mostly the header's JSON, or the JSON in it, and correct its length and sometimes the offsets."""
    header, numbers = _parts(content)
    which = random.random()
    if not header or which < 0.15:
        return mutate(content)
    if which < 0.3:
        return _joined(header, mutate(numbers)[: len(numbers)].ljust(len(numbers), b"\0"))
    within = header
    try:
        entries = json.loads(header)
        if random.random() < 0.5 and isinstance(text := entries["__metadata__"][KEY], str):
            entries["__metadata__"][KEY] = changed(text.encode(errors="replace"), mutate, random).decode(
                errors="replace"
            )
            within = json.dumps(entries).encode()
        else:
            within = changed(header, mutate, random)
        if random.random() < 0.5:
            return _placed(json.loads(within), numbers)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        pass
    return _joined(within, numbers)


def _placed(entries: dict[str, Any], numbers: bytes) -> bytes:
    """Place each tensor after the one before, with as many bytes as its shape needs."""
    end = 0
    for name, entry in entries.items():
        if name != "__metadata__":
            begin, end = end, end + math.prod(map(operator.index, entry["shape"])) * DTYPES[entry["dtype"]][1].itemsize
            entry["data_offsets"] = [begin, end]
    if not 0 <= end < MAX_LENGTH:
        raise ValueError
    return _joined(json.dumps(entries).encode(), numbers[:end].ljust(end, b"\0"))


def _parts(content: bytes) -> tuple[bytes, bytes]:
    stop = 8 + int.from_bytes(content[:8], "little")
    return content[8:stop], content[stop:]


def _joined(header: bytes, numbers: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header + numbers


def _packed(name: str, arguments: dict[str, Any]) -> bytes:
    path, preprocessing = Path("model.safetensors"), Preprocessing((4, 4))
    network = TrainedNetwork(
        path, name, {"input_size": (4, 4), "num_classes": 2, **arguments}, ("zero", "one"), preprocessing
    )
    return network.pack(initialized(build(name, **network.arguments), "default", 0).tensors)
