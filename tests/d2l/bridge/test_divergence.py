"""Losses and weights that become NaN or infinite."""

import re

import pytest
import torch
import torch.nn.functional as F

from lenet.d2l.bridge.batches import BatchIterator
from lenet.d2l.bridge.kernel_steps import KernelSteps
from lenet.d2l.bridge.optimizers import PlainSgd
from lenet.d2l.bridge.torch_steps import TorchSteps, classification
from lenet.errors import TrainingError
from lenet.models import LeNet

CPU = torch.device("cpu")


def network():
    torch.manual_seed(4)
    return LeNet(channels=(3, 5), hidden=(20,), activation="relu")


def both(net, iterator, rate=0.05):
    """The same training in the two ways."""
    sgd = torch.optim.SGD(net.parameters(), lr=rate)
    return (
        KernelSteps(net, iterator, F.cross_entropy, PlainSgd(net, rate), CPU),
        TorchSteps(iterator, *classification(net, F.cross_entropy, sgd, CPU), net, sgd),
    )


@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize("rate", [1e8, 1e20])
def test_a_loss_that_is_not_finite_leaves_the_last_good_weights(way, rate, tiny):
    """Whether they broke in the first step or in a later one; their loss is a number."""
    net, iterator = network(), BatchIterator(tiny.train, 50, True)
    steps = both(net, iterator, rate)[way]
    with pytest.raises(TrainingError, match=r"the loss became \w+ at step \d+ of 20 of this epoch") as raised, steps:
        list(steps.epoch())
    assert re.search(r"the last good ones, those before the last (step|\d+ steps)$", raised.value.message)
    assert "smaller learning rate" in raised.value.hint
    with torch.no_grad():
        assert all(torch.isfinite(F.cross_entropy(net(X), y)) for X, y in iterator)


@pytest.mark.parametrize("way", [0, 1])
def test_weights_that_the_last_step_breaks_are_not_kept(way, tiny):
    net, iterator = network(), BatchIterator(tiny.train, 1000)
    steps = both(net, iterator, rate=1e39)[way]  # as a float32, infinite
    if way:
        steps.update = lambda result: net.fc[0].bias.data.fill_(torch.inf)
    before = [weights.clone() for weights in net.parameters()]
    with pytest.raises(TrainingError, match="weights became NaN or infinite in step 1, the last, of this epoch"), steps:
        list(steps.epoch())
    assert all(torch.equal(*pair) for pair in zip(before, net.parameters(), strict=True))


@pytest.mark.parametrize("way", [0, 1])
def test_initial_weights_that_are_bad_are_named(way, tiny):
    net = network()
    steps = both(net, BatchIterator(tiny.train, 50))[way]
    with torch.no_grad():
        net.fc[0].bias.fill_(torch.nan)
    with (
        pytest.raises(
            TrainingError,
            match=r"at step 1 of 20 of this epoch; no step was taken before, so the initial weights or the images were bad",
        ),
        steps,
    ):
        list(steps.epoch())


def test_the_optimiser_goes_back_with_the_weights(tiny):
    net = network()
    adam = torch.optim.Adam(net.parameters(), lr=0.001)
    batches = list(BatchIterator(tiny.train, 100))  # a point, and a copy, every second one
    bad = [*batches[:7], (batches[7][0] * torch.inf, batches[7][1]), *batches[8:]]
    steps = TorchSteps(bad, *classification(net, F.cross_entropy, adam, CPU), net, adam)
    with pytest.raises(TrainingError, match="before the last step"), steps:
        list(steps.epoch())
    assert adam.state[net.fc[0].bias]["step"] == 6
