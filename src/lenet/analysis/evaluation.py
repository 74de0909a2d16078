"""How good a trained network is: accuracy, loss, each class, and the mistakes it is surest of.

result = evaluate("runs/first")
result.accuracy, result.confusion
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenet.config import TrainConfig
from lenet.data.dataset import Dataset, Images, Labels, Splits, load
from lenet.data.plan import hold_out
from lenet.engines import Engine
from lenet.engines.choice import choose_device, choose_engine, make_engine
from lenet.errors import ConfigError, DataError, RunError
from lenet.files import untrusted
from lenet.files.safetensors import PICKLES, SUFFIX
from lenet.metrics import confusion_matrix, loss_and_accuracy, softmax
from lenet.networks.trained import Network
from lenet.pytorch.memory import EVALUATION, memory_explained
from lenet.runs.run import Run
from lenet.training.assembly import load_data

PARTS = ("test", "train", "validation")
MISTAKES_KEPT = 100
WIDE = 8000  # numbers that a layer makes of a picture; LeNet's are 4,704
NUMBERS_AT_ONCE = 1 << 20  # of such a layer, for all pictures under way: 4 MB


@dataclass(frozen=True)
class Mistake:
    """A picture named wrongly: its index in the data, its label, the predicted one and the probability of that."""

    index: int
    label: int
    predicted: int
    probability: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The result of `evaluate`.

    confusion: int64 `(num_classes, num_classes)`, true classes down, predicted ones across; mistakes: the worst first,
    at most 100; mistake_images: uint8 `(len(mistakes), height, width)`.
    """

    data: str
    split: str
    accuracy: float
    loss: float
    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    mistakes: list[Mistake]
    mistake_images: Images

    @property
    def num_images(self) -> int:
        return int(self.confusion.sum())

    @property
    def num_mistakes(self) -> int:
        return int(self.confusion.sum() - np.trace(self.confusion))

    @property
    def support(self) -> NDArray[np.int64]:
        """Pictures of each class, `(num_classes,)`."""
        support: NDArray[np.int64] = self.confusion.sum(axis=1)
        return support

    @property
    def precision(self) -> NDArray[np.float64]:
        """Of the pictures given a class, the share that is of it, `(num_classes,)`; 0 for a class never predicted."""
        precision: NDArray[np.float64] = np.diagonal(self.confusion) / np.maximum(self.confusion.sum(axis=0), 1)
        return precision

    @property
    def recall(self) -> NDArray[np.float64]:
        """Of the pictures of a class, the share that is given it, `(num_classes,)`; 0 for a class without pictures."""
        return np.diagonal(self.confusion) / np.maximum(self.support, 1)

    def to_dict(self) -> dict[str, Any]:
        """The numbers as JSON can hold them."""
        return {
            "data": self.data,
            "split": self.split,
            "num_images": self.num_images,
            "accuracy": self.accuracy,
            "loss": self.loss,
            "classes": list(self.classes),
            "precision": self.precision.tolist(),
            "recall": self.recall.tolist(),
            "confusion": self.confusion.tolist(),
            "mistakes": [vars(mistake) for mistake in self.mistakes],
        }


def evaluate(
    run: str | os.PathLike[str] | Run | Network,
    data: str | Splits | None = None,
    *,
    split: str = "test",
    data_dir: str | None = None,
    device: str = "auto",
) -> Evaluation:
    """Measures a finished run on its own data set or another of the same picture size and classes.

    run: a run directory, or a weights file that lenet wrote (`.safetensors`); of the latter only the network is known, so
    its data must be given. split: "test", "train" (without the pictures held out for validation) or "validation". Raises
    RunError, DataError or EngineError, naming what does not fit.
    """
    if split not in PARTS:
        raise ConfigError(f"unknown split {split!r}", hint=f"choose from {', '.join(PARTS)}")
    run = trained(run)
    with memory_explained(choose_device(device).name, EVALUATION, "in an evaluation"):
        engine = engine_for(run, device)  # before the data: a network that cannot be used is not worth the wait
        dataset = _part(run, _data(run, data, data_dir), split)
        _must_fit(run, dataset)
        logits = answers(run, engine, dataset.images)
    loss, accuracy = loss_and_accuracy(logits.numpy(), dataset.labels)
    probabilities = softmax(logits.numpy())
    predicted = probabilities.argmax(1)
    mistakes = _worst(probabilities, predicted, dataset.labels)
    return Evaluation(
        dataset.name,
        split,
        accuracy,
        loss,
        run.classes,
        confusion_matrix(dataset.labels, predicted, len(run.classes)),
        mistakes,
        dataset.images[[mistake.index for mistake in mistakes]],
    )


