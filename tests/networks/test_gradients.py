"""The gradient with respect to the input, against finite differences in float64 and against PyTorch."""

import numpy as np
import pytest
from made_up import SMALL_NETWORKS, inputs_for

from lenet.networks.forward import forward
from lenet.networks.gradients import SLOPES, input_gradient
from lenet.networks.layers import Dense, Flatten, Pooling
from lenet.networks.network import Architecture, Network
from lenet.registry import ACTIVATIONS


@pytest.fixture(params=SMALL_NETWORKS)
def network(request):
    return SMALL_NETWORKS[request.param]()


def test_it_is_the_limit_of_finite_differences(network):
    inputs, classes = inputs_for(network)
    gradient = input_gradient(network, inputs, classes)
    assert (gradient.shape, gradient.dtype) == (inputs.shape, np.dtype(np.float64))
    random = np.random.default_rng(1)
    step = 1e-6
    for _ in range(20):
        pixel = tuple(random.integers(0, size) for size in inputs.shape[1:])
        logits = []
        for sign in (1, -1):
            moved = inputs.copy()
            moved[(slice(None), *pixel)] += sign * step
            logits.append(forward(network, moved)[-1][np.arange(len(classes)), classes])
        difference = (logits[0] - logits[1]) / (2 * step)
        np.testing.assert_allclose(gradient[(slice(None), *pixel)], difference, rtol=1e-5, atol=1e-8)


def test_float32_stays_float32(network):
    inputs, classes = inputs_for(network)
    single = input_gradient(network, inputs.astype(np.float32), classes)
    assert single.dtype == np.float32
    double = input_gradient(network, inputs, classes)
    np.testing.assert_allclose(single, double, rtol=1e-3, atol=1e-5 * np.abs(double).max())


def test_each_image_has_its_own(network):
    inputs, classes = inputs_for(network)
    together = input_gradient(network, inputs, classes)
    alone = [input_gradient(network, inputs[each : each + 1], classes[each : each + 1]) for each in range(len(inputs))]
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=1e-12, atol=1e-15)


def test_every_activation_has_a_slope():
    assert list(SLOPES) == list(ACTIVATIONS)


def test_of_equal_numbers_the_first_has_the_gradient_and_an_odd_edge_has_none():
    layers = (Pooling("0", "max"), Flatten("1"), Dense("2", 1, 2))
    network = Network.empty(Architecture((1, 3, 3), layers))
    network.weights[:] = [2, 5, 0, 0]
    gradient = input_gradient(network, np.ones((1, 1, 3, 3)), np.array([1]))
    assert gradient[0, 0].tolist() == [[5, 0, 0], [0, 0, 0], [0, 0, 0]]
