"""Losses and weights that become NaN or infinite."""

import math
import re

import pytest
import torch
import torch.nn.functional as F
from learners import CPU, both, network

from lenet.d2l.bridge.batches import BatchIterator
from lenet.d2l.bridge.divergence import DivergenceGuard
from lenet.d2l.bridge.torch_steps import TorchSteps, classification
from lenet.errors import TrainingError


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
    reported = []
    with pytest.raises(TrainingError, match="weights became NaN or infinite in step 1, the last, of this epoch"), steps:
        reported.extend(steps.epoch())
    assert reported == []
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


class Part:
    """What a training changes: a number."""

    def __init__(self):
        self.value = 0.0

    def state_dict(self):
        return {"value": self.value}

    def load_state_dict(self, state):
        self.value = state["value"]


@pytest.mark.parametrize(
    ("losses", "problem", "goes_back_to"),
    [
        ([math.nan, 1.0], "the loss became nan at step 3 of 20 of this epoch", 1.0),  # the newest state is bad
        ([1.0, -math.inf], "the loss became -inf at step 4 of 20 of this epoch", 2.0),
    ],
)
def test_a_loss_is_that_of_the_weights_before_its_step(losses, problem, goes_back_to):
    part = Part()
    guard = DivergenceGuard(part)
    for value in (1.0, 2.0):
        part.value = value
        guard.keep()
        guard.check_losses([0.5], first=1, num_steps=20)
        guard.num_steps += 1
    guard.num_steps -= 1  # the second state is the present one
    part.value = 3.0
    with pytest.raises(TrainingError) as raised:
        guard.check_losses(losses, first=3, num_steps=20)
    message = "the weights are the last good ones, those before the last step"
    assert raised.value.message == f"{problem}; {message}"
    assert part.value == goes_back_to


def test_the_number_of_lost_steps_is_named():
    part = Part()
    guard = DivergenceGuard(part)
    guard.keep()
    guard.num_steps += 5
    with pytest.raises(TrainingError, match=r"at step 6 of this epoch; .*before the last 5 steps"):
        guard.check_losses([math.inf], first=6, num_steps=None)


def test_of_a_function_nothing_can_be_restored():
    guard = DivergenceGuard()
    guard.keep()
    with pytest.raises(TrainingError, match="the present weights are not known"):
        guard.check_losses([math.nan], first=1, num_steps=None)
