"""Trained networks as modules: one that takes pixels, and any module that names images.

module = TrainedModule(network, classes, preprocessing)  # takes pixels from 0 to 1, or bytes
trained = open_module(net, classes=["cat", "dog"])        # trained.logits(images), like a trained network of lenet's own
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lenet.data.class_names import checked_class_names
from lenet.errors import ModelError
from lenet.files.untrusted import printable
from lenet.images.preprocess import Pixels, Preprocessing
from lenet.pytorch.modules import evaluating
from lenet.pytorch.tensors import of_images, to_input

CHUNK = 250  # images computed at once
EDGES = (28, 32, 64, 96, 224)  # of the images tried where a module does not say which it takes
DIGITS = tuple("0123456789")


class TrainedModule(nn.Module):
    """A trained network with its normalization: it takes pixels, as image files and `ToTensor` give them.

    Maps uint8, or floats from 0 to 1, (N, channels, height, width) or (N, height, width), to logits (N, num_classes).

    Attributes:
        network: the network alone, which takes (pixel - mean) / std.
        classes: names of the classes, in the order of the logits.
        preprocessing: how an image file becomes such pixels: `preprocessing.apply(path)`.
    """

    def __init__(self, network: nn.Module, classes: Sequence[str], preprocessing: Preprocessing) -> None:
        super().__init__()
        self.network, self.classes = network, tuple(classes)
        self.mean, self.std = preprocessing.mean, preprocessing.std
        self.preprocessing = dataclasses.replace(preprocessing, mean=0.0, std=1.0)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (N, num_classes) of images."""
        pixels = images.to(_dtype(self.network))
        if images.dtype == torch.uint8:
            pixels = pixels / 255
        if pixels.ndim == 3:
            pixels = pixels.unsqueeze(1)
        logits: Tensor = self.network((pixels - self.mean) / self.std)
        return logits

    def extra_repr(self) -> str:
        """Return what print shows beside the network."""
        return f"mean={self.mean:.4g}, std={self.std:.4g}, {len(self.classes)} classes"


@dataclass(frozen=True, eq=False)
class ModuleNetwork:
    """Any module with its classes and preprocessing, used like a trained network.

    Attributes:
        module: computes logits from float32 (N, channels, height, width).
        classes: names of the classes, in the order of the logits.
        preprocessing: how an image becomes the module's input.
    """

    module: nn.Module
    classes: tuple[str, ...]
    preprocessing: Preprocessing

    @property
    def path(self) -> Path:
        """What messages call it."""
        return Path(type(self.module).__name__)

    def logits(self, images: Pixels) -> NDArray[np.float32]:
        """Return the logits (N, num_classes) of uint8 images (N, height, width) or (N, height, width, 3)."""
        parts = [_logits(self.module, images[start : start + CHUNK], self.preprocessing) for start in _starts(images)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.classes)), np.float32)


def open_module(
    module: nn.Module, classes: Sequence[str] | None = None, preprocessing: Preprocessing | None = None
) -> ModuleNetwork:
    """Return a module as a network that names images.

    Args:
        module: any module. One that lenet.d2l trained has its classes and preprocessing.
        classes: names of its outputs; by default `module.classes`.
        preprocessing: how an image becomes its input; by default `module.preprocessing`, else grey pixels from 0 to 1 (or
            colours, if its first convolution takes three channels) of the first usual size that it takes, light on dark.

    Raises:
        ModelError: if its classes are not known, or do not fit its outputs, or it does not take images.
        DataError: if a class has no usable name.
    """
    kind = type(module).__name__
    classes = getattr(module, "classes", None) if classes is None else classes
    if isinstance(classes, str) or not isinstance(classes, Sequence):
        raise ModelError(
            f"{kind} does not say what its outputs mean: it has no list of classes",
            hint="lenet.predict(net, image, classes=[…]) names them; what lenet.d2l trains knows them",
        )
    names = checked_class_names(kind, classes)
    if preprocessing is None:
        given = getattr(module, "preprocessing", None)
        preprocessing = given if isinstance(given, Preprocessing) else _usual(module, names)
    trained = ModuleNetwork(module, names, preprocessing)
    try:
        shape = trained.logits(_blank(preprocessing)).shape
    except ModelError:
        raise
    except Exception as error:  # forward is anybody's code
        size = "×".join(map(str, preprocessing.size))
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ModelError(f"{kind} does not take images of {size}: {printable(why)}") from error
    if shape != (1, len(names)):
        raise ModelError(
            f"{kind} computes outputs of shape {tuple(shape[1:])} for an image; there are {len(names)} classes",
            hint="give the name of each output, in their order, with classes=[…]",
        )
    return trained


def _usual(module: nn.Module, classes: tuple[str, ...]) -> Preprocessing:
    """The preprocessing for a module that does not say which images it takes."""
    first = next((layer for layer in module.modules() if isinstance(layer, nn.Conv2d)), None)
    colours = first is not None and first.in_channels == 3
    framing = "whole" if colours else "mass" if classes == DIGITS else "box"
    for edge in EDGES:
        tried = Preprocessing((edge, edge), framing=framing, channels=3 if colours else 1)
        try:
            _logits(module, _blank(tried), tried)
        except ModelError:
            raise
        except Exception:  # forward is anybody's code, and this is not its size
            continue
        return tried
    raise ModelError(
        f"{type(module).__name__} takes no images of {', '.join(map(str, EDGES))} pixels in height and width",
        hint="expected a module that takes float32 (N, channels, height, width); module.preprocessing says which size",
    )


def _blank(preprocessing: Preprocessing) -> Pixels:
    return np.zeros((1, *preprocessing.size, *((3,) if preprocessing.channels == 3 else ())), np.uint8)


def _logits(module: nn.Module, images: Pixels, preprocessing: Preprocessing) -> NDArray[np.float32]:
    weights = next(module.parameters(), None)
    device = None if weights is None else weights.device
    with evaluating(module), torch.no_grad():
        logits = module(to_input(of_images(images).to(device), preprocessing).to(_dtype(module)))
        if not isinstance(logits, Tensor):
            raise ModelError(
                f"{type(module).__name__} computes a {type(logits).__name__}; expected logits, a tensor (N, num_classes)",
                hint="wrap it in a module that returns the logits alone",
            )
        return logits.float().cpu().numpy()


def _dtype(module: nn.Module) -> torch.dtype:
    """The type of numbers in which a module computes."""
    weights = next(module.parameters(), None)
    return torch.get_default_dtype() if weights is None else weights.dtype


def _starts(images: Pixels) -> range:
    return range(0, len(images), CHUNK)
