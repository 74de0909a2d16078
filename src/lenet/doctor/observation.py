"""What the checks look at: everything that is known of a training at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Dataset

Counts = NDArray[np.float64] | NDArray[np.int64]

CHANCE_LOSS = 0.97  # of the entropy of the classes: a smaller loss shows that something has been learned
CHANCE_ACCURACY = 1 / 9  # of the way from chance to 1; with ten classes an accuracy of 0.2
FEW_STEPS = 500  # with fewer, a network without dead units may be at chance level because they are so few


@dataclass(frozen=True, eq=False)
class Activations:
    """The outputs of one activation layer.

    Attributes:
        function: a name in registry.ACTIVATIONS.
        values: (N, units, …) for N images.
    """

    function: str
    values: NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Observation:
    """What is known of a training before its first step, after a chunk of steps, or after an epoch.

    A check whose inputs are missing finds nothing.

    Attributes:
        train: the training set.
        test: the test set.
        order: the training labels in the order in which they are trained on, (N,).
        losses: the training loss of each chunk so far.
        rates: the learning rate of each chunk so far.
        train_loss: mean loss of the latest training images, in nats.
        train_accuracy: accuracy on the latest training images.
        test_accuracy: accuracy on the test set.
        evaluated_accuracy: accuracy on some training images, computed as that on the test set; None if it was not.
        steps: steps that the training takes in all.
        epochs: epochs that it takes in all.
        batch_size: images of a step.
        counts: training images of each class, (num_classes,).
        chance_loss: mean loss of guessing, if it is not the entropy of the classes, as with soft targets.
        before: train and test accuracy after the epoch that was examined before.
        is_last: whether the training ends with this epoch.
        confusion: of the test set, int64 (num_classes, num_classes), true classes down.
        classes: names of the classes.
        activations: for some training images, the outputs of each activation layer by name.
        outputs: for the same images, the network's outputs (N, num_classes).
        functions: names of the activation functions in the network.
        init: how the weights were initialised, a name in registry.INITS.
        has_batch_norm: whether the network has batch normalization.
        takes_logits: whether the loss applies the softmax itself, as cross-entropy does.
        data: name of the data set.
        test_counts: test images of each class, (num_classes,).
        simulated: how many epochs plateau.py simulated.
        escapes: whether the simulation escapes the plateau within them.
        escape_epoch: the epoch after the last in which the simulation would escape it.
    """

    train: Dataset | None = None
    test: Dataset | None = None
    order: NDArray[np.integer[Any]] | None = None

    losses: Sequence[float] = ()
    rates: Sequence[float] = ()

    train_loss: float | None = None
    train_accuracy: float | None = None
    test_accuracy: float | None = None
    evaluated_accuracy: float | None = None
    steps: int | None = None
    epochs: int | None = None
    batch_size: int | None = None
    counts: Counts | None = None
    chance_loss: float | None = None
    before: tuple[float, float] | None = None
    is_last: bool = False
    confusion: NDArray[np.int64] | None = None
    classes: Sequence[str] | None = None
    activations: Mapping[str, Activations] = field(default_factory=dict)
    outputs: NDArray[np.floating[Any]] | None = None
    functions: frozenset[str] | None = None
    init: str | None = None
    has_batch_norm: bool = False
    takes_logits: bool = True
    data: str = ""
    test_counts: Counts | None = None
    simulated: int | None = None
    escapes: bool = False
    escape_epoch: float | None = None

    @property
    def accuracy(self) -> float | None:
        """The train accuracy, or the test accuracy where that is unknown."""
        return self.test_accuracy if self.train_accuracy is None else self.train_accuracy

    @property
    def has_few_steps(self) -> bool:
        """Whether the training is known to take few steps."""
        return self.steps is not None and self.steps < FEW_STEPS

    @property
    def is_at_chance(self) -> bool:
        """Whether loss and accuracy are those of guessing."""
        if self.train_loss is None or self.accuracy is None or self.counts is None:
            return False
        return is_at_chance(self.train_loss, self.accuracy, self.counts, self.chance_loss)


def is_at_chance(loss: float, accuracy: float, counts: Counts, chance_loss: float | None = None) -> bool:
    """Return whether a mean loss, in nats, and an accuracy are those of guessing.

    Args:
        loss: of some training images.
        accuracy: of the same.
        counts: training images of each class, (num_classes,).
        chance_loss: mean loss of guessing, if it is not the entropy of the classes.
    """
    entropy, largest = chance(counts)
    least = CHANCE_LOSS * (entropy if chance_loss is None else chance_loss)
    return loss > least and accuracy < largest + CHANCE_ACCURACY * (1 - largest)


def chance(counts: Counts) -> tuple[float, float]:
    """Return loss, in nats, and accuracy of guessing: ln(C) and 1 / C where all C classes have the same number of images."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum()), float(shares.max())
