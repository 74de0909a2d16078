"""Classifying image files in a folder, some at a time: the same answers as one by one.

classify = Classifier(Job.of(open_trained("runs/first"), Path("photos")))
classify(["1.jpg", "2.jpg"])        # two rows
"""

import contextlib
import ctypes
import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenet.analysis.inference import memory_guard
from lenet.analysis.judge import Judge, Judgement
from lenet.analysis.many.rows import Row
from lenet.engines.cpu import CpuEngine
from lenet.errors import DataError, LenetError
from lenet.files import untrusted
from lenet.images import limits
from lenet.images.pixels import Pixels
from lenet.images.together import apply_together
from lenet.networks.trained import TrainedNetwork
from lenet.runs.opening import Trained, network_of

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
KEPT = 64 << 20  # bytes


@dataclass(frozen=True)
class Job:
    """What is to be classified by what.

    Attributes:
        network: with its weights, so that no file is read where it is used.
        folder: in which the files are, absolute.
        device: "cpu", or a GPU such as "cuda:0".
    """

    network: TrainedNetwork
    folder: str
    device: str = "cpu"

    @classmethod
    def of(cls, trained: Trained, folder: Path, device: str = "auto") -> "Job":
        """Return the job of a trained network; "auto" is the CPU, as each of its cores has files of its own."""
        network = network_of(trained)
        network = dataclasses.replace(network, loaded=network.network, measured=network.calibration)
        return cls(network, os.path.abspath(folder), "cpu" if device == "auto" else device)  # noqa: PTH100 (links stay)


class Classifier:
    """Classifies files on one thread.

    Args:
        job: the network and the folder.

    Raises:
        EngineError: the device is not there, or no engine computes this network.
    """

    def __init__(self, job: Job) -> None:
        _keep_memory()
        self.job = job
        self.judge = Judge(job.network, job.device, threads=1)

    def __call__(self, names: Sequence[str]) -> list[Row]:
        """Return a row for each file, by its name in the folder; a file that cannot be read has one with an error.

        Raises:
            RunError: the network computes NaN or infinite values.
            EngineError: the device is out of memory.
        """
        called = [untrusted.printable(name) for name in names]
        seen = apply_together([self._content(name) for name in names], called, self.job.network.preprocessing)
        images = [each for each in seen if not isinstance(each, LenetError)]
        answers = iter(self._answers(images))
        return [
            Row(name, error=each.message) if isinstance(each, LenetError) else next(answers)._replace(file=name)
            for name, each in zip(names, seen, strict=True)
        ]

    def _content(self, name: str) -> bytes | LenetError:
        path = os.path.join(self.job.folder, name)  # noqa: PTH118 (Path takes as long as reading)
        try:
            return untrusted.read(path, limits.MAX_BYTES, DataError)
        except DataError as error:
            error.message = error.message.replace(untrusted.printable(path), untrusted.printable(name))
            return error

    def _answers(self, images: Sequence[Pixels]) -> list[Row]:
        """The rows of images, without the names of their files."""
        if not images:
            return []
        # On a CPU, PyTorch's last bits depend on how many images it sees at once; those of lenet's kernels do not.
        step = 1 if self.job.device == "cpu" and not isinstance(self.judge.engine, CpuEngine) else len(images)
        rows: list[Row] = []
        with memory_guard(self.job.device, "in a prediction"):
            for start in range(0, len(images), step):
                rows += self._rows(self.judge(np.stack(images[start : start + step])))
        return rows

    def _rows(self, judgement: Judgement) -> list[Row]:
        best: NDArray[np.int64] = judgement.probabilities.argmax(axis=1)
        shares: list[float] = judgement.probabilities[np.arange(len(best)), best].tolist()
        known = judgement.known
        unknown = [None] * len(best) if known is None else (~known).tolist()
        classes = self.job.network.classes
        return [
            Row("", classes[index], share, is_unknown)
            for index, share, is_unknown in zip(best.tolist(), shares, unknown, strict=True)
        ]


def _keep_memory() -> None:
    """Have glibc keep what is freed: giving it to the system and getting it back would take a third of the time."""
    with contextlib.suppress(OSError, AttributeError, TypeError):  # other systems have no mallopt
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(TRIM_THRESHOLD, KEPT)
        mallopt(MMAP_THRESHOLD, KEPT // 2)
