"""A worker: a process on a node of the cluster that does trainings one after the other, each on one thread.

It needs nothing of its node but a temporary folder (`scratch`): the data comes from the object store, as views of memory that
all workers of the node share, and a run directory goes back as the bytes of its files.
"""

import dataclasses
import errno
import itertools
import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lenet.analysis.evaluated import Evaluation
from lenet.analysis.evaluation import measured
from lenet.analysis.judge import Judge
from lenet.analysis.own_set import OwnSet
from lenet.config import TrainConfig
from lenet.data.dataset import Splits
from lenet.data.loading import load
from lenet.display.plain import Silent
from lenet.distributed import scratch
from lenet.distributed.orders import Answer, DataKey, Installed, Order, Shipment
from lenet.errors import ConfigError, DataError, LenetError, SaveError
from lenet.files import durable, whole_folder
from lenet.runs.opening import Trained
from lenet.training.interrupts import Interrupt, Interrupted
from lenet.training.job import Session
from lenet.training.tasks import Outcome, Task, complete
from lenet.training.teacher import open_teacher
from lenet.training.trials import Judged, judged

REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)  # by a disk that is full, over its quota, or broken
MAX_DATA_SETS = 8  # that a worker keeps; they are views of the object store


class Worker:
    """Does orders. `crew.Crew` makes it an actor of Ray's.

    Args:
        variant: the variant of the CPU kernels that all nodes are to use.
        command: that the runs record, which is lenet's and not the worker's.
    """

    def __init__(self, variant: str | None, command: Sequence[str]) -> None:
        if variant is not None:
            os.environ["LENET_KERNELS"] = variant
        sys.argv = list(command)
        self.interrupt = Interrupt()
        self.data: dict[DataKey, Splits] = {}
        self.trial: UnderWay | None = None
        self.place = scratch.place()
        scratch.tidy(self.place)

    def describe(self) -> Installed:
        """Return what is installed on this node."""
        return Installed.here()

    def stop(self) -> None:
        """Let the training under way end its chunk of steps and save it, and begin no other."""
        self.interrupt.set()

    def train(self, orders: Sequence[Order], shipments: Mapping[DataKey, Shipment]) -> list[Answer]:
        """Do the orders; what is no mistake of a user's is raised."""
        return [self._train(order, shipments[order.data]) for order in orders]

    def epoch(self, order: Order, number: int, shipment: Shipment) -> tuple[float, float] | LenetError:
        """Return loss and accuracy of a trial after an epoch, counted from 1, and keep it for the next one.

        A trial whose worker died comes here in the middle: it is trained from the first epoch.
        """
        try:
            if self.trial is None or self.trial.number != order.number or self.trial.epoch >= number:
                _check_teacher(order)
                self.trial = UnderWay(order.number, judged(order.config, self._splits(shipment, order.config.data)))
            return self.trial.after(number)
        except LenetError as error:
            self.trial = None
            return _bare(error)

    def evaluate(self, trained: Trained, shipment: Shipment, split: str) -> Evaluation | LenetError:
        """Measure a network on one thread; see `lenet.analysis.evaluations`."""
        import ray

        try:
            images: Splits | OwnSet = ray.get(shipment.reference[0])
            if isinstance(images, Splits):
                images = self._splits(shipment, images.name)
            return measured(Judge(trained, "cpu", threads=1), images, split)
        except LenetError as error:
            return _bare(error)

    def _train(self, order: Order, shipment: Shipment) -> Answer:
        answer = self._tried(order, shipment)
        if isinstance(answer.error, SaveError) and self.place == scratch.MEMORY:  # there is no room left in it
            self.place = Path(tempfile.gettempdir())
            answer = self._tried(order, shipment)
        return answer

    def _tried(self, order: Order, shipment: Shipment) -> Answer:
        began, display, files = time.perf_counter(), Notices(), dict[str, bytes]()
        outcome: Outcome
        try:
            with scratch.folder(self.place) as parent:
                folder = parent / Path(order.path).name
                if order.files:
                    whole_folder.write(folder, order.files)
                _check_teacher(order)
                splits = self._splits(shipment, order.config.data, order.config)
                task = Task(order.config, splits, folder, order.name)
                outcome = complete(task, Session(display, self.interrupt, chart=False))
                if isinstance(outcome, LenetError):
                    outcome = _moved(outcome, str(folder), order.path)
                files = whole_folder.read(folder)
        except LenetError as error:
            outcome = error
        except OSError as error:
            what, remedy = durable.explain(error)
            outcome = SaveError(f"cannot write {self.place}: {what}", hint=remedy)
        return Answer(
            number=order.number,
            files=files,
            error=outcome if isinstance(outcome, LenetError) else None,
            is_interrupted=isinstance(outcome, Interrupted),
            notices=tuple(display.notices),
            seconds=time.perf_counter() - began,
        )

    def _splits(self, shipment: Shipment, name: str, config: TrainConfig | None = None) -> Splits:
        if shipment.key not in self.data:
            while len(self.data) >= MAX_DATA_SETS:
                del self.data[next(iter(self.data))]
            self.data[shipment.key] = _received(shipment, name, config)
        return self.data[shipment.key]


@dataclasses.dataclass
class UnderWay:
    """A trial that a worker is at: its number, its epochs, and how many of them are done."""

    number: int
    epochs: Judged
    epoch: int = 0

    def after(self, number: int) -> tuple[float, float]:
        """Train to the end of an epoch."""
        skipped, self.epoch = number - self.epoch - 1, number
        return next(itertools.islice(self.epochs, skipped, None))


class Notices(Silent):
    """Keeps the notices of a training, and shows nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.notices: list[str] = []

    def notice(self, notice: str) -> None:
        self.notices.append(notice)


def _received(shipment: Shipment, name: str, config: TrainConfig | None) -> Splits:
    """Data from the object store, or from this node's own files, which a config names. It must be that which lenet has."""
    if shipment.reference or config is None:
        import ray

        splits: Splits = ray.get(shipment.reference[0])
        splits = dataclasses.replace(splits)  # without the fingerprint that came with it
    else:
        splits = load(shipment.path or config.data, config.data_dir, **config.own_data)
    if splits.fingerprint != shipment.fingerprint:
        raise DataError(
            f"{name} is not the same on the node {platform.node()} as where lenet was started: the "
            f"fingerprints are {splits.fingerprint[:10]}… and {shipment.fingerprint[:10]}…",
            hint="copy the same files to every node, or give Ray an object store that holds them (--object-store-memory)",
        )
    return splits


def _check_teacher(order: Order) -> None:
    path: Any = order.config.teacher
    if path is None:
        return
    if open_teacher(path).sha256 != order.teacher:
        raise ConfigError(
            f"the teacher {path} is a different network on the node {platform.node()}",
            hint="give its path in a folder that all nodes share",
        )


def _moved(error: LenetError, before: str, now: str) -> LenetError:
    """The error with the path that its user knows; what the node's disk refused is a SaveError with the node's path."""
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in REFUSED and not isinstance(error, SaveError):
        return SaveError(error.message, hint=error.hint)
    if isinstance(error, SaveError):
        return _bare(error)
    error.message = error.message.replace(before, now)
    error.hint = error.hint and error.hint.replace(before, now)
    return _bare(error)


def _bare(error: LenetError) -> LenetError:
    """The error without what cannot travel, or is too large for it."""
    if isinstance(error, SaveError):
        error.training = None
    error.__cause__ = error.__context__ = None
    return error
