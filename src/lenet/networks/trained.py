"""A trained network and its file: the model, its classes, its preprocessing, and where its weights are.

    trained = TrainedNetwork.load("boots.safetensors")
    trained.classes, trained.logits(images)

A run's model.safetensors carries all of this in its metadata, under `lenet`, so the file is useful wherever it is copied.
Nothing in it is trusted: memory for weights is allocated only if the file's weights fit the architecture.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.config import MODEL_FIELDS, checked, model_name
from lenet.data.class_names import is_class_name
from lenet.data.dataset import Images, Labels
from lenet.errors import DataError, LenetError, RunError
from lenet.files import untrusted
from lenet.files.safetensors import MAX_PARAMETERS
from lenet.images.preprocess import Preprocessing
from lenet.metrics import losses
from lenet.networks import Architecture, Network, build, gradients, weights_file
from lenet.networks.calibration import Calibration
from lenet.networks.forward import as_input, forward

MAX_CLASSES = 1000
MAX_EDGE = 4096  # pixels of the network's input, in height and width
MAX_LAYERS = 64
CHUNK = 250  # images whose layer outputs are in memory at once
MAX_OUTPUT = 1 << 24  # numbers in a layer's output for one image: 64 MB
MAX_MULTIPLY_ADDS = 1 << 34  # for one image: about a second


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained network, whose weights are read when they are needed.

    Attributes:
        path: its weights file.
        name: the model, a name in registry.MODELS.
        arguments: the model's settings.
        classes: names of the classes, in the order of the logits.
        preprocessing: how an image becomes the network's input.
        sha256: of the weights file's content, if it is known what it must be.
        loaded: the layers with weights from elsewhere, such as a checkpoint; then no file is read.
        measured: the calibration that belongs to them, if there is one.
    """

    path: Path
    name: str
    arguments: dict[str, Any]
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    sha256: str | None = None
    loaded: Network | None = field(default=None, repr=False, compare=False)
    measured: Calibration | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raises RunError unless all of it is possible and fits together."""
        if not 0 < len(self.classes) <= MAX_CLASSES or not all(map(is_class_name, self.classes)):
            raise self._fault(f"its classes are {untrusted.printable(list(self.classes))}")
        if max(self.preprocessing.size) > MAX_EDGE:
            raise self._fault("its images are {}×{}".format(*self.preprocessing.size))
        arguments = self.arguments
        for name, value in self._sizes.items():
            if arguments.get(name, value) != value:
                raise self._fault(f"its {name} is {untrusted.printable(arguments[name])}; expected {value}")
        if len(arguments.get("channels") or ()) + len(arguments.get("hidden") or ()) > MAX_LAYERS:
            raise self._fault(f"it has more than {MAX_LAYERS} layers")

    @classmethod
    def from_dict(cls, values: Any, path: Path, sha256: str | None = None) -> "TrainedNetwork":
        """Return the network that `to_dict` described, with its weights at `path`.

        Raises:
            RunError: if `values` describe no network, or one that is too large.
        """
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
            raise weights_file.fault(path, what) from error
        return cls(path, name, arguments, tuple(classes), preprocessing, sha256)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "TrainedNetwork":
        """Return the network in a weights file.

        Raises:
            RunError: if it is no weights file, or does not say what network its weights belong to.
        """
        return cls.from_dict(weights_file.description(Path(path)), Path(path))

    def to_dict(self) -> dict[str, Any]:
        """Return the description as JSON can hold it."""
        return {
            "model": {"name": self.name, "arguments": self.arguments},
            "classes": list(self.classes),
            "preprocessing": self.preprocessing.to_dict(),
        }

    @cached_property
    def architecture(self) -> Architecture:
        """The layers.

        Raises:
            RunError: for a network that cannot be built or is too large to compute.
        """
        if self.loaded is not None:
            return self.loaded.architecture
        try:
            architecture = build(self.name, **self.arguments | self._sizes)
        except (TypeError, ValueError, OverflowError) as error:
            raise self._fault(f"{type(error).__name__} {error}") from error
        except LenetError as error:
            raise self._fault(error.message) from error
        largest, multiply_adds = architecture.largest_output, sum(architecture.multiply_adds)
        if largest > MAX_OUTPUT:
            raise self._fault(f"a layer's output has {largest:,} numbers; expected at most {MAX_OUTPUT:,}")
        if multiply_adds > MAX_MULTIPLY_ADDS:
            raise self._fault(f"an image takes {multiply_adds:,} multiply-adds; expected at most {MAX_MULTIPLY_ADDS:,}")
        if architecture.num_values > MAX_PARAMETERS:
            raise self._fault(f"it has {architecture.num_values:,} parameters; expected at most {MAX_PARAMETERS:,}")
        return architecture

    @property
    def network(self) -> Network:
        """The layers with the weights in the file, which is read once.

        Raises:
            RunError: if the file cannot be read or holds other weights.
        """
        return self._read[0]

    @property
    def calibration(self) -> Calibration | None:
        """What the network knows of its own doubt; None if nobody calibrated it.

        Raises:
            RunError: as `network`, or if the file holds a calibration that cannot be used.
        """
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[Network, Calibration | None]:
        if self.loaded is not None:
            return self.loaded, self.measured
        return weights_file.read(self.path, self.architecture, self.sha256)

    @property
    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Weights and running statistics by their names in the PyTorch module's state_dict, such as `conv.0.weight`."""
        return self.network.tensors

    def outputs(self, images: Images) -> list[NDArray[np.float32]]:
        """Return the output of every layer.

        Args:
            images: uint8 (N, height, width), or (N, height, width, 3) in colour, of the network's size.

        Returns:
            One array a layer, float32 (N, *shape), in the order of `architecture.layers`; the last holds the logits.

        Raises:
            DataError: for images of another type or size.
        """
        self._must_take(images)
        return forward(self.network, as_input(images, self.preprocessing))

    def input_gradient(self, images: Images, classes: Labels) -> NDArray[np.float32]:
        """Return the gradient of one logit of each image with respect to the network's input, (pixel / 255 - mean) / std.

        Args:
            images: uint8 (N, height, width), or (N, height, width, 3) in colour, of the network's size.
            classes: int64 (N,), which logit, such as the labels.

        Returns:
            float32 (N, channels, height, width).

        Raises:
            DataError: for images of another type or size, or classes that the network does not have.
        """
        self._must_take(images)
        return gradients.of_images(self.network, images, classes, self.preprocessing)

    def losses(self, images: Images, labels: Labels) -> NDArray[np.float64]:
        """Return the cross-entropy loss (N,) of each of uint8 images (N, height, width) with int64 labels (N,)."""
        return losses(self.logits(images), labels)

    def logits(self, images: Images) -> NDArray[np.float32]:
        """Return the logits (N, num_classes) of uint8 images (N, height, width)."""
        parts = [self.outputs(images[start : start + CHUNK])[-1] for start in range(0, len(images), CHUNK)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.classes)), np.float32)

    def predictions(self, images: Images) -> list[str]:
        """Return the name of the most probable class of each of uint8 images (N, height, width)."""
        return [self.classes[index] for index in self.logits(images).argmax(axis=1)]

    def pack(self, tensors: Mapping[str, NDArray[np.float32]], calibration: Calibration | None = None) -> bytes:
        """Return the content of a weights file with these tensors, by name, this description, and a calibration."""
        return weights_file.pack(tensors, self.to_dict(), calibration)

    def _must_take(self, images: Images) -> None:
        """Raises DataError for images of another type or size."""
        is_array = isinstance(images, np.ndarray)
        if not is_array or images.dtype != np.uint8 or images.shape[1:] != self.preprocessing.shape:
            what = f"{images.dtype} {images.shape}" if is_array else type(images).__name__
            shape = ", ".join(map(str, self.preprocessing.shape))
            raise DataError(f"the images are {what}; expected uint8 (N, {shape})")

    @property
    def _sizes(self) -> dict[str, Any]:
        size, channels = self.preprocessing.size, self.preprocessing.channels
        return {"input_size": size, "num_classes": len(self.classes), "in_channels": channels}

    def _fault(self, why: str) -> RunError:
        return weights_file.fault(self.path, why)
