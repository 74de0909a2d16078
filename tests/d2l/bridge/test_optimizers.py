"""Optimisers: their state goes into the engine and comes back, and what the engine does not know is refused."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lenet import d2l
from lenet.d2l.bridge.batches import BatchIterator
from lenet.d2l.bridge.kernel_steps import KernelSteps
from lenet.d2l.bridge.optimizers import PlainSgd, TorchOptim
from lenet.d2l.bridge.torch_steps import TorchSteps, classification
from lenet.errors import ConfigError, EngineError
from lenet.models import LeNet

CPU = torch.device("cpu")
OPTIMIZERS = {
    "sgd": lambda weights: torch.optim.SGD(weights, lr=0.15),
    "sgd with momentum": lambda weights: torch.optim.SGD(weights, lr=0.02, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda weights: torch.optim.SGD(weights, lr=0.02, momentum=0.9, nesterov=True),
    "adam": lambda weights: torch.optim.Adam(weights, lr=0.003, weight_decay=0.01),
    "adamw": lambda weights: torch.optim.AdamW(weights, lr=0.003),
}


def network():
    """One that learns within thirty steps."""
    torch.manual_seed(4)
    return LeNet(channels=(4,), hidden=(), activation="tanh", pooling="avg")


def by_torch(net, iterator, optimizer):
    return TorchSteps(iterator, *classification(net, F.cross_entropy, optimizer, CPU))


def by_engine(net, iterator, optimizer):
    return KernelSteps(net, iterator, F.cross_entropy, TorchOptim(optimizer, net), CPU)


def trained(ways, tiny, make):
    """A network after an epoch in each of the ways, its optimiser, and the losses."""
    net = network()
    optimizer = make(net.parameters())
    iterator = BatchIterator(tiny.train, 100, True)
    losses = []
    torch.manual_seed(7)
    for way in ways:
        steps = way(net, iterator, optimizer)
        with steps:
            *_, progress = steps.epoch()
        losses += progress.losses
    return net, optimizer, losses


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_engine_and_pytorch_make_the_same_steps_and_continue_each_other(name, tiny):
    expected, theirs, losses = trained([by_torch, by_torch, by_torch], tiny, OPTIMIZERS[name])
    for ways in ([by_engine, by_engine, by_torch], [by_torch, by_engine, by_engine]):
        net, ours, found = trained(ways, tiny, OPTIMIZERS[name])
        assert found == pytest.approx(losses, rel=2e-3)
        assert losses[-1] < 0.8 * losses[0]
        for a, b in zip(expected.parameters(), net.parameters(), strict=True):
            assert torch.allclose(a, b, atol=3e-3)
            state, other = theirs.state[a], ours.state[b]
            assert {key for key in state if state[key] is not None} <= set(other)
            if "step" in state:
                assert state["step"] == other["step"] == 30
                assert torch.allclose(state["exp_avg_sq"], other["exp_avg_sq"], atol=1e-3)


def test_the_users_own_weights_and_gradients_are_left_to_them(tiny):
    net = network()
    weights = list(net.parameters())
    memory = [each.data_ptr() for each in weights]
    optimizer = torch.optim.Adam(weights, lr=0.01)
    before = copy.deepcopy(net.state_dict())
    views = [each.data for each in weights]
    with by_engine(net, BatchIterator(tiny.train, 100), optimizer) as _:
        pass
    assert all(torch.equal(before[name], now) for name, now in net.state_dict().items())
    steps = by_engine(net, BatchIterator(tiny.train, 100), optimizer)
    with steps:
        next(steps.epoch())
    assert [each.data_ptr() for each in net.parameters()] == memory
    assert all(a is b for a, b in zip(weights, net.parameters(), strict=True))
    assert all(torch.equal(view, each) for view, each in zip(views, weights, strict=True))
    assert all(each.grad is None for each in weights)
    assert not torch.equal(before["conv.0.weight"], net.conv[0].weight)
    F.cross_entropy(net(torch.rand(2, 1, 28, 28)), torch.tensor([1, 2])).backward()
    optimizer.step()
    assert optimizer.state[weights[0]]["step"] == 3  # two of the engine's, which are a fifth of ten, and this one


def with_hook(weights):
    optimizer = torch.optim.SGD(weights, lr=0.1)
    optimizer.register_step_post_hook(lambda *_: None)
    return optimizer


def with_scheduler(weights):
    optimizer = torch.optim.SGD(weights, lr=0.1)
    torch.optim.lr_scheduler.StepLR(optimizer, 1)
    return optimizer


class Own(torch.optim.SGD):
    pass


REFUSED = {
    "the optimiser is RMSprop": lambda weights: torch.optim.RMSprop(weights),
    "the optimiser is Own": lambda weights: Own(weights, lr=0.1),
    "dampening": lambda weights: torch.optim.SGD(weights, lr=0.1, momentum=0.9, dampening=0.1),
    "maximize": lambda weights: torch.optim.SGD(weights, lr=0.1, maximize=True),
    "amsgrad": lambda weights: torch.optim.Adam(weights, amsgrad=True),
    "betas": lambda weights: torch.optim.Adam(weights, betas=(0.8, 0.999)),
    "eps": lambda weights: torch.optim.AdamW(weights, eps=1e-6),
    "these settings": lambda weights: torch.optim.SGD(weights, lr=torch.tensor(0.1)),
    "the optimiser has 2": lambda weights: torch.optim.SGD([{"params": w} for w in [weights[:1], weights[1:]]], lr=0.1),
    "has others": lambda weights: torch.optim.SGD(weights[1:], lr=0.1),
    "hooks or schedulers": with_hook,
    "schedulers on": with_scheduler,
    "learning_rate is 0": lambda weights: torch.optim.SGD(weights, lr=0.0),
    "momentum is 1": lambda weights: torch.optim.SGD(weights, lr=0.1, momentum=1.5),
}


@pytest.mark.parametrize("what", REFUSED)
def test_an_optimiser_that_the_engine_does_not_know(what, tiny):
    net = network()
    with pytest.raises((EngineError, ConfigError), match=what):
        by_engine(net, BatchIterator(tiny.train, 100), REFUSED[what](list(net.parameters())))


def test_weights_that_have_taken_different_numbers_of_steps(tiny):
    net = network()
    optimizer = torch.optim.Adam(net.parameters())
    net.conv(torch.rand(1, 1, 28, 28)).sum().backward()
    optimizer.step()
    with pytest.raises(EngineError, match="same number of steps"):
        by_engine(net, BatchIterator(tiny.train, 100), optimizer)


def test_plain_sgd_is_that_of_pytorch():
    net = nn.Linear(2, 1)
    assert PlainSgd(net, 0.25).settings(net)["learning_rate"] == 0.25
    theirs = PlainSgd(net, 0.25).optimizer()
    assert theirs.param_groups[0]["lr"] == 0.25
    assert d2l.nn is nn


def test_an_optimiser_of_another_network_is_a_mistake():
    with pytest.raises(ConfigError, match="has none of this network's weights"):
        TorchOptim(torch.optim.SGD(network().parameters(), lr=0.1), network())
    with pytest.raises(ConfigError, match="the optimiser is a str"):
        TorchOptim("adam", network())
