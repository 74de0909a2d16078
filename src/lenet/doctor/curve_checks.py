"""Checks of losses and accuracies. docs/doctor.md has the measurements behind the thresholds."""

import math

import numpy as np

from lenet.data.catalogue import CATALOGUE
from lenet.doctor.finding import Finding
from lenet.doctor.observation import Counts, Observation, chance
from lenet.doctor.remedies import plateau_remedy, running_statistics_remedy
from lenet.doctor.unit_checks import dead_layers, saturated_layers

RISE, WINDOW = 0.5, 3  # nats, and the chunks whose mean is taken, so that one bad batch is no rise
THROWN = 1.03  # of the loss at chance: a larger loss is not that of a network that has hardly moved
FEW = 100  # test images: with fewer, the accuracy jumps from epoch to epoch while the rate is high
GAP = 0.1  # between train and test accuracy
STILL = 0.02  # gain in accuracy within an epoch: with less the network has stopped learning
TOO_GOOD = {"fashion-mnist": 0.975}  # beyond the test accuracy of any published network


def loss_rising(observation: Observation) -> Finding | None:
    """Losses of chunks that rise clearly above what they were."""
    losses, rates = observation.losses, observation.rates
    if len(losses) < 2 * WINDOW:
        return None
    means = np.convolve(losses, np.full(WINDOW, 1 / WINDOW), "valid")
    lowest = int(np.argmin(means))
    if means[-1] < means[lowest] + RISE:
        return None
    before, now = rates[lowest + WINDOW - 1], rates[-1]
    why = f"since the rate rose from {before:.2g} to {now:.2g}" if now > before else f"at a learning rate of {now:.2g}"
    return Finding(
        "loss-rising",
        f"the loss rises, {why}",
        {"loss": float(means[-1]), "it was": float(means[lowest]), "learning rate": now},
        f"use a smaller learning rate (--learning-rate {now / 3:.2g})",
    )


def not_finite(what: str, loss: float, learning_rate: float) -> Finding:
    """Return the finding for a loss that is NaN or infinite.

    Args:
        what: the message, with the step.
        loss: the loss.
        learning_rate: the configured one.
    """
    return Finding(
        "loss-not-finite",
        what,
        {"loss": str(loss), "learning rate": learning_rate},
        f"use a smaller learning rate (--learning-rate {learning_rate / 10:g})",
    )


def too_good(observation: Observation) -> Finding | None:
    """A test accuracy that the data set does not allow.

    The limit is that of the whole test set: on a part of it, such as two classes, any accuracy may be right.
    """
    data, accuracy, counts = observation.data, observation.test_accuracy, observation.test_counts
    if counts is None and observation.confusion is not None:
        counts = observation.confusion.sum(axis=1)
    limit = TOO_GOOD.get(data, 1.0)
    if accuracy is None or accuracy <= limit or (counts is not None and not _is_whole(data, counts)):
        return None
    return Finding(
        "too-good",
        f"a test accuracy of {accuracy:.4f} on {data} is too good to be true: the wrong data, or training images, were "
        "measured",
        {"test accuracy": accuracy, "best published": limit},
        "compare the fingerprint of the data (lenet data verify), and check what the test set contains",
    )


def chance_level(observation: Observation) -> Finding | None:
    """Accuracy and loss at chance level, unless the simulation escapes the plateau in time.

    Without a simulation nothing is known of the epochs to come, and sigmoids may need more of them.
    """
    loss, accuracy, counts = observation.train_loss, observation.accuracy, observation.counts
    if loss is None or accuracy is None or counts is None or not observation.is_at_chance or observation.escapes:
        return None
    entropy, chance_accuracy = chance(counts)
    chance_loss = entropy if observation.chance_loss is None else observation.chance_loss
    numbers = {
        "loss": loss,
        "loss at chance": chance_loss,
        "accuracy": accuracy,
        "accuracy at chance": chance_accuracy,
    }
    prediction = ""
    if simulated := observation.simulated:
        numbers["epochs simulated"] = simulated
        remaining = f"{simulated} remaining epochs" if simulated > 1 else "remaining epoch"
        prediction = f", and a simulation of the {remaining} does not escape it"
    lost = dead_layers(observation.activations) | saturated_layers(observation.activations)
    too_far = loss > THROWN * chance_loss  # by a learning rate that is too high
    remedy = plateau_remedy(observation, may_need_steps=not lost and not too_far)
    return Finding("chance-level", f"accuracy is at chance level{prediction}", numbers, remedy)


