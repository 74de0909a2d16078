"""Weights that PyTorch saved elsewhere, made into a weights file of lenet. The only place where a pickle is ever opened.

    imported = import_weights("net.pt", model="lenet-avg", data="fashion-mnist")
    lenet.evaluate(imported.network, "fashion-mnist")

A `.pt` file is a pickle: a program that builds objects. Before it is opened its instructions are read, not run: whatever
they call must be one of the few functions that make a tensor. Then `torch.load(weights_only=True)` opens it, which has
such a list of its own. There is no other way: what both do not let through is refused.
"""

import io
import os
import pickletools
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from lenet.config import checked, model_name
from lenet.data.catalogue import find_entry
from lenet.data.dataset import Splits, load
from lenet.errors import ConfigError, RunError, quoted
from lenet.files import durable, untrusted
from lenet.files.safetensors import SUFFIX, Weights, must_be_finite
from lenet.files.safetensors_header import format_shape
from lenet.images.preprocess import Preprocessing, mean_and_std
from lenet.networks import build
from lenet.networks.trained import TrainedNetwork

MAX_BYTES = 32 << 20  # of a file to import
MAX_PICKLE = 1 << 20  # bytes of it that are instructions; a LeNet's are a few kilobytes
MAX_LISTED = 24  # tensors in a message
FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
WRAPPERS = ("state_dict", "model_state_dict", "model")  # under which a checkpoint has its weights
PREFIXES = ("module.", "_orig_mod.")  # of nn.DataParallel and torch.compile
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
RIGHTLY = (
    "its owner can save the weights alone: torch.save(net.state_dict(), 'net.pt'), "
    "or safetensors.torch.save_file(net.state_dict(), 'net.safetensors')"
)


@dataclass(frozen=True)
class Imported:
    """What `import_weights` did. names: of each tensor in the file, what lenet calls it; notes: what else was done."""

    network: TrainedNetwork
    names: dict[str, str]
    notes: list[str]


def import_weights(
    file: str | os.PathLike[str],
    *,
    model: str,
    data: str | Splits,
    out: str | os.PathLike[str] | None = None,
    normalize: bool = False,
    mean: float | None = None,
    std: float | None = None,
    data_dir: str | None = None,
    **arguments: Any,
) -> Imported:
    """Makes a weights file that lenet can use of one that PyTorch or safetensors saved.

    file: `.pt` or `.pth` with a state dict, on its own or under "state_dict", "model_state_dict" or "model", or
    `.safetensors`; model, arguments: the network, as for `lenet.train`; data: what it was trained on, which gives the
    classes; normalize: it was trained on pixels of mean 0 and deviation 1; mean, std: or of these, as torchvision's
    Normalize takes them; out: the new file, by default beside the old one. Tensors are matched by name, else by shape.
    Raises RunError, ModelError, ConfigError or DataError; nothing is written then.
    """
    file = Path(file)
    out = _place(file, out)
    arguments = {name: checked(name, value) for name, value in arguments.items() if value is not None}
    classes, preprocessing = _described(data, normalize, mean, std, data_dir)
    network = TrainedNetwork(out, model_name(model), arguments, classes, preprocessing)
    wanted = build(model, **arguments, input_size=preprocessing.size, num_classes=len(classes)).parameter_shapes
    tensors, is_ordered = _read(file)
    names = _matched(untrusted.printable(file), tensors, wanted, network.name, is_ordered)
    renamed = {ours: tensors[theirs] for theirs, ours in names.items()}
    must_be_finite({name: _array(weights) for name, weights in renamed.items()}, untrusted.printable(file))
    kinds = sorted({str(weights.dtype).removeprefix("torch.") for weights in renamed.values()} - {"float32"})
    notes = [
        f"{kind} weights were rounded to float32" if kind == "float64" else f"{kind} weights became float32"
        for kind in kinds
    ]
    converted = {name: renamed[name].detach().to(torch.float32).contiguous().numpy() for name in wanted}
    must_be_finite(converted, f"{untrusted.printable(file)}, in float32,")
    try:
        durable.write(out, network.pack(converted))
    except OSError as error:
        raise RunError(f"cannot write {out}: {error.strerror or error}", hint="name another file with --out") from error
    if list(names) != list(names.values()):
        notes.append("names differ; tensors were matched by their shapes")
    return Imported(network, names, notes)


def _place(file: Path, out: str | os.PathLike[str] | None) -> Path:
    path = Path(out) if out is not None else file.with_suffix(SUFFIX)
    if out is None and path == file:
        path = file.with_name(f"{file.stem}-lenet{SUFFIX}")
    if path.suffix.lower() != SUFFIX:
        raise ConfigError(f"{path} does not end in {SUFFIX}", hint=f"take --out {quoted(path.with_suffix(SUFFIX))}")
    if os.path.lexists(path):
        raise RunError(f"{path} is already there", hint=f"name another file: --out NAME{SUFFIX}")
    return path


def _described(
    data: str | Splits, normalize: bool, mean: float | None, std: float | None, data_dir: str | None
) -> tuple[tuple[str, ...], Preprocessing]:
    """Classes and preprocessing of the data that a network was trained on."""
    if (mean is None) != (std is None) or (normalize and mean is not None):
        raise ConfigError(
            "normalize, or mean and std together, or none of them",
            hint="--normalize measures them on the data; --mean and --std are those given to Normalize",
        )
    if mean is not None and std is not None:
        given = (mean, std)
    elif normalize:
        data = data if isinstance(data, Splits) else load(data, data_dir)
        given = mean_and_std(data.train.images)
    else:
        given = (0.0, 1.0)
    if isinstance(data, Splits):
        known = Preprocessing.of(data.train)
        return data.train.classes, Preprocessing(known.size, *given, known.ground, known.framing)
    entry = find_entry(data.lower())
    return entry.classes, Preprocessing(entry.size, *given, entry.ground, entry.framing)


