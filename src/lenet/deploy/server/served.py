"""A network that is served: its engine, what it answers for images, and whether it recognises the stored ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.analysis.inference import engine_for
from lenet.config import TrainConfig
from lenet.data.dataset import Images
from lenet.deploy.server.examples import examples
from lenet.engines.choice import choose_engine, make_engine
from lenet.engines.cpu import CpuEngine
from lenet.errors import LenetError
from lenet.images.preprocess import Preprocessing
from lenet.metrics import softmax
from lenet.networks.calibration import Calibration
from lenet.networks.embedding import up_to
from lenet.networks.layers import Dense
from lenet.networks.trained import TrainedNetwork
from lenet.runs.opening import Computes, Trained, logits, network_of

CLOSE = 1e-3  # how far the engine's logits may be from NumPy's, as a share of the largest


@dataclass(frozen=True, eq=False)
class Answers:
    """What a network answers for N images.

    Attributes:
        logits: float32 (N, num_classes).
        probabilities: float64 (N, num_classes).
        reasons: for each image why it is unknown, None for a known one; None for a network that has no rule for it.
    """

    logits: NDArray[np.float32]
    probabilities: NDArray[np.float64]
    reasons: Sequence[str | None] | None


@dataclass(frozen=True, eq=False)
class Engines:
    """What computes in one thread.

    Attributes:
        logits: the network's engine.
        embedding: that of the layers before the one whose input the calibration looks at, if the network has one.
    """

    logits: Computes
    embedding: Computes | None


@dataclass(eq=False)
class ServedNetwork:
    """A network that is served.

    Attributes:
        name: what requests call it.
        trained: the run or network.
        sha256: of its weights file.
        readiness: why it is ready, in words, after `check`.
        is_ready: whether it is.
    """

    name: str
    trained: Trained
    sha256: str
    readiness: str = "not checked yet"
    is_ready: bool = False
    network: TrainedNetwork = field(init=False)
    calibration: Calibration | None = field(init=False)
    engines: "Engines" = field(init=False)

    def __post_init__(self) -> None:
        self.network = network_of(self.trained)
        self.calibration = self.network.calibration
        self.engines = self.more_engines()

    @property
    def preprocessing(self) -> Preprocessing:
        """How an image becomes the network's input."""
        return self.network.preprocessing

    @property
    def classes(self) -> Sequence[str]:
        """Names of the classes."""
        return self.network.classes

    def more_engines(self) -> "Engines":
        """Return engines for a further thread; they compute for one thread at a time."""
        trained: Any = self.trained
        embedding = None
        if self.calibration is not None:
            layer = next(each for each in self.network.architecture.layers if each.name == self.calibration.layer)
            if not isinstance(layer, Dense):
                raise TypeError(f"the layer {layer.name} of the calibration is not dense")
            cut = up_to(self.network.network, layer)
            name = choose_engine("auto", cut.architecture, "cpu").name
            embedding = _on_one_thread(make_engine(name, cut, None, TrainConfig(), self.preprocessing))
        return Engines(_on_one_thread(engine_for(trained, "cpu")), embedding)

    def answer(self, images: Images, engines: "Engines | None" = None) -> Answers:
        """Compute the answers for images as the network sees them, uint8 (N, height, width) or (N, height, width, 3).

        Raises:
            RunError: a logit is NaN or infinite.
        """
        engines = engines or self.engines
        values = logits(self.trained, engines.logits, images)
        if self.calibration is None or engines.embedding is None:
            return Answers(values, softmax(values), None)
        reasons = self.calibration.judge(values, engines.embedding.logits(images))[1]
        return Answers(values, self.calibration.probabilities(values), reasons)

    def check(self) -> None:
        """Find out whether the network is ready: its engine computes what NumPy does, and it recognises a stored image.

        A network with other classes than the stored images computes an image of noise instead.
        """
        stored = examples(self.classes)
        try:
            if stored is None:
                noise = np.random.default_rng(0).integers(0, 256, (1, *self.preprocessing.shape), np.uint8)
                seen, labels = noise, None
            else:
                seen, labels = np.stack([self.preprocessing.apply(image) for image in stored[0]]), stored[1]
            answers = self.answer(seen)
            expected = self.network.logits(seen)
        except LenetError as error:
            self.readiness = error.message
            return
        error_size = float(np.abs(answers.logits - expected).max() / max(1.0, float(np.abs(expected).max())))
        if error_size > CLOSE:
            self.readiness = f"its engine computes other logits than NumPy: {error_size:.1g} of the largest"
            return
        if labels is None:
            self.readiness = "computes what NumPy computes; no stored image has its classes"
            self.is_ready = True
            return
        count = int((answers.probabilities.argmax(axis=1) == labels).sum())
        self.readiness = f"recognised {count} of {len(labels)} stored images"
        self.is_ready = count > 0


def _on_one_thread(engine: Computes) -> Computes:
    if isinstance(engine, CpuEngine):
        engine.threads = 1
    return engine