def trained(source: str | os.PathLike[str] | Run | Network) -> Run | Network:
    """What a user names to use it: a finished run, or the network in a weights file on its own."""
    if isinstance(source, Run | Network):
        return Run.load(source) if isinstance(source, Run) else source
    path = Path(source)
    if path.suffix.lower() in (SUFFIX, *PICKLES) or (os.path.lexists(path) and not os.path.isdir(path)):  # noqa: PTH112
        return Network.load(path)
    return Run.load(path)


def answers(run: Run | Network, engine: Engine, images: Images) -> Tensor:
    """Logits `(N, num_classes)`, float32 on the CPU, of uint8 pictures; RunError if they are not numbers."""
    network = run if isinstance(run, Network) else run.network
    is_wide = network.largest_output > WIDE
    at_once = max(1, NUMBERS_AT_ONCE // network.largest_output) if is_wide else max(1, len(images))
    # Filled in place: small results kept between large temporary ones would leave holes in memory that nothing fits into.
    logits = torch.empty(len(images), len(run.classes))
    for start in range(0, len(images), at_once):
        logits[start : start + at_once] = engine.logits(images[start : start + at_once])
    if not torch.isfinite(logits).all():
        raise RunError(
            f"the network of {run.path} answers with values that are not numbers",
            hint="its weights are too large: the training that made them went astray",
        )
    return logits


def _data(run: Run | Network, data: str | Splits | None, data_dir: str | None) -> Splits:
    if isinstance(data, Splits):
        return data
    if isinstance(run, Run) and data in (None, run.resolved["data"]):
        return load_data(run, data_dir)
    if data is None:
        raise ConfigError(
            f"{run.path} does not say what data it was trained on", hint="name a data set: --data fashion-mnist"
        )
    return load(data, data_dir)


def _part(run: Run | Network, data: Splits, split: str) -> Dataset:
    """The pictures of a split; what was held out from the run's own training set is no part of "train"."""
    if split == "test":
        return data.test
    kept, held = np.arange(len(data.train)), np.arange(0)
    if isinstance(run, Run) and data.fingerprint == run.environment["data_fingerprint"]:
        kept, held = hold_out(run.config, len(data.train))
    if split == "train":
        return data.train.subset(kept) if len(held) else data.train
    if not len(held):
        raise ConfigError(
            f"{run.path} has no validation pictures in {data.name}",
            hint="train with --validation N, or take --split test",
        )
    return data.train.subset(held)


def engine_for(run: Run | Network, device: str) -> Engine:
    """An engine with the weights of a run, for its logits: the one it was trained on, if that is here, else another."""
    device = choose_device(device).name
    model, size = run.model, run.preprocessing.size
    wanted = "reference" if isinstance(run, Run) and run.resolved["engine"] == "reference" else "auto"
    engine = choose_engine(wanted, model, size, device).name
    config = run.config if isinstance(run, Run) else TrainConfig()  # which decides nothing here
    return make_engine(engine, model, None, config, run.preprocessing, device)


def _worst(probabilities: NDArray[np.float64], predicted: Labels, labels: Labels) -> list[Mistake]:
    wrong = np.flatnonzero(predicted != labels)
    surest = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:MISTAKES_KEPT]
    return [Mistake(int(i), int(labels[i]), int(predicted[i]), float(probabilities[i, predicted[i]])) for i in surest]


def _must_fit(run: Run | Network, dataset: Dataset) -> None:
    if dataset.size != run.preprocessing.size:
        raise DataError(
            f"{dataset.name} has pictures of {dataset.size[0]}×{dataset.size[1]}; {run.path} was trained on "
            f"{run.preprocessing.size[0]}×{run.preprocessing.size[1]}",
            hint="give the run's own data set",
        )
    if dataset.classes != run.classes:
        raise DataError(
            f"{dataset.name} has the classes {', '.join(dataset.classes)}; {run.path} was trained on "
            f"{untrusted.printable(', '.join(run.classes))}",
            hint="give a data set of the same classes",
        )