def _read(file: Path) -> tuple[dict[str, Tensor], bool]:
    """The tensors of a file by name, and whether their order is that of the network's layers."""
    name = untrusted.printable(file)
    if file.suffix.lower() == SUFFIX:
        weights = Weights.read(file)
        if weights.num_bytes > MAX_BYTES:
            raise RunError(f"{name} is too large: expected weights of at most {MAX_BYTES:,} bytes")
        dtypes = {key: getattr(torch, entry.dtype_name) for key, entry in weights.entries.items()}
        tensors = {key: torch.from_numpy(array).to(dtypes[key]) for key, array in weights.arrays().items()}
        return _state_dict(tensors, name), False
    content = _safe_content(file, name)
    try:
        value = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # damaged files make it raise nearly anything
        raise RunError(
            f"{name} cannot be opened: {type(error).__name__}: {untrusted.printable(error)}", hint=RIGHTLY
        ) from error
    return _state_dict(value, name), True


def _array(tensor: Tensor) -> NDArray[Any]:
    """A tensor as an array; NumPy has no bfloat16, of which float32 holds every value."""
    array: NDArray[Any] = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).detach().numpy()
    return array


def _safe_content(file: Path, name: str) -> bytes:
    """What torch.load may be given: the file, all whose calls are known and none of which is larger than it is on disk."""
    content = untrusted.read(file, MAX_BYTES)
    is_zip = content[:4] == b"PK\x03\x04"
    try:
        content, pickle = _repacked(content) if is_zip else (content, content)
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
            f"{name} is not what PyTorch saves, or is damaged: {untrusted.printable(error)}", hint=RIGHTLY
        ) from error
    if strange := sorted(called - CALLED, key=lambda call: (call.startswith("torch."), call)):  # its own classes first
        raise RunError(
            f"{name} holds more than weights, and was not opened: that would run {untrusted.printable(', '.join(strange))}",
            hint=RIGHTLY,
        )
    return content


def _repacked(content: bytes) -> tuple[bytes, bytes]:
    """The same records in a plain archive, in case two readers see two archives in one file; and the pickle in it."""
    plain, pickle = io.BytesIO(), b""
    with zipfile.ZipFile(io.BytesIO(content)) as theirs, zipfile.ZipFile(plain, "w") as ours:
        records = theirs.infolist()
        if len({record.filename.lower() for record in records}) != len(records):
            raise ValueError("it has a record twice")
        if len({record.filename.partition("/")[0] for record in records}) > 1:
            raise ValueError("it has more than one root")
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


def _state_dict(value: Any, name: str) -> dict[str, Tensor]:
    """The tensors by name in what a file holds, without what wraps them."""
    tensors: dict[str, Tensor] = {}
    for key in WRAPPERS:
        if isinstance(value, dict) and isinstance(value.get(key), dict):
            value = value[key]
            break
    if not isinstance(value, dict) or not value:
        raise RunError(f"{name} holds a {type(value).__name__}; expected tensors by name", hint=RIGHTLY)
    for prefix in PREFIXES:
        if all(isinstance(key, str) and key.startswith(prefix) for key in value):
            value = {key.removeprefix(prefix): tensor for key, tensor in value.items()}
    for key, tensor in value.items():
        where = untrusted.printable(key)
        if not isinstance(key, str) or not isinstance(tensor, Tensor):
            raise RunError(f"{name} has {where}, a {type(tensor).__name__}; expected tensors by name", hint=RIGHTLY)
        if tensor.dtype not in FLOATS or tensor.layout != torch.strided or tensor.device.type != "cpu":
            kind = str(tensor.dtype).removeprefix("torch.")
            raise RunError(f"{name} has {where} in {kind}; expected weights of float32, 64 or 16", hint=RIGHTLY)
        tensors[key] = tensor
    return tensors


def _matched(
    file: str, tensors: dict[str, Tensor], wanted: dict[str, tuple[int, ...]], model: str, is_ordered: bool
) -> dict[str, str]:
    """Of each tensor in the file, the network's name for it: the same, else the only one of its shape, else by order."""
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if found == wanted:
        return {name: name for name in wanted}
    sides = f"{file} has {_listed(found)}; {model} has {_listed(wanted)}"
    if sorted(found.values()) != sorted(wanted.values()) or found.keys() == wanted.keys():
        raise RunError(
            f"the weights do not fit: {sides}",
            hint="describe the network that was trained: --model, --kernel-size, --channels, --hidden, --padding",
        )
    if is_ordered and list(found.values()) == list(wanted.values()):
        return dict(zip(found, wanted, strict=True))
    if len(set(wanted.values())) < len(wanted):
        raise RunError(
            f"names differ, and shapes alone do not say which tensor is which: {sides}",
            hint=f"rename them as {model} does, or save them in the order of its layers with torch.save",
        )
    ours = {shape: name for name, shape in wanted.items()}
    return {name: ours[shape] for name, shape in found.items()}


def _listed(shapes: dict[str, tuple[int, ...]]) -> str:
    items = [f"{untrusted.printable(name)} {format_shape(shape)}" for name, shape in list(shapes.items())[:MAX_LISTED]]
    return ", ".join(items) + (f" and {len(shapes) - MAX_LISTED} more" if len(shapes) > MAX_LISTED else "")
