"""Calibrating a trained network, at the end of its training, on the images that were held out."""

from collections.abc import Callable

import numpy as np

from lenet.data.dataset import Dataset
from lenet.engines import Engine
from lenet.engines.choice import make_engine
from lenet.networks import Network
from lenet.networks.calibrating import Measured, fit
from lenet.networks.calibration import Calibration
from lenet.networks.embedding import embedding_layer, up_to
from lenet.training.job import Job

FEWEST = 20  # held-out images that a calibration takes
MOST_HELD_OUT, MOST_TRAIN = 5_000, 3_000  # images that are enough, so that it takes little time and memory


def calibrated(
    network: Network, train: Dataset, held_out: Dataset | None, make: Callable[[Network], Engine]
) -> Calibration | None:
    """Return the calibration of a trained network.

    Args:
        network: layers and weights.
        train: images that it was trained on, with their labels.
        held_out: images that it was not trained on.
        make: makes the engine that computes a network's logits.

    Returns:
        The calibration; None with fewer than 20 held-out images, or for a network without a dense layer that takes at most
        1,000 numbers.
    """
    layer = embedding_layer(network.architecture)
    if held_out is None or len(held_out) < FEWEST or layer is None:
        return None
    engine, embedder = make(network), make(up_to(network, layer))

    def measure(dataset: Dataset) -> Measured:
        return Measured(engine.logits(dataset.images), embedder.logits(dataset.images), dataset.labels)

    measured = measure(held_out.sample(MOST_HELD_OUT)), measure(train.sample(MOST_TRAIN))
    if not all(np.isfinite(each.logits).all() and np.isfinite(each.embedding).all() for each in measured):
        return None
    return fit(*measured, layer.name)


def calibrated_at_end(job: Job, network: Network) -> Calibration | None:
    """Return the calibration of the weights that a training saves; None if it held out too few images."""
    resolved, config = job.setup.resolved, job.recorder.config

    def make(made: Network) -> Engine:
        return make_engine(resolved.engine, made, None, config, resolved.preprocessing, resolved.device)

    return calibrated(network, job.setup.train, job.setup.validation, make)
