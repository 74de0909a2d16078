"""The optimisers on the device: the formulas of pytorch/optimizer.py, for one network and for several at once."""

import numpy as np
import pytest
import torch
from made_up import network_of

from lenet.configuration import configure
from lenet.pytorch.cuda.vectors import Vectors, stacked, step_numbers
from lenet.pytorch.modules import to_module
from lenet.pytorch.optimizer import TorchOptimizer

SETTINGS = [
    {"optimizer": "sgd"},
    {"optimizer": "sgd", "weight_decay": 0.1},
    {"optimizer": "sgd", "momentum": 0.9},
    {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    {"optimizer": "adam"},
    {"optimizer": "adam", "weight_decay": 0.1},
    {"optimizer": "adamw", "weight_decay": 0.1},
    {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.1, "clip_norm": 30.0},
    {"optimizer": "adamw", "weight_decay": 0.1, "clip_norm": 30.0, "ema": 0.9},
    {"optimizer": "sgd", "momentum": 0.9, "ema": 0.3},
]


def reference(network, config):
    return TorchOptimizer(to_module(network), config, network)


@pytest.mark.parametrize("settings", SETTINGS)
def test_thirty_steps_are_those_of_the_specification(device, settings):
    """The learning rate changes; the running statistics are left alone, and averaged."""
    config = configure("book-sgd", learning_rate=0.01, **settings)
    network = network_of("lenet-bn", seed=1)
    theirs, shape = reference(network.copy(), config), network.architecture
    ours = Vectors(torch.from_numpy(network.weights).to(device), config, shape.num_parameters)
    rates = 0.01 / (1 + np.arange(30))
    numbers = torch.from_numpy(step_numbers(config, rates, 0)).float().to(device)
    torch.manual_seed(0)
    for step, rate in enumerate(rates):
        gradient = torch.randn(shape.num_parameters) / (1 + step)
        theirs.gradient[: shape.num_parameters] = gradient
        ours.gradient.copy_(gradient)
        theirs.step(float(rate))
        ours.update(numbers[step])
    state = ours.of(None, shape.tensor_shapes)
    assert state.arrays().keys() == theirs.arrays().keys()
    for name, array in theirs.arrays().items():
        np.testing.assert_allclose(state.arrays()[name], array, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("settings", SETTINGS)
def test_several_networks_at_once_are_each_what_they_are_alone(device, settings):
    """With learning rates, momentum and weight decay of their own."""
    shared = {"learning_rate": 0.01, **settings}
    configs = [configure("book-sgd", **shared, seed=seed) for seed in range(3)]
    if configs[0].weight_decay:
        configs[2] = configure("book-sgd", **(shared | {"weight_decay": 0.3}))
    networks = [network_of("tiny", seed=seed) for seed in range(3)]
    shape = networks[0].architecture
    weights = torch.from_numpy(np.stack([each.weights for each in networks])).to(device)
    together = Vectors(weights, configs[0], shape.num_parameters)
    alone = [Vectors(weights[k], configs[k], shape.num_parameters) for k in range(3)]
    rates = [0.01 * (k + 1) / (1 + np.arange(10)) for k in range(3)]
    tables = [step_numbers(config, each, 4) for config, each in zip(configs, rates, strict=True)]
    all_numbers = torch.from_numpy(stacked(tables)).float().to(device)
    torch.manual_seed(0)
    for step in range(10):
        gradients = torch.randn(3, shape.num_parameters, device=device)
        together.gradient.copy_(gradients)
        together.update(all_numbers[step])
        for k, each in enumerate(alone):
            each.gradient.copy_(gradients[k])
            each.update(torch.from_numpy(tables[k][step]).float().to(device))
    for k, each in enumerate(alone):
        torch.testing.assert_close(together.state[:, k], each.state, rtol=1e-6, atol=1e-7)


def test_a_state_goes_back_to_what_was_kept(device):
    config = configure("fast", ema=0.9)
    vectors = Vectors(torch.randn(50, device=device), config, 40)
    before = vectors.state.clone()
    vectors.keep()
    vectors.gradient.fill_(1)
    vectors.update(torch.from_numpy(step_numbers(config, np.full(1, 0.1), 0)[0]).float().to(device))
    assert not torch.equal(vectors.state, before)
    vectors.go_back()
    assert torch.equal(vectors.state, before)
