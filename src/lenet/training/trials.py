"""The trials of a search: trainings in memory, judged after each epoch, where they may be given up.

Nothing is called from within a training: its epochs are an iterator, and a trial that is given up takes no more of them.
"""

import math
from collections.abc import Generator
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

from lenet.config import TrainConfig
from lenet.data.dataset import Splits
from lenet.display.plain import Finished
from lenet.engines.memory import memory_explained
from lenet.engines.threads import cores
from lenet.errors import TrainingError
from lenet.metrics import loss_and_accuracy
from lenet.training.in_memory import epochs
from lenet.training.interrupts import Interrupt
from lenet.training.setup import set_up
from lenet.training.tasks import Executor

Judged: TypeAlias = Generator[tuple[float, float], None, None]  # loss and accuracy after each epoch


class Trials(Protocol):
    """Where trials are trained: in threads of this process, or on a cluster."""

    def num_workers(self) -> int:
        """Return how many can be trained at a time at present."""

    def epochs(self, config: TrainConfig, splits: Splits, interrupt: Interrupt) -> Judged:
        """Train, as `judged` does it; the iterator may end early after an interrupt."""


class TrialExecutor(Executor, Protocol):
    """Where trials and whole trainings are done; see lenet.distributed."""

    def trials(self, workers: int | None, display: Finished) -> AbstractContextManager[Trials]:
        """Be ready for trials, so many at a time; the display reports what their user should know."""


class LocalTrials:
    """Trials in the threads that ask for them.

    Args:
        workers: how many of them there should be; by default one for each core.
    """

    def __init__(self, workers: int | None) -> None:
        self.workers = workers or cores()

    def num_workers(self) -> int:
        """Return how many can be trained at a time."""
        return self.workers

    def epochs(self, config: TrainConfig, splits: Splits, interrupt: Interrupt) -> Judged:
        """Train; see `judged`."""
        return judged(config, splits)


def judged(config: TrainConfig, splits: Splits) -> Judged:
    """Train a network in memory.

    Args:
        config: the settings.
        splits: the data; the images that judge stand in the place of the test set.

    Yields:
        Loss and accuracy on these, after each epoch.

    Raises:
        LenetError: as `train` raises it.
        TrainingError: if a loss becomes NaN or infinite.
    """
    with memory_explained("cpu" if config.device == "auto" else config.device, doing="in a trial"):
        setup = set_up(config, splits)
        for _ in epochs(setup.engine, config, len(setup.train), range(config.epochs)):
            loss, accuracy = loss_and_accuracy(setup.engine.logits(setup.test.images), setup.test.labels)
            if not math.isfinite(loss):
                raise TrainingError(f"the loss on the held-out images became {loss}")
            yield loss, accuracy
