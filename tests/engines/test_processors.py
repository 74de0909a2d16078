"""What the variants that fuse multiply and add compute to the same bits, as docs/engines.md says."""

import numpy as np
import pytest
from engines import STILL
from made_up import network_of, noise

from lenet.configuration import configure
from lenet.data.plan import Plan
from lenet.engines import kernels
from lenet.engines.cpu import CpuEngine
from lenet.images.preprocess import Preprocessing
from lenet.networks.layers import Dense
from lenet.networks.network import split

FUSED = ("avx512", "avx2")
pytestmark = pytest.mark.skipif(
    not {*FUSED} <= {*kernels.variants()}, reason="this processor does not run two variants that fuse"
)
NETWORKS = [
    ("softmax", {}),
    ("mlp", {}),
    ("lenet", {"activation": "relu", "padding": 2}),
    ("lenet", {"activation": "leaky-relu", "pooling": "avg", "kernel_size": 3, "channels": (7, 13)}),
]
NORMALIZED = [("lenet-bn", {}), ("small", {}), ("tiny", {})]


def engines(name, arguments):
    dataset = noise(75)
    config = configure("book-sgd", batch_size=75, threads=1)
    preprocessing = Preprocessing((28, 28), mean=0.3, std=0.35)
    networks = [network_of(name, **arguments) for _ in FUSED]
    return [
        CpuEngine(network, dataset, config, preprocessing, variant=variant)
        for network, variant in zip(networks, FUSED, strict=True)
    ]


@pytest.mark.parametrize(("name", "arguments"), NETWORKS + NORMALIZED)
def test_logits_of_relu_networks_are_equal(name, arguments):
    images = noise(75).images
    first, second = (engine.logits(images) for engine in engines(name, arguments))
    assert np.array_equal(first, second)


@pytest.mark.parametrize(("name", "arguments"), NETWORKS)
def test_losses_and_dense_gradients_of_relu_networks_are_equal(name, arguments):
    """Those of convolutions and of biases are sums over the lanes, in an order that follows from the vectors."""
    both = engines(name, arguments)
    losses = [
        engine.train_steps(Plan(np.arange(75), None, None, np.full(1, STILL), 75), 0, 1).losses for engine in both
    ]
    assert np.array_equal(*losses)
    architecture = both[0].network.architecture
    gradients = [split(engine.optimizer.gradient, architecture.tensor_shapes) for engine in both]
    dense = [f"{layer.name}.weight" for layer in architecture.layers if isinstance(layer, Dense)]
    assert all(np.array_equal(gradients[0][part], gradients[1][part]) for part in dense)
    for part, values in gradients[0].items():
        np.testing.assert_allclose(values, gradients[1][part], rtol=0, atol=1e-5 * np.abs(values).max())
