"""A network that is served: its engine, what it answers for images, and whether it recognises the stored ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from lenet.analysis.judge import Judge, Judgement
from lenet.data.dataset import Images
from lenet.deploy.server.examples import examples
from lenet.engines import kernels
from lenet.engines.cpu import CpuEngine
from lenet.errors import LenetError
from lenet.images.preprocess import Preprocessing
from lenet.networks.calibration import Calibration
from lenet.networks.trained import TrainedNetwork
from lenet.runs.opening import Trained, network_of

CLOSE = 1e-3  # how far the engine's logits may be from NumPy's, as a share of the largest


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
    judge: Judge = field(init=False)

    def __post_init__(self) -> None:
        self.network = network_of(self.trained)
        self.calibration = self.network.calibration
        self.judge = self.another_judge()

    @property
    def preprocessing(self) -> Preprocessing:
        """How an image becomes the network's input."""
        return self.network.preprocessing

    @property
    def classes(self) -> Sequence[str]:
        """Names of the classes."""
        return self.network.classes

    @property
    def computed_by(self) -> str:
        """What computes, in words."""
        return f"lenet's kernels for {kernels.variant_name()}" if self._has_kernels else "PyTorch"

    def another_judge(self) -> Judge:
        """Return what computes answers in a further thread: a judge computes for one thread at a time."""
        return Judge(self.trained, "cpu", threads=1)

    def answer(self, images: Images, judge: Judge | None = None) -> Judgement:
        """Compute the answers for images as the network sees them, uint8 (N, height, width) or (N, height, width, 3).

        Raises:
            RunError: a logit is NaN or infinite.
        """
        judge = judge or self.judge
        if self._has_kernels:
            return judge(images)
        # PyTorch's last bits depend on how many images it computes together.
        parts = [judge(images[number : number + 1]) for number in range(len(images))]
        scores = [part.outlier_scores for part in parts if part.outlier_scores is not None]
        reasons = [reason for part in parts for reason in part.reasons or []]
        return Judgement(
            np.concatenate([part.logits for part in parts]),
            np.concatenate([part.probabilities for part in parts]),
            np.concatenate(scores) if scores else None,
            reasons or None,
        )

    @property
    def _has_kernels(self) -> bool:
        return isinstance(self.judge.engine, CpuEngine)

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
