"""The embedding of images, what the last dense layer of a network takes: the same bits for an image alone and in a batch."""

import numpy as np
from numpy.typing import NDArray

from lenet.config import TrainConfig
from lenet.data.dataset import Images
from lenet.engines.choice import choose_engine, make_engine
from lenet.engines.kernels import MAX_CLASSES
from lenet.networks import Architecture
from lenet.networks.embedding import up_to
from lenet.networks.layers import Dense
from lenet.networks.trained import TrainedNetwork


def embeddings(trained: TrainedNetwork, images: Images, threads: int | None = None) -> NDArray[np.float32]:
    """Compute the input of the last dense layer.

    Args:
        trained: the network.
        images: uint8 (N, height, width), or (N, height, width, 3) in colour, of the network's size.
        threads: how many compute; by default one for each core.

    Returns:
        float32 (N, width).
    """
    config, last = TrainConfig(threads=threads), _last(trained.network.architecture)
    result = np.empty((len(images), last.in_features), np.float32)
    for start in range(0, last.in_features, MAX_CLASSES):
        width = min(MAX_CLASSES, last.in_features - start)
        network = up_to(trained.network, last, range(start, start + max(width, 2)))  # of one number, the second is 0
        name = choose_engine("auto", network.architecture, "cpu").name
        engine = make_engine(name, network, None, config, trained.preprocessing)
        result[:, start : start + width] = engine.logits(images)[:, :width]
    return result


def embedding_width(trained: TrainedNetwork) -> int:
    """Return how many numbers the embedding of an image has."""
    return _last(trained.network.architecture).in_features


def _last(architecture: Architecture) -> Dense:
    last = architecture.layers[-1]
    if not isinstance(last, Dense):
        raise TypeError(f"the last layer is a {last.kind}; expected nn.Linear")
    return last
