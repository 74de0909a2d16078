"""The embedding of images, what the last dense layer of a network takes: the same bits for an image alone and in a batch.

The kernels compute logits only. So the last layer is replaced with one whose weight is the identity; its output is its input.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lenet.config import TrainConfig
from lenet.data.dataset import Images
from lenet.engines.choice import choose_engine, make_engine
from lenet.engines.kernels import MAX_CLASSES
from lenet.networks import Architecture, Network
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
    config = TrainConfig(threads=threads)
    parts = []
    for network, width in _parts(trained.network):
        name = choose_engine("auto", network.architecture, "cpu").name
        parts.append(make_engine(name, network, None, config, trained.preprocessing).logits(images)[:, :width])
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def embedding_width(trained: TrainedNetwork) -> int:
    """Return how many numbers the embedding of an image has."""
    return _last(trained.architecture).in_features


def _last(architecture: Architecture) -> Dense:
    last = architecture.layers[-1]
    if not isinstance(last, Dense):
        raise TypeError(f"the last layer is a {last.kind}; expected nn.Linear")
    return last


def _parts(network: Network) -> Iterator[tuple[Network, int]]:
    """Networks that compute the embedding, each a part of it of this width; the kernels take 2 to MAX_CLASSES logits."""
    last = _last(network.architecture)
    for start, stop in itertools.pairwise([*range(0, last.in_features, MAX_CLASSES), last.in_features]):
        outputs = max(stop - start, 2)
        dense = Dense(last.name, last.in_features, outputs)
        architecture = Architecture(network.architecture.input_shape, (*network.architecture.layers[:-1], dense))
        tensors = network.tensors | {
            f"{last.name}.weight": np.eye(outputs, last.in_features, start, dtype=np.float32),
            f"{last.name}.bias": np.zeros(outputs, np.float32),
        }
        yield Network.of(architecture, tensors), stop - start
