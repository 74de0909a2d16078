"""The embedding of images, what the last dense layer of a network takes: the same bits for an image alone and in a batch."""

import numpy as np
from numpy.typing import NDArray

from lenet.config import TrainConfig
from lenet.data.dataset import Images
from lenet.engines.choice import choose_engine, make_engine
from lenet.engines.kernels import MAX_CLASSES
from lenet.networks.embedding import up_to
from lenet.networks.layers import Dense
from lenet.networks.trained import TrainedNetwork


def embeddings(
    trained: TrainedNetwork, images: Images, threads: int | None = None, layer: Dense | None = None
) -> NDArray[np.float32]:
    """Compute the input of a dense layer.

    Args:
        trained: the network.
        images: uint8 (N, height, width), or (N, height, width, 3) in colour, of the network's size.
        threads: how many compute; by default one for each core.
        layer: by default the last.

    Returns:
        float32 (N, width).
    """
    config, layer = TrainConfig(threads=threads), layer or dense_layer(trained)
    result = np.empty((len(images), layer.in_features), np.float32)
    for start in range(0, layer.in_features, MAX_CLASSES):
        width = min(MAX_CLASSES, layer.in_features - start)
        network = up_to(trained.network, layer, range(start, start + max(width, 2)))  # of one number, the second is 0
        name = choose_engine("auto", network.architecture, "cpu").name
        engine = make_engine(name, network, None, config, trained.preprocessing)
        result[:, start : start + width] = engine.logits(images)[:, :width]
    return result


def embedding_width(trained: TrainedNetwork) -> int:
    """Return how many numbers the embedding of an image has."""
    return dense_layer(trained).in_features


def dense_layer(trained: TrainedNetwork, name: str | None = None) -> Dense:
    """Return the dense layer of this name; by default the last layer."""
    layers = trained.network.architecture.layers
    layer = layers[-1] if name is None else next(each for each in layers if each.name == name)
    if not isinstance(layer, Dense):
        raise TypeError(f"the layer {layer.name} is a {layer.kind}; expected nn.Linear")
    return layer
