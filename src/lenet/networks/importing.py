"""Importing weights that another program saved: a file of tensors becomes a weights file of lenet.

    imported = import_weights("net.pt", model="lenet-avg", data="fashion-mnist")
    lenet.evaluate(imported.network, "fashion-mnist")

`.safetensors` files are read with NumPy alone. For other suffixes registry.READERS has a
reader, which is imported when needed.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.config import MODEL_FIELDS, checked, model_name
from lenet.data.catalogue import find_entry
from lenet.data.dataset import Splits
from lenet.data.loading import load
from lenet.data.own.path import own_path
from lenet.errors import ConfigError, RunError, choices_hint, quoted
from lenet.files import durable, untrusted
from lenet.files.safetensors import SUFFIX, Weights, must_be_finite, must_be_variances
from lenet.images.pixels import mean_and_std
from lenet.images.preprocess import Preprocessing
from lenet.networks import Architecture, build
from lenet.networks.layers import Shape
from lenet.networks.matching import SAVE_HINT, Tensors, match, without_counters, without_prefix
from lenet.networks.trained import TrainedNetwork
from lenet.registry import READERS, resolve

MAX_BYTES = 32 << 20  # of a file to import
PIXEL_SETTINGS = ("normalize", "mean", "std")


@dataclass(frozen=True)
class Imported:
    """The result of `import_weights`.

    Attributes:
        network: the trained network, whose `path` is the new weights file.
        names: of each tensor in the imported file, the name of the network's tensor.
        notes: what else was done, such as conversions of dtype.
    """

    network: TrainedNetwork
    names: dict[str, str]
    notes: list[str]


def import_weights(
    file: str | os.PathLike[str],
    *,
    model: str,
    data: str | Splits,
    out: str | os.PathLike[str] | None = None,
    **settings: Any,
) -> Imported:
    """Write a weights file with weights that PyTorch or safetensors saved.

    Tensors are matched with the network's by name, else by order or shape.

    Args:
        file: `.safetensors`; or `.pt`, `.pth` and the like with a state dict, on its own or in a checkpoint's dict.
        model: the network, as for `lenet.train`.
        data: what the network was trained on, which gives the classes.
        out: the new file, by default beside `file`.
        **settings: the model's settings, such as `padding=2`; how the pixels were scaled in training:
            `mean` and `std`, as torchvision's Normalize takes them, or `normalize=True`, which measures them on the data,
            or none of them for pixels from 0 to 1; `data_dir`, the folder of the data.

    Returns:
        The network, its parameters' names in the imported file, and notes.

    Raises:
        RunError: the file cannot be read, holds something else, or weights of another network.
        ModelError: the model lacks a setting.
        ConfigError: for a setting or model that is unknown or not possible.
        DataError: for an unknown data set.
    """
    file = Path(file)
    out = _new_file(file, out)
    data_dir = settings.pop("data_dir", None)
    scaling = _Scaling(**{name: settings.pop(name) for name in PIXEL_SETTINGS if name in settings})
    for name in settings:
        if name not in MODEL_FIELDS:
            raise ConfigError(
                f"unknown setting {name!r}", hint=choices_hint(name, (*MODEL_FIELDS, *PIXEL_SETTINGS, "data_dir"))
            )
    arguments = {name: checked(name, value) for name, value in settings.items() if value is not None}
    classes, preprocessing = scaling.description(data, data_dir)
    network = TrainedNetwork(out, model_name(model), arguments, classes, preprocessing)
    sizes = {"input_size": preprocessing.size, "num_classes": len(classes), "in_channels": preprocessing.channels}
    architecture = build(model, **arguments, **sizes)

    printed = untrusted.printable(file)
    tensors = without_counters(without_prefix(_read(file)))
    tensors.must_be_floats(printed)
    names = match(tensors, shapes_in_order(architecture), printed, network.name)
    converted, notes = _converted(tensors, names, printed)
    try:
        durable.write(out, network.pack({name: converted[name] for name in architecture.tensor_shapes}))
    except OSError as error:
        raise RunError(f"cannot write {out}: {error.strerror or error}", hint="name another file with --out") from error
    return Imported(network, names, notes)


def read_safetensors(file: Path) -> Tensors:
    """Return the tensors of a safetensors file.

    Raises:
        RunError: it is damaged or too large.
    """
    weights = Weights.read(file)
    if weights.num_bytes > MAX_BYTES:
        raise RunError(f"{weights.name} is too large: expected weights of at most {MAX_BYTES:,} bytes")
    dtypes = {name: entry.dtype_name for name, entry in weights.entries.items()}
    return Tensors(weights.arrays(), dtypes, is_ordered=False)  # sorted by dtype and name


@dataclass(frozen=True)
class _Scaling:
    """How the pixels from 0 to 1 were scaled before they reached the network: (pixel - mean) / std."""

    normalize: bool = False
    mean: float | None = None
    std: float | None = None

    def __post_init__(self) -> None:
        if (self.mean is None) != (self.std is None) or (self.normalize and self.mean is not None):
            raise ConfigError(
                "normalize, or mean and std together, or none of them",
                hint="--normalize measures them on the data; --mean and --std are those given to Normalize",
            )

    def description(self, data: str | Splits, data_dir: str | None) -> tuple[tuple[str, ...], Preprocessing]:
        """The classes and the preprocessing of networks that were trained on the data."""
        mean, std = 0.0, 1.0
        if not isinstance(data, Splits) and own_path(data) is not None:
            data = load(data, data_dir)
        if self.mean is not None and self.std is not None:
            mean, std = self.mean, self.std
        elif self.normalize:
            data = data if isinstance(data, Splits) else load(data, data_dir)
            mean, std = mean_and_std(data.train.images)
        if isinstance(data, Splits):
            return data.train.classes, replace(Preprocessing.of(data.train), mean=mean, std=std)
        entry = find_entry(data)
        known = Preprocessing(entry.size, mean, std, entry.ground, entry.framing, objects=entry.objects)
        return entry.classes, known


def _new_file(file: Path, out: str | os.PathLike[str] | None) -> Path:
    path = Path(out) if out is not None else file.with_suffix(SUFFIX)
    if out is None and path == file:
        path = file.with_name(f"{file.stem}-lenet{SUFFIX}")
    if path.suffix.lower() != SUFFIX:
        raise ConfigError(f"{path} does not end in {SUFFIX}", hint=f"take --out {quoted(path.with_suffix(SUFFIX))}")
    if os.path.lexists(path):
        raise RunError(f"{path} is already there", hint=f"name another file: --out NAME{SUFFIX}")
    return path


def _read(file: Path) -> Tensors:
    suffix = file.suffix.lower()
    if suffix not in READERS:
        raise RunError(
            f"{untrusted.printable(file)} is of a format that is not imported; expected {', '.join(READERS)}",
            hint=SAVE_HINT,
        )
    tensors: Tensors = resolve(READERS, suffix)(file)
    return tensors


def shapes_in_order(architecture: Architecture) -> dict[str, Shape]:
    """Return the shapes of all tensors by name, those of each layer together, as a state_dict has them."""
    shapes = architecture.tensor_shapes
    return {
        name: shape
        for layer in architecture.layers
        for name, shape in shapes.items()
        if name.rpartition(".")[0] == layer.name
    }


def _converted(tensors: Tensors, names: dict[str, str], file: str) -> tuple[dict[str, NDArray[np.float32]], list[str]]:
    """The weights in float32 under the network's names, and notes on what was done."""
    renamed = {ours: tensors.arrays[theirs] for theirs, ours in names.items()}
    must_be_finite(renamed, file)
    with np.errstate(over="ignore"):
        converted = {name: np.ascontiguousarray(array, np.float32) for name, array in renamed.items()}
    must_be_finite(converted, f"{file}, in float32,")
    must_be_variances(converted, file)
    notes = [
        f"{dtype} weights were rounded to float32" if dtype == "float64" else f"{dtype} weights became float32"
        for dtype in sorted({tensors.dtypes[name] for name in names} - {"float32"})
    ]
    if list(names) != list(names.values()):
        notes.append("names differ; tensors were matched by their shapes")
    return converted, notes
