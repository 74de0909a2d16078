"""The weights of the classes in the loss, for data sets in which some are rare."""

import numpy as np
from numpy.typing import NDArray

from lenet.config import TrainConfig
from lenet.data.dataset import Dataset
from lenet.errors import ConfigError
from lenet.settings import BALANCED


def class_weights(config: TrainConfig, train: Dataset) -> NDArray[np.float32] | None:
    """Return the weight of each class, or None if all weigh the same.

    `balanced` is N / (C · n): of N training images in C classes, n are of this class.

    Args:
        config: has the weights, or how they follow from the data.
        train: the training set.

    Returns:
        float32 (num_classes,).

    Raises:
        ConfigError: for another number of weights than classes, or if `balanced` finds no image of a class.
    """
    given, classes = config.class_weights, train.classes
    if given is None:
        return None
    if isinstance(given, tuple):
        if len(given) != len(classes):
            raise ConfigError(
                f"class_weights has {len(given)} weights, but {train.name} has {len(classes)} classes: {', '.join(classes)}",
                hint=f"give one for each, in this order, or --class-weights {BALANCED}",
            )
        return np.array(given, np.float32)
    counts = np.bincount(train.labels, minlength=len(classes))
    if not counts.all():
        absent = classes[int(np.flatnonzero(counts == 0)[0])]
        raise ConfigError(
            f"class_weights is {BALANCED}, but {train.name} has no training image of the class {absent}",
            hint="add such images, or give the weights as numbers",
        )
    weights: NDArray[np.float32] = (len(train) / (len(classes) * counts)).astype(np.float32)
    return weights
