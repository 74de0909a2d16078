"""A snapshot is what the engine was when it was taken, whatever comes after; both engines take and load the same form."""

import pytest
import torch
from torch import nn

from lenet.config import configure
from lenet.engines.optimizer import Optimizer
from lenet.engines.state import Snapshot, Stateful

RECIPES = ("fast", "book-sgd", "book-adam")


def with_buffers() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2 * 4, 3))


def change(model: nn.Module, optimizer: Optimizer, seed: int) -> None:
    """A step, and what a forward pass in training does to the buffers."""
    generator = torch.Generator().manual_seed(seed)
    model.train()
    model(torch.randn(5, 1, 4, 4, generator=generator)).square().mean().backward()
    optimizer.step(0.1)
    optimizer.gradient.zero_()


def copied(state):
    return {name: value.clone() for name, value in state.items()}


def same(state, other):
    return state.keys() == other.keys() and all(torch.equal(state[name], other[name]) for name in state)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_snapshot_stays_what_it_was_until_it_is_taken_again(recipe):
    model = with_buffers()
    optimizer = Optimizer(model, configure(recipe))
    change(model, optimizer, 1)
    snapshot = Snapshot(model, optimizer)
    then = copied(snapshot.state_dict())
    assert same({name: then[f"model.{name}"] for name in model.state_dict()}, model.state_dict())
    change(model, optimizer, 2)
    assert same(snapshot.state_dict(), then)
    snapshot.take()
    now = snapshot.state_dict()
    assert same(now, Snapshot(model, optimizer).state_dict())
    changed = {name for name in then if not torch.equal(then[name], now[name])}
    assert changed >= {"model.1.running_mean", "model.3.weight", "optimizer.step"}
    assert changed >= {f"optimizer.3.weight.{key}" for key in optimizer.moments}


class Engine(Stateful):
    def __init__(self, recipe, model):
        self.model, self.optimizer = model, Optimizer(model, configure(recipe))


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_is_loaded_goes_on_as_what_was_taken(recipe):
    first, second = Engine(recipe, with_buffers()), Engine(recipe, with_buffers())
    change(first.model, first.optimizer, 1)
    second.load_state_dict(first.state_dict())
    for engine in (first, second):
        change(engine.model, engine.optimizer, 2)
    assert same(first.state_dict(), second.state_dict())


def test_the_state_of_another_network_is_refused():
    state = Engine("fast", with_buffers()).state_dict()
    with pytest.raises(RuntimeError):
        Engine("fast", nn.Sequential(nn.Linear(3, 3))).load_state_dict(state)
