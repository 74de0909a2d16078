"""A snapshot stays what the engine was when it was taken; both engines take and load the same form."""

import numpy as np
import pytest
import torch
from made_up import noise
from references import engine_of
from torch import nn

from lenet.configuration import configure
from lenet.data.plan import plan
from lenet.engines.cpu import CpuEngine
from lenet.images.preprocess import Preprocessing
from lenet.pytorch.reference import ReferenceEngine

RECIPES = ("fast", "book-sgd", "book-adam")
DATASET = noise(100, (28, 28), 10)


def with_buffers(config):
    """An engine with a module that has running means."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2 * 26 * 26, 10))
    return ReferenceEngine(module, DATASET, config, Preprocessing((28, 28)))


ENGINES = {
    "cpu": lambda config: engine_of(CpuEngine, config, DATASET),
    "reference": lambda config: engine_of(ReferenceEngine, config, DATASET),
    "buffers": with_buffers,
}


def same(state, other):
    return state.keys() == other.keys() and all(np.array_equal(state[name], other[name]) for name in state)


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_snapshot_stays_what_it_was_until_it_is_taken_again(recipe, kind):
    config = configure(recipe, batch_size=20, learning_rate=0.01)
    engine, epoch = ENGINES[kind](config), plan(config, 0, 100)
    engine.train_steps(epoch, 0, 1)
    snapshot = engine.snapshot()
    then = {name: value.copy() for name, value in snapshot.state_dict().items()}
    engine.train_steps(epoch, 1, 2)
    assert same(snapshot.state_dict(), then)
    snapshot.take()
    now = snapshot.state_dict()
    assert same(now, engine.state_dict())
    changed = {name for name in then if not np.array_equal(then[name], now[name])}
    last = [name for name in engine.optimizer.shapes if name.endswith("weight")][-1]
    assert changed >= {f"model.{last}", "optimizer.step"}
    assert changed >= {f"optimizer.{last}.{key}" for key in engine.optimizer.moments}
    assert ("model.1.running_mean" in changed) == (kind == "buffers")


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("recipe", RECIPES)
def test_what_is_loaded_continues_as_what_was_taken(recipe, kind):
    config = configure(recipe, batch_size=20, learning_rate=0.01)
    first, second = ENGINES[kind](config), ENGINES[kind](config)
    epoch = plan(config, 0, 100)
    first.train_steps(epoch, 0, 2)
    second.load_state_dict(first.state_dict())
    for engine in (first, second):
        engine.train_steps(epoch, 2, 4)
    assert same(first.state_dict(), second.state_dict())


def test_the_weights_are_the_networks_memory():
    for kind in ("cpu", "reference"):
        engine = ENGINES[kind](configure("fast", batch_size=20))
        network, before = engine.network, engine.network.weights.copy()
        engine.train_steps(plan(engine.config, 0, 100), 0, 1)
        assert engine.network is network
        assert not np.array_equal(network.weights, before)


def test_the_state_of_another_network_is_refused():
    state = ENGINES["cpu"](configure("fast")).state_dict()
    engine = engine_of(CpuEngine, configure("fast", hidden=(9,)), DATASET)
    with pytest.raises(ValueError, match=r"fc.0.weight has the shape \(120, 400\); expected \(9, 400\)"):
        engine.load_state_dict({name: state[name] for name in engine.state_dict()})
    with pytest.raises(KeyError, match=r"model\.fc\.4\.bias"):
        engine.load_state_dict(state)
    del state["optimizer.fc.2.bias.exp_avg"]
    with pytest.raises(KeyError, match=r"optimizer\.fc\.2\.bias\.exp_avg"):
        ENGINES["reference"](configure("fast")).load_state_dict(state)
