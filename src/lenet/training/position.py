"""Where a training stands, and the sums of its metrics so far."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any

from numpy.typing import NDArray

from lenet.engines import Stats
from lenet.runs.points import EpochPoint

BEST = "best."  # the names of the best weights in a checkpoint begin with it


@dataclass
class Tally:
    """Sums of the metrics of a part of an epoch, in which every image weighs the same.

    The losses are added one by one, so the sum has the same bits wherever the steps are interrupted.

    Attributes:
        loss_sum: sum of the losses of all images.
        num_correct: images classified correctly when they were seen; NaN if that is not known.
        num_images: images seen.
        seconds: duration of the steps alone.
    """

    loss_sum: float = 0.0
    num_correct: float = 0
    num_images: int = 0
    seconds: float = 0.0

    def add(self, stats: Stats) -> None:
        """Add the results of some steps."""
        for loss, size in zip(stats.losses.tolist(), stats.sizes.tolist(), strict=True):
            self.loss_sum += loss * size
        self.num_correct += stats.num_correct
        self.num_images += stats.num_images
        self.seconds += stats.seconds

    @property
    def loss(self) -> float:
        """Mean loss per image."""
        return self.loss_sum / self.num_images

    @property
    def accuracy(self) -> float:
        """Share of the images that were classified correctly."""
        return self.num_correct / self.num_images

    @property
    def images_per_second(self) -> float:
        """Images per second of the steps alone."""
        return self.num_images / self.seconds

    def metrics(self) -> dict[str, float]:
        """Return loss, accuracy and speed under the names that a ChunkPoint and an EpochPoint have for them."""
        return {
            "train_loss": self.loss,
            "train_accuracy": self.accuracy,
            "images_per_second": self.images_per_second,
        }


@dataclass
class Position:
    """Where a training stands; saved with each checkpoint.

    Attributes:
        epoch: epochs done.
        step: steps done of the present epoch.
        tally: of the present epoch.
        chunk: of the present chunk.
        steps_seconds: duration of all steps so far.
        seconds: duration of everything so far, loading and evaluation included.
        micro_batch: images computed at a time, where memory is too short for a batch; else None.
        evaluated: the metrics of the last epoch.
        is_judged: whether the doctor has examined that epoch.
        best: the metrics of the best epoch so far, if the training keeps its weights or waits for a better one.
        best_weights: the weights after it by name, if they are kept; no array of them ever changes. A checkpoint holds them
            among its tensors, as `best.NAME`.
    """

    epoch: int = 0
    step: int = 0
    tally: Tally = field(default_factory=Tally)
    chunk: Tally = field(default_factory=Tally)
    steps_seconds: float = 0.0
    seconds: float = 0.0
    micro_batch: int | None = None
    evaluated: EpochPoint | None = None
    is_judged: bool = True
    best: EpochPoint | None = None
    best_weights: Mapping[str, NDArray[Any]] = field(default_factory=dict, compare=False)

    @property
    def last_epoch(self) -> EpochPoint:
        """The metrics of the last epoch that is done.

        Raises:
            ValueError: if none is done.
        """
        if self.evaluated is None:
            raise ValueError("no epoch is done")
        return self.evaluated

    def copy(self) -> "Position":
        """Return a copy that stays as it is while the training continues."""
        return replace(self, tally=replace(self.tally), chunk=replace(self.chunk))

    def to_dict(self) -> dict[str, Any]:
        """Return the position as a checkpoint's JSON holds it."""
        values = asdict(replace(self, evaluated=None, best=None, best_weights={}))
        del values["best"], values["best_weights"]
        values["evaluated"] = self.evaluated.to_dict() if self.evaluated else {}
        return values | ({"best": self.best.to_dict()} if self.best else {})

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return what a checkpoint holds of the position among its tensors."""
        return {f"{BEST}{name}": array for name, array in self.best_weights.items()}

    @classmethod
    def from_dict(
        cls, values: dict[str, Any], tensors: Mapping[str, NDArray[Any]] = MappingProxyType({})
    ) -> "Position":
        """Make a position of a checkpoint's JSON and tensors.

        Raises:
            KeyError, TypeError, ValueError: for one of another version.
        """
        tallies = {name: Tally(**values[name]) for name in ("tally", "chunk")}
        points = {
            name: EpochPoint.from_dict(values[name]) if values.get(name) else None for name in ("evaluated", "best")
        }
        weights = {name.removeprefix(BEST): array for name, array in tensors.items() if name.startswith(BEST)}
        return cls(**(values | tallies | points | {"best_weights": weights}))
