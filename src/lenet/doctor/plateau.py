"""Predicts whether a training on the plateau will escape it, by simulating its remaining steps on class means.

    epoch = escape_epoch(engine, config, dataset, preprocessing, done=1)  # such as 6.2; None: not within config.epochs

A network at chance level hardly distinguishes images: its outputs for two of them differ in the fifth digit. While that is
so it responds to a class as to the mean of its images, so ten images stand for 60,000. How soon the differences have grown
depends on the noise of the batches too: they never hold equal numbers of each class, so the outputs and the layers before
them keep moving. The simulation therefore draws labels with the variance that batches of the training's own size have.
docs/doctor.md has how often the prediction is right.
"""

import itertools
import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lenet.config import TrainConfig
from lenet.data.class_weights import class_weights
from lenet.data.dataset import Dataset, Labels
from lenet.data.dropout import draw_keys
from lenet.data.plan import Plan, learning_rates, plan
from lenet.doctor.observation import FEW_STEPS
from lenet.engines import Engine
from lenet.engines.choice import choose_engine, make_engine
from lenet.images.pixels import chunks
from lenet.images.preprocess import Preprocessing

COPIES = 2  # of each class mean in a step
SAMPLE = 500  # images of each class whose mean is taken, where augmentation changes them
LOOKS = 10  # measurements in an epoch of how far the classes are apart
# Epochs: twice the standard error of the prediction; a run that escapes this late still ends near chance level.
MARGIN = 0.3
# Standard deviation of a logit over the classes: above this the differences outweigh the noise that all classes share.
ESCAPED = 0.05
LONGER = 10  # times as many epochs are simulated at the end of a training of few steps
_STREAM = 3  # keeps this generator's numbers apart from those of data/plan.py and networks/initialization.py


class SimulationInterrupted(Exception):
    """A simulation that was not finished because the training is to end."""


def escape_epoch(
    engine: Engine,
    config: TrainConfig,
    dataset: Dataset,
    preprocessing: Preprocessing,
    done: int,
    interrupted: threading.Event | None = None,
) -> float | None:
    """Return the epoch, with a fraction, in which a training escapes the plateau; None: not within config.epochs.

    Args:
        engine: it is copied and stays as it is.
        config: the settings of the training.
        dataset: what it is trained on.
        preprocessing: how images become the network's input.
        done: epochs trained so far.
        interrupted: an event that ends the simulation.

    Raises:
        SimulationInterrupted: once `interrupted` is set.
    """
    means = class_means(as_trained(config, dataset, preprocessing.grey))
    network = engine.network.copy()
    # Whether the weights escape, not when their average does; with the weights of the classes in the whole data set.
    weights = class_weights(config, dataset)
    config = replace(config, ema=None, class_weights=None if weights is None else tuple(weights.tolist()))
    name = choose_engine("auto", network.architecture, "cpu").name
    simulated = make_engine(name, network, means, config, preprocessing)
    simulated.load_state_dict(engine.state_dict())
    random = np.random.default_rng([_STREAM, config.seed, done])
    for epoch in range(done, config.epochs):
        steps = _plan(config, epoch, dataset.labels, means, random)
        looks = [steps.num_steps * look // LOOKS for look in range(LOOKS + 1)]
        for start, stop in itertools.pairwise(dict.fromkeys(looks)):
            if interrupted is not None and interrupted.is_set():
                raise SimulationInterrupted
            now = epoch + stop / steps.num_steps
            if now > config.epochs - MARGIN:
                return None
            stats = simulated.train_steps(steps, start, stop)
            spread = _spread(simulated.logits(means.images))
            if spread > ESCAPED:
                return now
            if spread == 0 or not np.isfinite(stats.losses).all():
                return None  # all images give the same outputs, so no difference can grow
    return None


def as_trained(config: TrainConfig, dataset: Dataset, grey: int) -> Dataset:
    """Return SAMPLE images of each class as the training sees them; all of the data set if it does not change images.

    Args:
        config: the settings of the training.
        dataset: what it is trained on.
        grey: the value of erased pixels.
    """
    first = plan(config, 0, len(dataset))
    if first.augmentation is None and first.flips is None and first.shifts is None:
        return dataset
    chosen = [np.flatnonzero(dataset.labels == label)[:SAMPLE] for label in np.flatnonzero(np.bincount(dataset.labels))]
    order = np.concatenate(chosen)
    images = replace(first, order=order).augmented(dataset.images, slice(0, len(order)), grey)
    return replace(dataset.subset(order), images=images)


def class_means(dataset: Dataset) -> Dataset:
    """Return the mean image of each class that has images, uint8 (num_classes, height, width), its label and mean targets."""
    counts = np.bincount(dataset.labels)
    labels, targets = np.flatnonzero(counts), None
    sums = np.zeros((len(labels), *dataset.images.shape[1:]))  # float64, in which they are exact
    for part in chunks(dataset.images.shape):
        images, own = dataset.images[part], dataset.labels[part]
        for total, label in zip(sums, labels, strict=True):
            total += images[own == label].sum(axis=0, dtype=np.float64)
    means = sums / counts[labels].reshape(-1, *[1] * (sums.ndim - 1))
    if dataset.targets is not None:
        targets = np.stack(
            [dataset.targets[dataset.labels == label].mean(axis=0, dtype=np.float32) for label in labels]
        )
    return Dataset(dataset.name, np.round(means).astype(np.uint8), labels, dataset.classes, targets)


def _plan(config: TrainConfig, epoch: int, labels: Labels, means: Dataset, random: np.random.Generator) -> Plan:
    """An epoch of as many steps as the training's, each of COPIES images a class.

    A step has the classes in their proportions. Each image is drawn anew with probability n / 2B, where n is the number of
    images in a step and B that in the training's: so the share of a class has the variance p (1 - p) / B that it has there.
    """
    rates = learning_rates(config, epoch, len(labels))
    size = COPIES * len(means)
    places = ((np.arange(size) + 0.5) / size * len(labels)).astype(np.int64)  # in the labels, were they sorted
    even = np.searchsorted(np.cumsum(np.bincount(labels)), places, side="right")  # (size,)
    drawn = random.choice(labels, (len(rates), size))
    batches = np.where(random.random(drawn.shape) < size / (2 * config.batch_size), drawn, even)
    order: NDArray[np.int64] = np.searchsorted(means.labels, batches.ravel())
    keys = draw_keys(config.seed, epoch, len(order))  # whatever the config says: a learner's network may have dropout
    return Plan(order, None, None, rates, size, dropout_keys=keys)


def _spread(logits: NDArray[np.float32]) -> float:
    """How far apart the classes are: the mean over logits (num_classes, C) of their standard deviation over the classes."""
    return float(logits.astype(np.float64).std(axis=0).mean())


def is_simulation_due(done: int) -> bool:
    """Return whether a training still at chance level after `done` epochs is simulated: after 1, 2, 4, 8, …"""
    return done & (done - 1) == 0


def predict(
    done: int, num_epochs: int, num_steps: int, simulate: Callable[[int], float | None]
) -> tuple[bool, float | None]:
    """Return whether a training at chance level may still escape it, and at its end the epoch in which it would.

    Args:
        done: epochs trained so far.
        num_epochs: epochs of the training.
        num_steps: steps of the training; if they are few, the simulation at its end looks further.
        simulate: gives the epoch of the escape within a number of epochs; called when a simulation is due, and at the end to
            see whether more epochs are a remedy.
    """
    if done == num_epochs:
        return False, simulate(LONGER * done if num_steps < FEW_STEPS else 2 * done + 1)
    return not is_simulation_due(done) or simulate(num_epochs) is not None, None
