"""Tensors of another program, and which of a network's tensors each of them is: by name, by order, or by shape."""

import re
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from lenet.errors import RunError
from lenet.files import untrusted
from lenet.files.safetensors_header import format_shape
from lenet.networks.layers import Shape

FLOATS = ("float32", "float64", "float16", "bfloat16")
MAX_LISTED = 24  # tensors in a message
PREFIXES = ("module.", "_orig_mod.")  # of nn.DataParallel and torch.compile
COUNTER = "num_batches_tracked"  # of nn.BatchNorm2d, which nothing here needs
PARTS = ("weight", "bias", "running_mean", "running_var")  # of a layer, as PyTorch orders them
NUMBERED = re.compile(rf"(\d{{1,9}})\.({'|'.join(PARTS)})")  # names that nn.Sequential gives
# Layers that no network of lenet has, by the last part of a name that only they have.
OTHER_LAYERS = {
    "weight_ih_l0": "LSTM, GRU or RNN",
    "in_proj_weight": "MultiheadAttention",
    "weight_g": "weight_norm",
    "weight_orig": "spectral_norm or pruning",
}
SAVE_HINT = (
    "its owner can save the weights alone: torch.save(net.state_dict(), 'net.pt'), "
    "or safetensors.torch.save_file(net.state_dict(), 'net.safetensors')"
)


@dataclass(frozen=True)
class Tensors:
    """The tensors of a file.

    Attributes:
        arrays: the tensors by name; bfloat16 as float32, which holds all its values.
        dtypes: their dtypes in the file, by name.
        is_ordered: whether their order is that of the network's layers.
    """

    arrays: dict[str, NDArray[Any]]
    dtypes: dict[str, str]
    is_ordered: bool

    @property
    def shapes(self) -> dict[str, Shape]:
        """Their shapes, by name."""
        return {name: array.shape for name, array in self.arrays.items()}

    def must_be_floats(self, file: str) -> None:
        """Raise RunError, naming the layer or tensor, if one is of a layer that lenet lacks or is not of a float dtype."""
        for name, dtype in self.dtypes.items():
            layer, _, last = name.rpartition(".")
            if last in OTHER_LAYERS:
                raise RunError(
                    f"{file} has {untrusted.printable(name)}: the layer {untrusted.printable(layer or name)} "
                    f"is of the kind {OTHER_LAYERS[last]}, which no network of lenet has",
                    hint="`lenet show MODEL` prints the layers of a network; train one of these",
                )
            if dtype not in FLOATS:
                raise RunError(
                    f"{file} has {untrusted.printable(name)} in {dtype}; expected weights of float32, 64 or 16",
                    hint=SAVE_HINT,
                )


def without_counters(tensors: Tensors) -> Tensors:
    """Return the tensors without the numbers of batches that PyTorch's BatchNorm layers count."""
    arrays = {name: array for name, array in tensors.arrays.items() if name.rpartition(".")[2] != COUNTER}
    return Tensors(arrays, {name: tensors.dtypes[name] for name in arrays}, tensors.is_ordered)


def without_prefix(tensors: Tensors) -> Tensors:
    """Return the tensors without the prefix that wrappers of modules put before all names."""
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in tensors.arrays):
            tensors = Tensors(
                {name.removeprefix(prefix): array for name, array in tensors.arrays.items()},
                {name.removeprefix(prefix): dtype for name, dtype in tensors.dtypes.items()},
                tensors.is_ordered,
            )
    return tensors


def match(tensors: Tensors, shapes: dict[str, Shape], file: str, model: str) -> dict[str, str]:
    """Return the network's name for each tensor: the same, else by the order of the layers, else the only one of its shape.

    Args:
        tensors: what the file holds.
        shapes: the network's tensors: their shapes, by name, in the order of its layers.
        file: for messages.
        model: for messages.

    Raises:
        RunError: the shapes are others, or do not say which tensor is which.
    """
    given = tensors.shapes
    if given == shapes:
        return {name: name for name in shapes}
    sides = f"{file} has {_listed(given)}; {model} has {_listed(shapes)}"
    if (layers := _normalizations(given)) and not _normalizations(shapes):
        raise RunError(
            f"the weights do not fit: {file} has batch normalization ({', '.join(layers)}), and {model} has none",
            hint="--model lenet-bn has it after each convolution",
        )
    if sorted(given.values()) != sorted(shapes.values()) or given.keys() == shapes.keys():
        raise RunError(
            f"the weights do not fit: {sides}",
            hint="describe the network that was trained: --model, --kernel-size, --channels, --hidden, --padding",
        )
    ordered = _in_layer_order(tensors)
    if ordered is not None and list(ordered.values()) == list(shapes.values()):
        return dict(zip(ordered, shapes, strict=True))
    if len(set(shapes.values())) < len(shapes):
        raise RunError(
            f"names differ, and shapes alone do not say which tensor is which: {sides}",
            hint=f"rename them as {model} does, or save them in the order of its layers with torch.save",
        )
    names = {shape: name for name, shape in shapes.items()}
    return {name: names[shape] for name, shape in given.items()}


def _in_layer_order(tensors: Tensors) -> dict[str, Shape] | None:
    """The shapes in the order of the layers, if file or names tell it: Dropout changes the names, not the order."""
    if tensors.is_ordered:
        return tensors.shapes
    numbered = {name: NUMBERED.fullmatch(name) for name in tensors.shapes}
    places = {name: (int(found[1]), PARTS.index(found[2])) for name, found in numbered.items() if found}
    if len(places) < len(numbered):
        return None
    return {name: tensors.shapes[name] for name in sorted(places, key=places.__getitem__)}


def _normalizations(shapes: dict[str, Shape]) -> list[str]:
    """The layers that have running statistics, at most three."""
    names = [name.rpartition(".")[0] for name in shapes if name.endswith(".running_mean")]
    return [untrusted.printable(name) for name in names[:3]]


def _listed(shapes: dict[str, Shape]) -> str:
    items = [f"{untrusted.printable(name)} {format_shape(shape)}" for name, shape in list(shapes.items())[:MAX_LISTED]]
    return ", ".join(items) + (f" and {len(shapes) - MAX_LISTED} more" if len(shapes) > MAX_LISTED else "")
