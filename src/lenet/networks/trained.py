"""A trained network in a file: what to build, what its answers mean, and where its weights are.

    network = Network.load("boots.safetensors")
    network.model, network.classes

A run's model.safetensors carries all of it in its metadata, under `lenet`, and so is of use wherever it is copied to.
Nothing is taken on trust: the network is built without memory first, and gets some only if the file's weights fit it.
"""

import json
import os
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lenet.config import MODEL_FIELDS, checked, model_name
from lenet.errors import LenetError, RunError
from lenet.files import untrusted
from lenet.files.safetensors import PICKLES, Weights, pack
from lenet.images.preprocess import Preprocessing
from lenet.models import build

KEY = "lenet"  # of the metadata; one, as safetensors writes several in an order that changes from process to process
MAX_CLASSES, MAX_NAME = 1000, 200  # classes, and characters in the name of one
MAX_EDGE = 4096  # of the network's picture, in pixels
MAX_LAYERS = 64
MAX_OUTPUT = 1 << 24  # numbers that a layer makes of one picture: 64 MB
MAX_MULTIPLY_ADDS = 1 << 34  # for one picture: a second or so


@dataclass(frozen=True)
class Network:
    """A trained network.

    path: its weights file; name, arguments: what `lenet.models.build` makes it of; classes: their names, in the order of
    its outputs; preprocessing: how a picture becomes its input.
    """

    path: Path
    name: str
    arguments: dict[str, Any]
    classes: tuple[str, ...]
    preprocessing: Preprocessing

    def __post_init__(self) -> None:
        """Raises RunError unless all of it is possible and fits together."""
        if not 0 < len(self.classes) <= MAX_CLASSES or not all(map(_is_name, self.classes)):
            raise self._fault(f"its classes are {untrusted.printable(list(self.classes))}")
        if max(self.preprocessing.size) > MAX_EDGE:
            raise self._fault("its pictures are {}×{}".format(*self.preprocessing.size))
        arguments = self.arguments
        for name, value in {**self._sizes, "in_channels": 1}.items():
            if arguments.get(name, value) != value:
                raise self._fault(f"its {name} is {untrusted.printable(arguments[name])}; expected {value}")
        if len(arguments.get("channels") or ()) + len(arguments.get("hidden") or ()) > MAX_LAYERS:
            raise self._fault(f"it has more than {MAX_LAYERS} layers")

    @classmethod
    def from_dict(cls, values: Any, path: Path) -> "Network":
        """The network that `to_dict` described, whose weights are at `path`; nonsense is a RunError."""
        try:
            model, classes = values["model"], values["classes"]
            name, arguments = model_name(model["name"]), dict(model["arguments"])
            if not isinstance(classes, list):
                raise TypeError(f"classes is {untrusted.printable(classes)}")
            for field in arguments.keys() & set(MODEL_FIELDS):
                arguments[field] = checked(field, arguments[field])
            if "input_size" in arguments:
                arguments["input_size"] = tuple(arguments["input_size"])
            preprocessing = Preprocessing.from_dict(values["preprocessing"])
        except (KeyError, TypeError, ValueError, AttributeError, LenetError) as error:
            what = error.message if isinstance(error, LenetError) else f"{type(error).__name__} {error}"
            raise _fault(path, what) from error
        return cls(path, name, arguments, tuple(classes), preprocessing)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Network":
        """The network in a weights file on its own; RunError for a file that is none, or says nothing of its network."""
        path = Path(path)
        if path.suffix.lower() in PICKLES:
            raise RunError(
                f"{untrusted.printable(path)} may hold a pickle, which can run any program, and was not read",
                hint=f"lenet import-weights {untrusted.printable(path)} --model NAME --data NAME takes the weights out of it",
            )
        weights = Weights.read(path)
        if KEY not in weights.metadata:
            raise RunError(
                f"{weights.name} does not say what network its weights are of",
                hint=f"lenet import-weights {weights.name} --model NAME --data NAME adds it",
            )
        try:
            values = untrusted.parse_json(weights.metadata[KEY].encode())
        except ValueError as error:
            raise _fault(path, untrusted.printable(error)) from error
        return cls.from_dict(values, path)

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "model": {"name": self.name, "arguments": self.arguments},
            "classes": list(self.classes),
            "preprocessing": self.preprocessing.to_dict(),
        }

    @property
    def model(self) -> nn.Module:
        """The trained network, a plain nn.Module in evaluation mode; each access reads it anew."""
        _ = self.largest_output
        model = self.blank()
        arrays = Weights.read(self.path).load({name: tuple(w.shape) for name, w in model.state_dict().items()})
        # Copies, as PyTorch's own memory is aligned to more bytes; and Module.to_empty takes a second to load.
        model.load_state_dict({name: torch.from_numpy(arrays.pop(name)).clone() for name in list(arrays)}, assign=True)
        return model.eval()

    def blank(self) -> nn.Module:
        """The network on PyTorch's meta device: shapes without numbers, and without memory."""
        try:
            with torch.device("meta"):
                return build(self.name, **self.arguments | self._sizes)
        except (RuntimeError, TypeError, ValueError, OverflowError) as error:
            raise self._fault(f"{type(error).__name__} {error}") from error
        except LenetError as error:
            raise self._fault(error.message) from error

    @property
    def _sizes(self) -> dict[str, Any]:
        return {"input_size": self.preprocessing.size, "num_classes": len(self.classes)}

    @cached_property
    def largest_output(self) -> int:
        """The most numbers that a layer makes of one picture; RunError for a network too large to compute.

        From the shapes alone: PyTorch's own way, running the meta device, takes a second to load.
        """
        height, width = self.preprocessing.size
        outputs, multiply_adds = [], 0
        for layer in self.blank().modules():
            if isinstance(layer, nn.Conv2d):
                height, width = (
                    edge + 2 * int(layer.padding[0]) - layer.kernel_size[0] + 1 for edge in (height, width)
                )
                outputs.append(layer.out_channels * height * width)
                multiply_adds += outputs[-1] * layer.weight[0].numel()
            elif isinstance(layer, nn.MaxPool2d | nn.AvgPool2d):
                height, width = height // 2, width // 2
            elif isinstance(layer, nn.Linear):
                outputs.append(layer.out_features)
                multiply_adds += layer.weight.numel()
        if max(outputs) > MAX_OUTPUT:
            raise self._fault(
                f"a layer would make {max(outputs):,} numbers of a picture; expected at most {MAX_OUTPUT:,}"
            )
        if multiply_adds > MAX_MULTIPLY_ADDS:
            raise self._fault(
                f"a picture would take {multiply_adds:,} multiply-adds; expected at most {MAX_MULTIPLY_ADDS:,}"
            )
        return max(outputs)

    def packed(self, tensors: dict[str, Tensor]) -> bytes:
        """The content of a weights file with these tensors and all that is needed to use them."""
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        return pack(arrays, {KEY: json.dumps(self.to_dict())})

    def _fault(self, why: str) -> RunError:
        return _fault(self.path, why)


def _is_name(name: Any) -> bool:
    """Whether it can stand in a table: a control character could make a terminal do things."""
    return isinstance(name, str) and len(name) <= MAX_NAME and not any(unicodedata.category(c) == "Cc" for c in name)


def _fault(path: Path, why: str) -> RunError:
    return RunError(
        f"the network of {untrusted.printable(path)} cannot be built: {untrusted.printable(why)}",
        hint="it was made by another program, or another version of lenet, or is damaged; get it again",
    )
