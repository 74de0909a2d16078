"""The doctor: looks at a training before its first step, after each chunk and after each epoch, and says what is wrong.

    for finding in doctor.epoch(train_loss=2.303, train_accuracy=0.1, test_accuracy=0.1, counts=np.full(10, 6000), net=net):
        print(finding)

It takes numbers, arrays and a plain nn.Module, so a loop of one's own can ask it too; `trainer.py` does for `lenet.train`. It
remembers nothing: who asks tells each finding once. docs/doctor.md explains the findings, their thresholds, and how often
they are right.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from lenet.data.dataset import Dataset, Labels
from lenet.doctor import checks
from lenet.doctor.checks import Finding, Numbers
from lenet.metrics import confusion_matrix

__all__ = ["Finding", "chunk", "epoch", "examine_data", "foresee", "is_rehearsal_due"]


def examine_data(train: Dataset, test: Dataset, order: Labels | None = None) -> list[Finding]:
    """What is wrong with the data; order: the training labels as they come, `(N,)`."""
    num_classes = len(train.classes)
    found = [
        checks.counted_from_one(train.labels, num_classes),
        checks.misaligned(train.images, train.labels),
        checks.unshuffled(order) if order is not None else None,
    ]
    if train.images.shape[1:] == test.images.shape[1:]:
        found += [
            checks.shared_pictures(train.images, test.images),
            checks.shifted(_by_means(train, test, num_classes)),
        ]
    return _only(found)


def chunk(points: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """What is wrong after a chunk of steps; points: the chunks so far, with `train_loss` and `learning_rate`."""
    return _only([checks.rising([p["train_loss"] for p in points], [p["learning_rate"] for p in points])])


def epoch(
    train_loss: float,
    train_accuracy: float | None,
    test_accuracy: float | None,
    counts: Numbers,
    *,
    before: tuple[float, float] | None = None,
    is_last: bool = False,
    confusion: NDArray[np.int64] | None = None,
    classes: Sequence[str] | None = None,
    net: nn.Module | None = None,
    images: Tensor | None = None,
    init: str | None = None,
    takes_logits: bool = True,
    data: str = "",
    test_counts: Numbers | None = None,
    rehearsed: int | None = None,
    leaves: bool = False,
    later: float | None = None,
) -> list[Finding]:
    """What is wrong at the end of an epoch.

    train_loss, train_accuracy: of the latest training pictures; an accuracy may be None, not known; counts: training pictures
    of each class, `(C,)`; before: the same accuracies, train and test, an epoch ago; is_last: whether the training ends here;
    confusion: of the test set, `(C, C)`, true classes down; images: some training pictures as `net` takes them; init: its
    initial weights, as TrainConfig names them; takes_logits: whether the loss applies the softmax itself, as cross-entropy
    does; data: the name of the data set; test_counts: its test pictures of each class, by default those of confusion;
    rehearsed: how many epochs rehearsal.py went through; leaves: whether it saw the network leave chance level in them, which
    then is no finding; later: the epoch after the last in which it would. What is not given is not looked at.
    """
    if test_counts is None and confusion is not None:
        test_counts = confusion.sum(axis=1)
    accuracy = test_accuracy if train_accuracy is None else train_accuracy
    guesses = accuracy is not None and checks.is_at_chance(train_loss, accuracy, counts)
    found: list[Finding | None] = []
    if test_accuracy is not None:
        found.append(checks.too_good(data, test_accuracy, test_counts))
    if accuracy is not None and guesses and not leaves:
        found.append(
            checks.chance_level(train_loss, accuracy, counts, net=net, init=init, rehearsed=rehearsed, later=later)
        )
    stay_apart = is_last or before is None or checks.far_apart(*before)
    if train_accuracy is not None and test_accuracy is not None and not guesses and stay_apart:
        found.append(checks.far_apart(train_accuracy, test_accuracy))
    if confusion is not None:
        found.append(checks.shifted(confusion))
        is_still = is_last or (
            before is not None and test_accuracy is not None and test_accuracy < before[1] + checks.STILL
        )
        if is_still and not guesses:
            found.append(checks.never_predicted(confusion, classes))
    if net is not None and images is not None:
        outputs, seen = checks.activations(net, images)
        found += [checks.dead(seen), checks.saturated(seen)]
        found.append(checks.softmax_before_loss(outputs) if takes_logits else None)
    return _only(found)


def is_rehearsal_due(done: int) -> bool:
    """Whether a training still at chance level after `done` epochs is rehearsed: after 1, 2, 4, 8, …"""
    return done & (done - 1) == 0


def foresee(done: int, num_epochs: int, leaves_at: Callable[[int], float | None]) -> tuple[bool, float | None]:
    """Of a training at chance level after `done` epochs: whether it may leave that yet; at its end, in which epoch it would.

    leaves_at: the rehearsal up to an epoch, asked when it is due, and at the end to see whether more epochs are a remedy.
    """
    if done == num_epochs:
        return False, leaves_at(2 * done + 1)
    return not is_rehearsal_due(done) or leaves_at(num_epochs) is not None, None


def _by_means(train: Dataset, test: Dataset, num_classes: int) -> NDArray[np.int64]:
    """The confusion of naming test pictures by the nearest mean training picture, on a few thousand of each."""
    some = [np.linspace(0, len(part) - 1, min(checks.LOOKED_AT, len(part))).astype(np.int64) for part in (train, test)]
    known, asked = (
        part.images[index].reshape(len(index), -1).astype(np.float32)
        for part, index in zip((train, test), some, strict=True)
    )
    predicted = checks.nearest_mean(known, train.labels[some[0]], asked)
    return confusion_matrix(test.labels[some[1]], predicted, num_classes)


def _only(found: Sequence[Finding | None]) -> list[Finding]:
    return [finding for finding in found if finding is not None]
