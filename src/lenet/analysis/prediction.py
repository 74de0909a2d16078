"""What a trained network says of people's own pictures.

predict("runs/first", "boot.png").label
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from lenet.analysis.evaluation import answers, engine_for, trained
from lenet.data.dataset import Images
from lenet.engines.choice import choose_device
from lenet.networks.trained import Network
from lenet.pytorch.memory import EVALUATION, memory_explained
from lenet.runs.run import Run

if TYPE_CHECKING:
    from PIL.Image import Image

Picture: TypeAlias = "str | os.PathLike[str] | Image | NDArray[Any]"


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the network says of one picture.

    picture: its path, or its number; probabilities: float64 `(num_classes,)`, adding up to 1; seen: uint8
    `(height, width)`, the picture as it reached the network.
    """

    picture: str
    classes: tuple[str, ...]
    probabilities: NDArray[np.float64]
    seen: Images

    @property
    def label(self) -> str:
        """The most probable class."""
        return self.top(1)[0][0]

    @property
    def probability(self) -> float:
        """The probability of that class."""
        return self.top(1)[0][1]

    def top(self, count: int = 3) -> list[tuple[str, float]]:
        """The `count` most probable classes with their probabilities, the best first."""
        best = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.classes[index], float(self.probabilities[index])) for index in best]

    def __str__(self) -> str:
        return f"{self.label} {self.probability:.1%}"

    def to_dict(self) -> dict[str, Any]:
        """The numbers as JSON can hold them."""
        return {
            "picture": self.picture,
            "label": self.label,
            "probability": self.probability,
            "probabilities": dict(zip(self.classes, self.probabilities.tolist(), strict=True)),
        }


def predict(run: str | os.PathLike[str] | Run | Network, picture: Picture, *, device: str = "auto") -> Prediction:
    """What the network of a finished run, or of a weights file that lenet wrote, says of a picture.

    picture: a file, a Pillow image, or an array.

    The picture is made into what the network knows as `lenet.images.preprocess` describes: turned upright, grey, inverted
    where its ground is the other way round from the training pictures', cropped and centred. One of the training set's size
    is taken as it is. Raises ImageError for what is not a picture, RunError for a run that cannot be used,
    EngineError for a device that is not there or has no room.
    """
    return predict_many(run, [picture], device=device)[0]


def predict_many(
    run: str | os.PathLike[str] | Run | Network, pictures: Sequence[Picture], *, device: str = "auto"
) -> list[Prediction]:
    """`predict` for several pictures at once; all are read before the first is named, so a bad one stops them."""
    run = trained(run)
    names = [
        os.fspath(picture) if isinstance(picture, str | os.PathLike) else f"picture {number}"
        for number, picture in enumerate(pictures, start=1)
    ]
    if not names:
        return []
    sources = [Path(picture) if isinstance(picture, str | os.PathLike) else picture for picture in pictures]
    with memory_explained(choose_device(device).name, EVALUATION, "in a prediction"):
        seen = np.stack([run.preprocessing.picture(source) for source in sources])
        probabilities = torch.softmax(answers(run, engine_for(run, device), seen).double(), 1).numpy()
    return [
        Prediction(name, run.classes, row, image) for name, row, image in zip(names, probabilities, seen, strict=True)
    ]
