"""Opening the files that torch.save writes without running anything in them. The only place where a pickle is opened.

A `.pt` file is a pickle: a program that builds objects. Before it is opened its instructions are read, not run: whatever
they call must be one of the few functions that make a tensor. Then `torch.load(weights_only=True)` opens it, which has
such a list of its own. There is no other way: what either of them does not allow is refused.
"""

import io
import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenet.errors import RunError
from lenet.extras import require_torch
from lenet.files import signatures, untrusted
from lenet.networks.importing import MAX_BYTES
from lenet.networks.matching import SAVE_HINT, Tensors

if TYPE_CHECKING:
    from torch import Tensor

MAX_PICKLE = 1 << 20  # bytes of it that are instructions; a LeNet's are a few kilobytes
WRAPPERS = ("state_dict", "model_state_dict", "model")  # under which a checkpoint usually has its weights
MAX_DEPTH = 2  # of dicts within a checkpoint in which its weights are searched
# What a pickle of tensors by name calls. None of it can do more, or need more memory, than the file is large.
CALLED = {
    "collections.OrderedDict",
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
    "torch.Size",
    "torch.device",
    *(
        f"torch.{kind}Storage"
        for kind in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Byte", "Bool")
    ),
}


def read(file: Path) -> Tensors:
    """Return the tensors of a state dict that torch.save wrote, on its own or in a checkpoint's dict.

    Raises:
        RunError: the file is no pickle of tensors, is damaged or too large, or would run something.
        MissingExtra: PyTorch is not installed.
    """
    name = untrusted.printable(file)
    require_torch(f"reading {name}, a pickle,")
    content = _safe_content(file, name)
    import torch

    try:
        value = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # damaged files make it raise nearly anything
        raise RunError(
            f"{name} cannot be opened: {type(error).__name__}: {untrusted.printable(error)}", hint=SAVE_HINT
        ) from error
    tensors = _state_dict(value, name)
    # A tensor may repeat its numbers endlessly; a conversion would allocate memory for all of them.
    if sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()) > MAX_BYTES:
        raise RunError(f"{name} is too large: expected weights of at most {MAX_BYTES:,} bytes")
    dtypes = {key: str(tensor.dtype).removeprefix("torch.") for key, tensor in tensors.items()}
    arrays = {
        # NumPy has no bfloat16; float32 holds every value of it.
        key: (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).detach().resolve_neg().numpy()
        for key, tensor in tensors.items()
    }
    return Tensors(arrays, dtypes, is_ordered=True)


