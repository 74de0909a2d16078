"""Many networks at once: each within rounding what it is alone."""

import dataclasses

import numpy as np
import pytest
import torch
from cuda_engines import cuda_engine
from engines import RECIPES, network_for, training_set
from made_up import SMALL_NETWORKS, noise, taught
from oracle import UNIT
from references import Float64Engine, engine_of

from lenet.configuration import configure
from lenet.data.plan import plan
from lenet.engines.cpu import CpuEngine
from lenet.errors import EngineError
from lenet.images.preprocess import Preprocessing
from lenet.pytorch.cuda import stage
from lenet.pytorch.cuda.engine import CudaEngine
from lenet.pytorch.cuda.many import CudaMany
from lenet.pytorch.loss import Loss

RATES = (1.0, 0.5, 0.1)


def configs_of(settings, **more):
    """Three trainings that differ in seed and learning rate."""
    base = configure(**settings, batch_size=37, **more)
    return [
        dataclasses.replace(base, seed=seed, learning_rate=base.learning_rate * rate) for seed, rate in enumerate(RATES)
    ]


def many_of(configs, train, device):
    preprocessing = Preprocessing.of(train, normalize=configs[0].normalize)
    return CudaMany([network_for(each) for each in configs], train, configs, preprocessing, device)


def plans_of(configs, train, epoch=0):
    return {number: plan(config, epoch, len(train)) for number, config in enumerate(configs)}


@pytest.mark.parametrize(
    "settings",
    [RECIPES[7], *(pytest.param(RECIPES[number], marks=pytest.mark.proof) for number in (0, 3, 5, 6, 8, 10))],
)
def test_the_first_losses_of_each_are_golden(tiny, settings, device):
    """Their error against float64 is at most twice that of the reference alone, as that of one network."""
    train = training_set(settings, tiny.train)
    configs = configs_of(settings)
    plans = plans_of(configs, train)
    stats = many_of(configs, train, device).train_steps(plans, 0, 12)
    for number, config in enumerate(configs):
        golden = engine_of(Float64Engine, config, train).train_steps(plans[number], 0, 12)
        alone = cuda_engine(config, train, device).train_steps(plans[number], 0, 12)
        most = 2 * max(np.abs(alone.losses - golden.losses).max(), 4 * UNIT)
        assert np.abs(stats[number].losses - golden.losses).max() <= most
        assert stats[number].num_correct == golden.num_correct
        assert stats[number].sizes.tolist() == golden.sizes.tolist()


