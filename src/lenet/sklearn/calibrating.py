"""Images that an estimator holds out, to calibrate its probabilities and to decide what is unknown."""

import dataclasses
import math
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from lenet.config import TrainConfig
from lenet.data.dataset import Dataset
from lenet.engines.cpu import CpuEngine
from lenet.errors import ConfigError
from lenet.networks import Network
from lenet.networks.trained import TrainedNetwork
from lenet.settings import SHARE, checked_number
from lenet.training.calibration import FEWEST, calibrated


def divided(estimator: Any, dataset: Dataset, seed: int) -> tuple[Dataset, Dataset | None]:
    """Return the images to train on, and those that are held out: a share of each class.

    Args:
        estimator: a LeNetClassifier, with its parameters.
        dataset: all images.
        seed: decides which are held out.

    Raises:
        ConfigError: for a share that makes no sense, too few images, or a label for unknown ones without a share.
        ValueError: for a label of another type than the classes, or a class with one image.
    """
    fraction = checked_number("validation_fraction", estimator.validation_fraction, float, SHARE)
    label = estimator.outlier_label
    if not fraction:
        if label is not None:
            raise ConfigError(
                f"outlier_label is {label!r}, but no images are held out to decide what is unknown",
                hint="add validation_fraction=0.1",
            )
        return dataset, None
    count, fewest = math.ceil(fraction * len(dataset)), max(FEWEST, len(np.unique(dataset.labels)))
    if count < fewest:
        raise ConfigError(
            f"validation_fraction is {fraction:g}, which holds out {count} of {len(dataset)} images; "
            f"expected {fewest} or more",
            hint="take a larger validation_fraction, or 0 for no calibration",
        )
    kept, held_out = train_test_split(
        np.arange(len(dataset)), test_size=count, stratify=dataset.labels, random_state=seed % 2**32
    )
    return dataset.subset(np.sort(kept)), dataset.subset(np.sort(held_out))


def with_calibration(trained: TrainedNetwork, train: Dataset, held_out: Dataset, config: TrainConfig) -> TrainedNetwork:
    """Return the network with a calibration.

    Args:
        trained: the network.
        train: images that it was trained on.
        held_out: images that it was not trained on.
        config: how many threads compute.

    Raises:
        ConfigError: for a network that cannot be calibrated.
    """

    def engine(network: Network) -> CpuEngine:
        return CpuEngine(network, None, config, trained.preprocessing)

    calibration = calibrated(trained.network, train, held_out, engine)
    if calibration is None:
        raise ConfigError(
            "the network cannot be calibrated: none of its dense layers takes at most 1,000 numbers",
            hint="take validation_fraction=0, or another model",
        )
    return dataclasses.replace(trained, measured=calibration)
