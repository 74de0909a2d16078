"""The answer of /v1/explain: what the network saw, what its answer rests on, and the outputs of its layers."""

import json
import math
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.analysis.occlusion import occlusion
from lenet.data.dataset import Images
from lenet.deploy.server.answers import Template
from lenet.deploy.server.responses import Response
from lenet.deploy.server.served import ServedNetwork
from lenet.deploy.server.tasks import Task
from lenet.networks.layers import Dropout, Flatten

MAX_VALUES = 200_000  # numbers of all layers together; of further layers only the shape is given
DIGITS = 5  # of a number


class Explainer:
    """Explains the answers of one network, one at a time, with a judge of its own."""

    def __init__(self, network: ServedNetwork, template: Template) -> None:
        self.network, self.template, self.lock = network, template, threading.Lock()
        self.judge = network.another_judge()

    def response(self, task: Task) -> Response:
        """Return the explanation of a task with one image, whose `seen` is set."""
        seen = task.seen
        if seen is None:
            raise TypeError("the task has no image")
        with self.lock:
            answers = self.network.answer(seen, self.judge)
            image = seen[0]
            label = int(answers.probabilities[0].argmax())
            occluded = occlusion(self._probabilities, image, label, self._ground(image))
        layers = self._layers(image)
        parts = {
            "seen": image.tolist(),
            "occlusion": {
                "label": label,
                "probability": occluded.probability,
                "patch": list(occluded.patch),
                "losses": _rounded(occluded.losses),
            },
            "layers": layers,
        }
        text = next(self.template.entries(answers, task.warnings, 0, 1))
        rest = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
        return Response(200, (text + "," + rest[1:-1] + self.template.end).encode())

    def _probabilities(self, images: Images) -> NDArray[np.float64]:
        return self.network.answer(images, self.judge).probabilities

    def _ground(self, image: Images) -> int:
        """The byte that covers: the training images' background; for photographs, the mean of the image."""
        ground = self.network.preprocessing.ground
        return {"dark": 0, "light": 255}.get(ground, round(float(image.mean())))

    def _layers(self, image: Images) -> list[dict[str, Any]]:
        layers, left = [], MAX_VALUES
        for layer, output in zip(
            self.network.network.architecture.layers, self.network.network.outputs(image[None]), strict=True
        ):
            if isinstance(layer, Dropout | Flatten):
                continue
            values = output[0]
            entry: dict[str, Any] = {"name": layer.name, "kind": layer.kind, "shape": list(values.shape)}
            left -= math.prod(values.shape)
            if left >= 0:
                entry["values"] = _rounded(values)
            layers.append(entry)
        return layers


def _rounded(values: NDArray[Any]) -> Any:
    """Nested lists of numbers with a few digits."""
    scale = float(np.abs(values).max()) or 1.0
    decimals = max(0, DIGITS - 1 - math.floor(math.log10(scale))) if math.isfinite(scale) else DIGITS
    return np.round(values.astype(np.float64), decimals).tolist()
