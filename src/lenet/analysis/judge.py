"""What a trained network answers for images: probabilities, and which of the images are unknown to it.

    judge = Judge(lenet.load("runs/first"))
    judgement = judge(images)
    judgement.probabilities, judgement.reasons

Every image is judged alone: its answer has the same bits among others.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lenet.analysis.inference import computes, embedder_for
from lenet.data.dataset import Images
from lenet.engines.cpu import CpuEngine
from lenet.metrics import softmax
from lenet.networks.trained import TrainedNetwork
from lenet.runs.opening import Trained, logits, network_of
from lenet.runs.run import Run


class Verdict(NamedTuple):
    """What a network answers for one image.

    Args:
        probabilities: float64 (num_classes,).
        outlier_score: above 1 for an unknown image; None without a calibration.
        reason: why it is unknown, in words; None for a known one, or without a calibration.
    """

    probabilities: NDArray[np.float64]
    outlier_score: float | None = None
    reason: str | None = None


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a network answers for images.

    Attributes:
        logits: float32 (N, num_classes).
        probabilities: float64 (N, num_classes), calibrated if the network is.
        outlier_scores: float64 (N,), above 1 for an unknown image; None without a calibration.
        reasons: N texts that say why an image is unknown, None for a known one; None without a calibration.
    """

    logits: NDArray[np.float32]
    probabilities: NDArray[np.float64]
    outlier_scores: NDArray[np.float64] | None = None
    reasons: list[str | None] | None = None

    @property
    def known(self) -> NDArray[np.bool_] | None:
        """Which images are like the training images, bool (N,); None without a calibration."""
        return None if self.outlier_scores is None else self.outlier_scores <= 1

    def __iter__(self) -> Iterator["Verdict"]:
        """Return the answers one by one."""
        for index, row in enumerate(self.probabilities):
            if self.outlier_scores is None or self.reasons is None:
                yield Verdict(row)
            else:
                yield Verdict(row, float(self.outlier_scores[index]), self.reasons[index])


class Judge:
    """Computes what a trained network answers.

    Args:
        trained: a run, a network or a module, from `open_trained`.
        device: "auto", "cpu", or a GPU such as "cuda:0".
        threads: that the CPU engine computes with; by default as many as for an evaluation.

    Raises:
        RunError: the weights cannot be read.
        EngineError: the device is not there, or no engine computes this network.
    """

    def __init__(self, trained: Trained, device: str = "auto", threads: int | None = None) -> None:
        self.trained, self.engine = trained, computes(trained, device)
        is_ours = isinstance(trained, Run | TrainedNetwork)
        self.calibration = network_of(trained).calibration if is_ours else None
        self._embedder = embedder_for(trained, device) if isinstance(trained, Run | TrainedNetwork) else None
        for engine in (self.engine, self._embedder):
            if threads is not None and isinstance(engine, CpuEngine):
                engine.threads = threads

    def __call__(self, images: Images) -> Judgement:
        """Return the answers for uint8 images (N, height, width), or (N, height, width, 3), in the network's size.

        Raises:
            RunError: the network computes NaN or infinite values.
        """
        values = logits(self.trained, self.engine, images)
        if self.calibration is None or self._embedder is None:
            return Judgement(values, softmax(values))
        width = self.calibration.directions.shape[1]
        embedding = logits(self.trained, self._embedder, images, width)
        scores, reasons = self.calibration.judge(values, embedding)
        return Judgement(values, self.calibration.probabilities(values), scores, reasons)