def train_test_apart(observation: Observation) -> Finding | None:
    """Train accuracy far above test accuracy.

    It is taken while the weights change, and with the statistics of each batch: after a bad last step, or while the running
    statistics of batch normalization lag behind, the network is as bad on the training images. So these count as evaluated;
    if they were not, the gap counts at the end, or if it lasts for two epochs.
    """
    train, test, evaluated = observation.train_accuracy, observation.test_accuracy, observation.evaluated_accuracy
    if train is None or test is None or not is_apart(train, test) or observation.is_at_chance:
        return None
    higher = train if evaluated is None else evaluated
    if observation.confusion is not None and not _is_certain(higher - test, observation):
        return None
    numbers = {"train accuracy": train, "test accuracy": test}
    if evaluated is not None:
        if not is_apart(evaluated, test):
            return None
        numbers["accuracy on training images after the epoch"] = evaluated
    elif not observation.is_last and observation.before is not None and not is_apart(*observation.before):
        return None
    return Finding(
        "train-test-apart",
        "train accuracy is far above test accuracy",
        numbers,
        "use more images, augmentation (--augment light), weight decay (--weight-decay) or fewer epochs; and check that "
        "both sets show the same kind of images",
    )


def _is_certain(gap: float, observation: Observation) -> bool:
    """Whether a gap is more than two standard errors of the test accuracy; before the end, only of many test images."""
    count = 0 if observation.confusion is None else int(observation.confusion.sum())
    return count >= (1 if observation.is_last else FEW) and gap > 2 * math.sqrt(0.25 / count)


def is_apart(train: float, test: float) -> bool:
    """Return whether the first accuracy is far above the second."""
    return train - test > GAP


def running_statistics(observation: Observation) -> Finding | None:
    """Running statistics of batch normalization that lag behind at the end: evaluation fails where training did not."""
    train, evaluated = observation.train_accuracy, observation.evaluated_accuracy
    if train is None or evaluated is None or not (observation.is_last and observation.has_batch_norm):
        return None
    if not is_apart(train, evaluated):
        return None
    return Finding(
        "running-statistics",
        "with the running statistics of batch normalization the network is far worse than with those of each batch: they lag "
        "behind its weights",
        {"train accuracy": train, "accuracy on training images after the epoch": evaluated},
        running_statistics_remedy(observation),
    )


def class_never_predicted(observation: Observation) -> Finding | None:
    """Classes with test images that are never predicted, once the network has stopped learning."""
    confusion, classes = observation.confusion, observation.classes
    if confusion is None or observation.is_at_chance or not _has_stopped(observation):
        return None
    train, evaluated = observation.train_accuracy, observation.evaluated_accuracy
    if train is not None and evaluated is not None and is_apart(train, evaluated):
        return None  # the last step, or running statistics, are to blame
    missing = np.flatnonzero((confusion.sum(axis=0) == 0) & (confusion.sum(axis=1) > 0)).tolist()
    if not missing:
        return None
    names = ", ".join(str(classes[label]) if classes else str(label) for label in missing)
    these = "these classes" if len(missing) > 1 else "this class"
    return Finding(
        "class-never-predicted",
        f"no image is ever classified as {names}, although there are such images",
        {"classes never predicted": len(missing), "their test images": int(confusion[missing].sum())},
        f"check the training images and labels of {these}; otherwise train longer, or with a smaller learning rate "
        "(--learning-rate)",
    )


def _has_stopped(observation: Observation) -> bool:
    if observation.is_last:
        return True
    if observation.before is None or observation.test_accuracy is None:
        return False
    return observation.test_accuracy < observation.before[1] + STILL


def _is_whole(data: str, counts: Counts) -> bool:
    """Whether so many images of each class are the whole test set of that name in the catalogue."""
    whole = CATALOGUE[data]
    return int((counts > 0).sum()) == len(whole.classes) and int(counts.sum()) == whole.num_test
