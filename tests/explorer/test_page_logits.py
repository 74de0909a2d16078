"""The page's JavaScript computes the bits of the native variant with vectors of four floats, SSE4."""

import numpy as np
import pytest
from made_up import network_of, network_of_all_layers, noise
from page_engine import page_outputs

from lenet.config import TrainConfig
from lenet.engines import kernels
from lenet.engines.cpu import CpuEngine
from lenet.explorer import build
from lenet.images.preprocess import Preprocessing
from lenet.networks.layers import BatchNorm

NETWORKS = {
    "LeNet": {"name": "lenet", "padding": 2, "activation": "relu"},
    "LeNetAvg": {"name": "lenet-avg"},
    "LeNet, tanh": {"name": "lenet", "activation": "tanh"},
    "LeNet, sigmoid, kernels of 3, average": {"name": "lenet", "kernel_size": 3, "pooling": "avg"},
    "LeNet, kernels of 7, leaky ReLU": {"name": "lenet", "kernel_size": 7, "padding": 3, "activation": "leaky-relu"},
    "LeNet, scaled tanh, average": {"name": "lenet", "activation": "scaled-tanh", "pooling": "avg"},
    "lenet-bn": {"name": "lenet-bn"},
    "small": {"name": "small"},
    "small in colour": {"name": "small", "in_channels": 3, "input_size": (32, 32)},
    "tiny": {"name": "tiny"},
    "mlp": {"name": "mlp"},
    "softmax": {"name": "softmax"},
    "all layers": None,
}

needs = [
    pytest.mark.node,
    pytest.mark.skipif("sse4" not in kernels.variants(), reason="needs a processor with SSE4"),
]
pytestmark = needs


def trained_like(arguments):
    """A network with large weights, so that activations saturate, and with statistics as after some training."""
    network = network_of(**arguments) if arguments else network_of_all_layers()
    random = np.random.default_rng(0)
    network.weights[: network.architecture.num_parameters] *= 3
    for layer in network.architecture.layers:
        if isinstance(layer, BatchNorm):
            network.tensors[f"{layer.name}.running_mean"][:] = random.normal(0, 0.3, layer.channels)
            network.tensors[f"{layer.name}.running_var"][:] = random.uniform(0.2, 3, layer.channels)
            network.tensors[f"{layer.name}.bias"][:] = random.normal(0, 0.2, layer.channels)
    return network


def check(names, count, folder):
    cases, expected = {}, {}
    for number, name in enumerate(names):
        network = trained_like(NETWORKS[name])
        channels, height, width = network.architecture.input_shape
        images = noise(count, (height, width), in_channels=channels, seed=number).images
        images[::3] //= 8
        images[::4, : height // 2] = 0
        mean, std = (0.0, 1.0) if number % 2 else (0.286, 0.353)
        framing = "whole" if channels == 3 else "box"
        preprocessing = Preprocessing((height, width), mean, std, channels=channels, framing=framing)
        cases[name] = (network, preprocessing, images)
        expected[name] = CpuEngine(network, None, TrainConfig(threads=1), preprocessing, variant="sse4").logits(images)
    computed, with_kernels = page_outputs(cases, folder), page_outputs(cases, folder, build.KERNELS)
    for name in names:
        assert np.array_equal(computed[name], expected[name]), name
        assert np.array_equal(with_kernels[name], expected[name]), name


def test_the_page_computes_the_bits_of_sse4(tmp_path):
    check(["LeNet", "LeNetAvg", "lenet-bn"], 60, tmp_path)


@pytest.mark.proof
def test_the_page_computes_the_bits_of_sse4_for_every_network(tmp_path):
    check(NETWORKS, 300, tmp_path)