def _safe_content(file: Path, name: str) -> bytes:
    """The content for torch.load: it calls only what is in CALLED, and its records are no larger than the file."""
    content = untrusted.read(file, MAX_BYTES)
    is_zip = content[:4] == b"PK\x03\x04"
    if not is_zip and (kind := signatures.describe(content)):
        raise RunError(f"{name} is {kind}; expected weights that PyTorch saved", hint=SAVE_HINT)
    try:
        content, pickle = _repacked(content, name) if is_zip else (content, content)
        called = set(_called(io.BytesIO(pickle), 1 if is_zip else 5))
    except (
        ValueError,
        IndexError,
        OverflowError,
        KeyError,
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise RunError(
            f"{name} is not what PyTorch saves, or is damaged: {untrusted.printable(error)}", hint=SAVE_HINT
        ) from error
    if strange := sorted(called - CALLED, key=lambda call: (call.startswith("torch."), call)):  # its own classes first
        raise RunError(
            f"{name} holds more than weights, and was not opened: that would run {untrusted.printable(', '.join(strange))}",
            hint=SAVE_HINT,
        )
    return content


def _repacked(content: bytes, name: str) -> tuple[bytes, bytes]:
    """The same records in a plain archive, in case two readers see two archives in one file; and the pickle in it."""
    plain, pickle = io.BytesIO(), b""
    with zipfile.ZipFile(io.BytesIO(content)) as theirs, zipfile.ZipFile(plain, "w") as ours:
        records = theirs.infolist()
        if len({record.filename.lower() for record in records}) != len(records):
            raise ValueError("it has a record twice")
        if len({record.filename.partition("/")[0] for record in records}) > 1:
            raise ValueError("it has more than one root")
        if any(record.filename.partition("/")[2].startswith("code/") for record in records):
            raise RunError(
                f"{name} is a TorchScript program, not weights, and was not opened",
                hint="its owner can save the weights alone: torch.save(torch.jit.load('net.pt').state_dict(), 'weights.pt')",
            )
        if any(record.compress_type != zipfile.ZIP_STORED for record in records):
            raise ValueError("its records are compressed, as PyTorch's never are")
        if sum(record.file_size for record in records) > len(content):
            raise ValueError("its records overlap")
        for record in records:
            data = theirs.read(record)
            ours.writestr(record.filename, data)
            if record.filename.partition("/")[2] == "data.pkl":
                pickle = data
    if not 0 < len(pickle) <= MAX_PICKLE:
        raise ValueError(f"its data.pkl has {len(pickle):,} bytes; expected 1 to {MAX_PICKLE:,}")
    return plain.getvalue(), pickle


def _called(stream: io.BytesIO, num_pickles: int) -> Iterator[str]:
    """Every name that the pickles at the beginning of a stream would call, as `module.name`; nothing is run."""
    for _ in range(num_pickles):
        for opcode, value, _ in pickletools.genops(stream):
            if stream.tell() > MAX_PICKLE:
                raise ValueError(f"it has more than {MAX_PICKLE:,} bytes of instructions")
            if opcode.name in ("GLOBAL", "INST"):
                yield str(value).replace(" ", ".", 1)
            elif opcode.name == "STACK_GLOBAL":
                yield "something by a name that it puts together"  # torch.save writes names out
            elif opcode.name in ("EXT1", "EXT2", "EXT4"):
                yield f"extension {value}"


def _state_dict(value: Any, name: str) -> "dict[str, Tensor]":
    """The tensors by name in what a file holds, without what wraps them."""
    import torch

    value = _unwrapped(value, name)
    if not isinstance(value, dict) or not value:
        raise RunError(f"{name} holds a {type(value).__name__}; expected tensors by name", hint=SAVE_HINT)
    for key, tensor in value.items():
        printed = untrusted.printable(key)
        if not isinstance(key, str) or not isinstance(tensor, torch.Tensor):
            raise RunError(f"{name} has {printed}, a {type(tensor).__name__}; expected tensors by name", hint=SAVE_HINT)
        if tensor.layout != torch.strided or tensor.device.type != "cpu":
            raise RunError(f"{name} has {printed}, which is not a dense tensor on the CPU", hint=SAVE_HINT)
    return value


def _unwrapped(value: Any, name: str) -> Any:
    """The state dict in a training's checkpoint: under a usual name, else the only dict of tensors; else the value itself."""
    if not isinstance(value, dict) or _is_state_dict(value):
        return value
    for key in WRAPPERS:
        if isinstance(value.get(key), dict):
            return value[key]
    level = {untrusted.printable(key): inner for key, inner in value.items() if isinstance(inner, dict)}
    for _ in range(MAX_DEPTH):
        state_dicts = {path: inner for path, inner in level.items() if _is_state_dict(inner)}
        if len(state_dicts) > 1:
            raise RunError(
                f"{name} has several dicts of tensors: {', '.join(state_dicts)}; expected one", hint=SAVE_HINT
            )
        if state_dicts:
            return next(iter(state_dicts.values()))
        level = {
            f"{path}.{untrusted.printable(key)}": inner
            for path, outer in level.items()
            for key, inner in outer.items()
            if isinstance(inner, dict)
        }
    return value


def _is_state_dict(value: dict[Any, Any]) -> bool:
    import torch

    return bool(value) and all(isinstance(key, str) and isinstance(v, torch.Tensor) for key, v in value.items())
