"""Classifying people's own images with a trained network.

predict("runs/first", "boot.png").label
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.analysis.inference import memory_guard, probabilities
from lenet.data.dataset import Images
from lenet.runs.opening import Source, open_trained

if TYPE_CHECKING:
    from PIL.Image import Image

ImageSource: TypeAlias = "str | os.PathLike[str] | Image | NDArray[Any]"


@dataclass(frozen=True, eq=False)
class Prediction:
    """The classes of one image and their probabilities: the result of `lenet.predict`.

    Attributes:
        image: the path of the image, or "image N" if it is the N-th and came from memory.
        classes: names of the classes.
        probabilities: float64 (num_classes,), adding up to 1.
        seen: uint8 (height, width), or (height, width, 3) in colour: the image after preprocessing, as the network
            received it.
    """

    image: str
    classes: tuple[str, ...]
    probabilities: NDArray[np.float64]
    seen: Images

    @property
    def label(self) -> str:
        """The most probable class."""
        return self.top(1)[0][0]

    @property
    def probability(self) -> float:
        """The probability of the most probable class."""
        return self.top(1)[0][1]

    def top(self, count: int = 3) -> list[tuple[str, float]]:
        """Return the most probable classes.

        Args:
            count: how many.

        Returns:
            Pairs of class and probability, the most probable first.
        """
        best = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.classes[index], float(self.probabilities[index])) for index in best]

    def __str__(self) -> str:
        return f"{self.label} {self.probability:.1%}"

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers as JSON values."""
        return {
            "image": self.image,
            "label": self.label,
            "probability": self.probability,
            "probabilities": dict(zip(self.classes, self.probabilities.tolist(), strict=True)),
        }


def predict(run: Source, image: ImageSource, *, device: str = "auto") -> Prediction:
    """Classify an image with a trained network.

    The image is turned upright, made grey, inverted where its background differs from the training images', cropped and
    centred; `lenet.images.preprocess` has the details. An image of the network's own size is neither cropped nor scaled.

    Args:
        run: a run, its directory, or a weights file that lenet wrote (`.safetensors`).
        image: a file, a Pillow image, or an array: uint8 (height, width), or (height, width, 3) in colour.
        device: "auto", "cpu", or a GPU such as "cuda:0".

    Returns:
        The classes with their probabilities.

    Raises:
        ImageError: the image cannot be read.
        RunError: the run cannot be read, or its network gives NaN or infinite values.
        EngineError: the device is not there, or out of memory.
    """
    return predict_many(run, [image], device=device)[0]


def predict_many(run: Source, images: Sequence[ImageSource], *, device: str = "auto") -> list[Prediction]:
    """Classify several images at once, as `predict` does; all are read first, so one bad image stops them all."""
    trained = open_trained(run)
    names = [
        os.fspath(image) if isinstance(image, str | os.PathLike) else f"image {number}"
        for number, image in enumerate(images, start=1)
    ]
    if not names:
        return []
    sources = [Path(image) if isinstance(image, str | os.PathLike) else image for image in images]
    with memory_guard(device, "in a prediction"):
        seen = np.stack([trained.preprocessing.apply(source) for source in sources])
        rows = probabilities(trained, seen, device)
    return [Prediction(name, trained.classes, row, image) for name, row, image in zip(names, rows, seen, strict=True)]
