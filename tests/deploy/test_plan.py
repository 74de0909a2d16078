"""The plan for inference computes what the network computes, for random chains of all kinds of layers."""

import dataclasses
from random import Random

import numpy as np
import pytest
from chains import LIMITS, random_chain
from deployed import made_up_calibration, made_up_network, made_up_trained

from lenet.deploy.plan import InferencePlan, planned_layers
from lenet.errors import RunError
from lenet.networks import Architecture, Network, build
from lenet.networks.forward import forward
from lenet.networks.initialization import initialized
from lenet.networks.layers import BatchNorm, Convolution, Dropout


def as_network(layers):
    """The plan's layers as a network, whose forward pass is the specification."""
    architecture = Architecture(layers[0].input_shape, tuple(entry.layer for entry in layers))
    tensors = {}
    for entry in layers:
        if entry.weight is not None:
            tensors |= {f"{entry.layer.name}.weight": entry.weight, f"{entry.layer.name}.bias": entry.bias}
    return Network.of(architecture, tensors)


@pytest.mark.parametrize("seed", range(30))
def test_the_plan_computes_the_same(seed):
    network = made_up_network(random_chain(Random(seed), with_dropout=True), seed)
    layers = planned_layers(network)
    assert not any(isinstance(entry.layer, BatchNorm | Dropout) for entry in layers)
    shape = network.architecture.input_shape
    for entry in layers:
        assert entry.input_shape == shape
        shape = entry.layer.output_shape(shape)
        assert entry.output_shape == shape
    images = np.random.default_rng(seed).random((3, *layers[0].input_shape), np.float32).astype(np.float64)
    expected, actual = forward(network, images)[-1], forward(as_network(layers), images)[-1]
    assert np.abs(actual - expected).max() <= 1e-5 * max(1, np.abs(expected).max())


@pytest.mark.parametrize("name", LIMITS)
def test_the_plan_at_the_limits(name):
    network = made_up_network(LIMITS[name], 1)
    images = np.random.default_rng(1).random((2, *LIMITS[name].input_shape))
    expected, actual = forward(network, images)[-1], forward(as_network(planned_layers(network)), images)[-1]
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_a_run_s_plan(tiny_run):
    plan = InferencePlan.of(tiny_run.network)
    assert (plan.input_shape, plan.num_classes) == ((1, 28, 28), 10)
    assert (plan.calibration, plan.embedding) == (None, None)
    sizes = [sum(array.size for array in entry.arrays) for entry in plan.layers if entry.weight is not None]
    assert sizes == [156, 2416, 48120, 10164, 850]
    weight, _ = plan.layers[0].arrays
    assert np.array_equal(weight, tiny_run.network.weights["conv.0.weight"])
    weight[...] = 0
    assert tiny_run.network.weights["conv.0.weight"].any(), "the arrays are copies"
    with pytest.raises(TypeError, match=r"the layer conv.1 \(ReLU\) has no weights"):
        _ = plan.layers[1].arrays


def test_infinite_weights_are_named_with_their_layer():
    architecture = Architecture((1, 4, 4), (Convolution("a", 1, 2, 3), BatchNorm("b", 2)))
    network = initialized(architecture, "default", seed=0)
    network.tensors["b.weight"][...] = 3e38
    network.tensors["b.running_var"][...] = 0
    with pytest.raises(RunError, match=r"the layer b \(BatchNorm2d\) has weights that are NaN or infinite"):
        planned_layers(network)
    network.tensors["a.bias"][0] = np.nan
    with pytest.raises(RunError, match=r"the layer a \(Conv2d\)"):
        planned_layers(network)


def test_the_layer_that_a_calibration_looks_at():
    architecture = build("lenet")
    network = made_up_trained(architecture, 0)
    plan = InferencePlan.of(dataclasses.replace(network, measured=made_up_calibration(architecture, 0)))
    entry = plan.layers[plan.embedding]
    assert (entry.layer.name, entry.input_shape) == (plan.calibration.layer, (256,))
