"""What travels between lenet and its workers on the nodes: orders, answers, and what is installed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from lenet.config import TrainConfig
from lenet.data.dataset import Splits
from lenet.engines import kernels
from lenet.errors import EngineError, LenetError
from lenet.runs import environment
from lenet.training.teacher import targets_sha256
from lenet.version import __version__

DataKey: TypeAlias = tuple[Any, ...]  # of data that are the same to the last bit


@dataclass(frozen=True)
class Installed:
    """What decides the bits of a training on a node.

    Attributes:
        lenet: its version.
        commit: the commit that it is a checkout of, or None.
        numpy: the version of NumPy.
        kernels: the variant of the CPU kernels, and what they were built from; None without kernels.
    """

    lenet: str
    commit: str | None
    numpy: str
    kernels: str | None

    @classmethod
    def here(cls) -> "Installed":
        """Describe this process."""
        commit = environment.git_commit(Path(environment.__file__).parent)
        return cls(__version__, commit, np.__version__, environment.kernels_build())

    def differences(self, other: "Installed") -> list[str]:
        """Return what another node has that is not the same, in words."""
        pairs = {name: (value, getattr(other, name)) for name, value in vars(self).items()}
        return [f"{name} {theirs} instead of {ours}" for name, (ours, theirs) in pairs.items() if ours != theirs]


@dataclass(frozen=True)
class Shipment:
    """A data set on its way to the nodes.

    Attributes:
        key: tells it from others.
        fingerprint: its SHA-256.
        reference: where it is in the object store, in a list, since Ray would fetch it too early otherwise; empty if it is
            so large that each node reads its own files.
        path: of these files, if it is the user's own data; others have a name.
    """

    key: DataKey
    fingerprint: str
    reference: tuple[Any, ...]
    path: str | None = None


@dataclass(frozen=True)
class Order:
    """A training to be done by a worker.

    Attributes:
        number: of the task.
        config: its settings.
        data: the key of its data.
        path: where its run directory will be.
        name: what it is called.
        files: those of an interrupted run that is to be resumed; else none.
        teacher: the SHA-256 of its teacher's weights, or None.
    """

    number: int
    config: TrainConfig
    data: DataKey
    path: str
    name: str
    files: dict[str, bytes]
    teacher: str | None


@dataclass(frozen=True)
class Answer:
    """What came of an order.

    Attributes:
        number: of the task.
        files: of its run directory.
        error: what ended it, or None.
        is_interrupted: whether it was stopped; it goes on from its files.
        notices: what its user should know.
        seconds: that it took.
    """

    number: int
    files: dict[str, bytes]
    error: LenetError | None
    is_interrupted: bool
    notices: tuple[str, ...]
    seconds: float


def key_of(splits: Splits) -> DataKey:
    """Return what tells data from others: every bit of them, and what a run records of them."""
    train = splits.train
    targets = None if train.targets is None else targets_sha256(train.targets)
    record = (splits.name, splits.source, str(splits.folder), splits.notice, train.classes, repr(train.preprocessing))
    return (splits.fingerprint, targets, *record)


def variant() -> str | None:
    """Return the variant of the CPU kernels that this process uses; None without kernels."""
    try:
        return kernels.variant_name()
    except EngineError:
        return None