@pytest.mark.parametrize("name", SMALL_NETWORKS)
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_every_kind_of_layer_is_computed_for_all(name, optimizer, device):
    """A whole epoch with a partial batch; batch normalization and dropout are in them."""
    networks = [SMALL_NETWORKS[name]() for _ in range(3)]
    for number, network in enumerate(networks):
        network.weights[: network.architecture.num_parameters] *= 1 + number / 10
    shape = networks[0].architecture
    dataset = noise(60, shape.input_shape[1:], shape.num_classes, shape.input_shape[0])
    base = configure("fast", batch_size=16, dropout=0.5, optimizer=optimizer, learning_rate=0.01, flip=True, shift=1)
    configs = [dataclasses.replace(base, seed=seed) for seed in range(3)]
    plans = plans_of(configs, dataset)
    preprocessing = Preprocessing(dataset.size, 0.3, 0.35)
    alone = [
        CudaEngine(network.copy(), dataset, config, preprocessing, device)
        for network, config in zip(networks, configs, strict=True)
    ]
    many = CudaMany(networks, dataset, configs, preprocessing, device)
    stats = many.train_steps(plans, 0, plans[0].num_steps)
    logits = many.logits(dataset.images)
    assert logits.shape == (3, 60, shape.num_classes)
    for number, engine in enumerate(alone):
        expected = engine.train_steps(plans[number], 0, plans[number].num_steps)
        np.testing.assert_allclose(stats[number].losses, expected.losses, rtol=1e-5)
        ours, theirs = many.states[number].arrays(), engine.optimizer.arrays()
        np.testing.assert_allclose(ours["weights"], theirs["weights"], rtol=2e-3, atol=2e-5)
        np.testing.assert_allclose(logits[number], engine.logits(dataset.images), rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize(
    "settings", [{}, {"label_smoothing": 0.1}, {"class_weights": (1.0, 2.0, 3.0), "label_smoothing": 0.2}]
)
@pytest.mark.parametrize("is_taught", [False, True])
def test_the_loss_of_many_is_that_of_each(settings, is_taught):
    dataset = noise(40, (4, 5), 3)
    dataset = taught(dataset, views=1) if is_taught else dataset
    loss = Loss.of(configure("fast", **settings), dataset, torch.zeros(1))
    logits = torch.randn(2, 40, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.from_numpy(dataset.labels).expand(2, -1)
    targets = torch.from_numpy(dataset.targets).expand(2, -1, -1) if is_taught else None
    found = loss.values(logits, labels, targets)
    for number in range(2):
        expected = loss.value(logits[number], labels[number], None if targets is None else targets[number])
        torch.testing.assert_close(found[number], expected)


def test_the_same_seeds_give_the_same_bits_in_whatever_chunks(tiny, device, monkeypatch):
    configs = configs_of(RECIPES[6])
    plans = plans_of(configs, tiny.train)
    one, two = (many_of(configs, tiny.train, device) for _ in range(2))
    whole = one.train_steps(plans, 0, plans[0].num_steps)
    monkeypatch.setattr(stage, "STAGE_BYTES", 2 * 37 * 28 * 28 * 4)
    parts = [two.train_steps(plans, start, min(start + 8, plans[0].num_steps)) for start in range(0, 28, 8)]
    for number in range(3):
        assert whole[number].losses.tolist() == np.concatenate([part[number].losses for part in parts]).tolist()
    assert torch.equal(one.vectors.state, two.vectors.state)
    assert np.array_equal(one.logits(tiny.test.images), two.logits(tiny.test.images))


def test_a_network_that_is_left_out_stays_as_it_is(tiny, device):
    configs = configs_of(RECIPES[4])
    plans = plans_of(configs, tiny.train)
    some, every = (many_of(configs, tiny.train, device) for _ in range(2))
    before = some.states[1].arrays()["weights"].copy()
    stats = some.train_steps({0: plans[0], 2: plans[2]}, 0, 5)
    expected = every.train_steps(plans, 0, 5)
    assert sorted(stats) == [0, 2]
    assert np.array_equal(some.states[1].arrays()["weights"], before)
    assert [state.num_steps for state in some.states] == [5, 0, 5]
    for number in (0, 2):
        assert stats[number].losses.tolist() == expected[number].losses.tolist()
        assert torch.equal(some.vectors.state[:, number], every.vectors.state[:, number])
    late = some.train_steps({1: plans[1]}, 0, 5)
    assert late[1].losses.tolist() == expected[1].losses.tolist()
    assert torch.equal(some.vectors.state, every.vectors.state)


@pytest.mark.parametrize("rate", [1e20, 1e38])
def test_a_diverging_network_ends_alone(tiny, rate, device):
    """Its weights are those before the bad step; the others are what they are without it."""
    base = configure("book-sgd", batch_size=37, activation="relu", learning_rate=0.05)
    configs = [dataclasses.replace(base, seed=seed, learning_rate=each) for seed, each in enumerate((0.05, rate, 0.05))]
    plans = plans_of(configs, tiny.train)
    many, healthy = many_of(configs, tiny.train, device), many_of([configs[0]] * 3, tiny.train, device)
    stats = many.train_steps(plans, 0, 12)
    good = many.states[1].num_steps
    assert good < 12
    assert len(stats[1].losses) == good + 1
    assert not np.isfinite(stats[1].losses[-1])
    assert [many.states[number].num_steps for number in (0, 2)] == [12, 12]
    expected = healthy.train_steps(dict.fromkeys(range(3), plans[0]), 0, 12)
    assert stats[0].losses.tolist() == expected[0].losses.tolist()
    before = many_of(configs, tiny.train, device)
    if good:
        before.train_steps({1: plans[1]}, 0, good)
    assert np.array_equal(many.states[1].arrays()["weights"], before.states[1].arrays()["weights"])


def test_a_state_of_one_among_many_goes_on_in_other_engines(tiny, device):
    """What a checkpoint holds: by names, for the CPU engine and alone."""
    configs = configs_of(RECIPES[8])
    plans = plans_of(configs, tiny.train)
    many = many_of(configs, tiny.train, device)
    many.train_steps(plans, 0, 6)
    alone, cpu = cuda_engine(configs[1], tiny.train, device), engine_of(CpuEngine, configs[1], tiny.train)
    for engine in (alone, cpu):
        engine.optimizer.assign(many.states[1].arrays(), many.states[1].num_steps)
    expected = many.train_steps(plans, 6, 12)[1].losses
    for engine in (alone, cpu):
        np.testing.assert_allclose(engine.train_steps(plans[1], 6, 12).losses, expected, rtol=1e-5)
    np.testing.assert_allclose(many.logits(tiny.test.images)[1], alone.logits(tiny.test.images), rtol=1e-3, atol=1e-3)


def test_trainings_that_differ_too_much_are_refused(tiny):
    configs = [configure("fast"), configure("fast", batch_size=50)]
    with pytest.raises(EngineError, match="trainings that differ in more than seed"):
        many_of(configs, tiny.train, "cpu")
    configs = [configure("fast"), configure("fast", channels=(4, 8))]
    with pytest.raises(EngineError, match="networks of several architectures"):
        many_of(configs, tiny.train, "cpu")


def test_networks_that_find_no_memory_say_so(tiny, monkeypatch):
    many = many_of(configs_of(RECIPES[4]), tiny.train, "cpu")
    many.device = "cuda:0"  # the name in the message

    def no_memory(*arguments, **options):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9.00 GiB")

    monkeypatch.setattr("lenet.pytorch.cuda.many.Stage", no_memory)
    with pytest.raises(EngineError, match="out of memory in the steps of 3 networks") as caught:
        many.train_steps(plans_of(many.configs, tiny.train), 0, 2)
    assert caught.value.hint.startswith("take fewer trainings at once with workers=, or compute on the CPU")
