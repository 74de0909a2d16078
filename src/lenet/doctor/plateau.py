"""Whether a training at chance level will leave it: what is left of it, rehearsed on one mean picture of each class.

    epoch = leaves_at(engine, config, dataset, preprocessing, done=1)  # such as 6.2; None: not within config.epochs

A network at chance level has all but stopped telling pictures apart: what it makes of two of them differs in the fifth digit.
While that is so it answers a class by the mean of its pictures, so ten pictures stand for 60,000. How soon the difference has
grown enough depends on the noise of the batches too: they never hold as many pictures of each class, so the outputs and the
layers before them are never still. The rehearsal therefore draws labels, with the variance that batches of the training's own
size have. docs/doctor.md has what that is worth, measured.
"""

import itertools
import threading

import numpy as np
from numpy.typing import NDArray

from lenet.config import TrainConfig
from lenet.data.dataset import Dataset, Labels
from lenet.data.plan import Plan, learning_rates
from lenet.engines import Engine
from lenet.engines.choice import choose_engine, make_engine
from lenet.images.preprocess import Preprocessing

COPIES = 2  # of each class's mean picture in a step
LOOKS = 10  # in an epoch, at how far the classes are apart
MARGIN = (
    0.3  # epochs: twice the standard error of what is foreseen; who leaves in the last moment ends near chance level
)
LEFT = 0.05  # deviation of a logit over the classes: above, it outweighs what the noise does to all classes alike
_REHEARSAL = 2  # a stream of chance of its own, beside those of data/batches.py


class Abandoned(Exception):
    """A rehearsal that was not finished, because somebody wants the training to end."""


def leaves_at(
    engine: Engine,
    config: TrainConfig,
    dataset: Dataset,
    preprocessing: Preprocessing,
    done: int,
    interrupted: threading.Event | None = None,
) -> float | None:
    """The epoch, with a fraction, at which the training that stands at `done` epochs leaves chance level; None: not in time.

    The engine, its weights and its optimiser are copied and stay as they are. dataset: what it is trained on; interrupted:
    raises Abandoned once it is set.
    """
    means = class_means(dataset)
    network = engine.network.copy()
    name = choose_engine("auto", network.architecture, "cpu").name
    rehearsed = make_engine(name, network, means, config, preprocessing)
    rehearsed.load_state_dict(engine.state_dict())
    random = np.random.default_rng([_REHEARSAL, config.seed, done])
    for epoch in range(done, config.epochs):
        plan = _plan(config, epoch, dataset.labels, means, random)
        looks = [plan.num_steps * look // LOOKS for look in range(LOOKS + 1)]
        for start, stop in itertools.pairwise(dict.fromkeys(looks)):
            if interrupted is not None and interrupted.is_set():
                raise Abandoned
            at = epoch + stop / plan.num_steps
            if at > config.epochs - MARGIN:
                return None
            stats = rehearsed.train_steps(plan, start, stop)
            spread = _spread(rehearsed.logits(means.images))
            if spread > LEFT:
                return at
            if spread == 0 or not np.isfinite(stats.losses).all():
                return None  # no picture makes a difference, so none can make one grow
    return None


def class_means(dataset: Dataset) -> Dataset:
    """The mean picture of each class that has pictures, uint8 `(num_classes, height, width)`, with its label."""
    labels = np.unique(dataset.labels)
    means = [dataset.images[dataset.labels == label].mean(axis=0) for label in labels]
    return Dataset(dataset.name, np.round(means).astype(np.uint8), labels, dataset.classes)


def _plan(config: TrainConfig, epoch: int, labels: Labels, means: Dataset, random: np.random.Generator) -> Plan:
    """An epoch of as many steps as the training's, each of `COPIES` pictures a class.

    A step's pictures are in the proportions of the classes. Each is drawn anew with probability n / 2B, n being the pictures
    of a step and B those of the training's: so the share of a class has the variance p (1 - p) / B that it has there.
    """
    rates = learning_rates(config, epoch, len(labels))
    size = COPIES * len(means)
    ordered = np.sort(labels)
    even = ordered[((np.arange(size) + 0.5) / size * len(labels)).astype(np.int64)]  # (size,)
    drawn = random.choice(labels, (len(rates), size))
    batches = np.where(random.random(drawn.shape) < size / (2 * config.batch_size), drawn, even)
    order: NDArray[np.int64] = np.searchsorted(means.labels, batches.ravel())
    return Plan(order, None, None, rates, size)


def _spread(logits: NDArray[np.float32]) -> float:
    """How far apart the classes are: the mean over logits `(num_classes, C)` of their deviation over the classes."""
    return float(logits.astype(np.float64).std(axis=0).mean())
