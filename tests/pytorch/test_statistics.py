"""BatchNorm and Dropout in the reference engine: against a plain module and torch.optim, and what an engine promises."""

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from made_up import network_of, network_of_all_layers, noise
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from lenet.configuration import configure
from lenet.data.dropout import draw_keys
from lenet.data.plan import plan
from lenet.engines.state import split
from lenet.images.preprocess import Preprocessing
from lenet.pytorch.modules import network_tensors, to_module
from lenet.pytorch.reference import ReferenceEngine

DATA = noise(96, (9, 11), 3)
PREPROCESSING = Preprocessing((9, 11))


def engine_for(device="cpu", dataset=DATA, network=None, **settings):
    config = configure("fast", batch_size=32, **settings)
    network = network or network_of_all_layers(seed=1)
    return ReferenceEngine(network, dataset, config, PREPROCESSING, device), plan(config, 0, len(dataset))


def with_keys(epoch, seed=0):
    return dataclasses.replace(epoch, dropout_keys=draw_keys(seed, 0, len(epoch.order)))


def statistics_of(engine):
    return {name: engine.network.tensors[name].copy() for name in engine.network.architecture.statistic_shapes}


def plain_training(settings, num_steps):
    """Plain PyTorch in float64: the module and its average after the steps, and the losses."""
    engine, epoch = engine_for(**settings)
    module = to_module(network_of_all_layers(seed=1)).double()
    module[8].p = 0.0
    config = engine.config
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    options = {"momentum": config.momentum} if config.optimizer == "sgd" else {}
    decay = config.weight_decay
    optimizer = kinds[config.optimizer](module.parameters(), lr=1.0, weight_decay=decay, **options)
    average = get_ema_multi_avg_fn(config.ema or 0.5)
    averaged = AveragedModel(module, multi_avg_fn=average, use_buffers=True)
    losses = []
    for step in range(num_steps):
        index = epoch.order[epoch.batch(step)]
        images = torch.from_numpy(DATA.images[index]).double()[:, None] / 255
        loss = F.cross_entropy(module(images), torch.from_numpy(DATA.labels[index]))
        optimizer.zero_grad()
        loss.backward()
        module[0].bias.grad.zero_()  # exactly, where autograd has rounding noise
        if config.clip_norm:
            torch.nn.utils.clip_grad_norm_(module.parameters(), config.clip_norm)
        optimizer.param_groups[0]["lr"] = epoch.learning_rates[step]
        optimizer.step()
        averaged.update_parameters(module)
        losses.append(loss.item())
    return module, averaged.module, losses


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])  # the second has weights of its own, as a GPU has
@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.1, "learning_rate": 0.05},
        {"optimizer": "adam", "weight_decay": 0.1, "ema": 0.7},
        {"optimizer": "adamw", "weight_decay": 0.1, "clip_norm": 0.1, "ema": 0.7},
    ],
)
def test_steps_move_weights_and_statistics_as_pytorch_does(settings, device):
    settings = {"label_smoothing": 0.0, "normalize": False, **settings}
    engine, epoch = engine_for(device, **settings)
    stats = engine.train_steps(epoch, 0, 3)
    module, averaged, losses = plain_training(settings, 3)
    np.testing.assert_allclose(stats.losses, losses, rtol=1e-5)
    for network, plain in [(engine.network, module), *([(engine.evaluated, averaged)] if engine.config.ema else [])]:
        for name, tensor in network_tensors(plain).items():
            np.testing.assert_allclose(network.tensors[name], tensor.detach(), rtol=2e-4, atol=2e-5, err_msg=name)
    assert engine.module[1].num_batches_tracked == 3
    images = torch.from_numpy(DATA.images).double()[:, None] / 255
    logits = (averaged if engine.config.ema else module).eval()(images).detach()
    np.testing.assert_allclose(engine.logits(DATA.images), logits, rtol=1e-3, atol=1e-3)


def test_the_bias_before_a_batch_norm_has_exactly_no_gradient():
    engine, epoch = engine_for(weight_decay=0.0)
    before = engine.network.copy()
    engine.train_steps(epoch, 0, 3)
    gradient = split(engine.optimizer.gradient, engine.optimizer.shapes)
    assert not gradient["0.bias"].any()
    assert gradient["4.bias"].all()
    assert np.array_equal(engine.network.tensors["0.bias"], before.tensors["0.bias"])
    assert not engine.optimizer.gradient[engine.network.architecture.num_parameters :].any()


def test_a_step_whose_loss_is_not_finite_leaves_the_statistics_as_they_were():
    engine, epoch = engine_for()
    rates = np.array([1e30, 1e30, 1e30])
    broken = dataclasses.replace(epoch, learning_rates=rates)
    assert np.isfinite(engine.train_steps(broken, 0, 1).losses).all()
    before = statistics_of(engine)
    assert not np.isfinite(engine.train_steps(broken, 1, 3).losses).any()
    after = statistics_of(engine)
    assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_a_checkpoint_carries_the_statistics_and_no_counters(device):
    settings = {"ema": 0.7}
    straight, epoch = engine_for(device, **settings)
    epoch = with_keys(epoch)
    before, after = (engine_for(device, **settings)[0] for _ in range(2))
    straight.train_steps(epoch, 0, 3)
    before.train_steps(epoch, 0, 1)
    state = before.state_dict()
    assert engine_for()[0].buffers() == {}
    shapes = straight.network.architecture.tensor_shapes
    assert {name.removeprefix("model.") for name in state if name.startswith("model.")} == set(shapes)
    after.load_state_dict(state)
    after.train_steps(epoch, 1, 3)
    assert np.array_equal(after.network.weights, straight.network.weights)
    assert np.array_equal(after.evaluated.weights, straight.evaluated.weights)


def test_training_and_evaluation_keep_their_own_statistics():
    """Outputs are those of the averaged weights and statistics; the training goes on with its own."""
    engine, epoch = engine_for(ema=0.7)
    engine.train_steps(epoch, 0, 3)
    before = engine.network.copy()
    outputs = engine.outputs(DATA.images)
    expected = to_module(engine.evaluated).eval()
    images = torch.from_numpy(DATA.images).float()[:, None] / 255
    np.testing.assert_allclose(outputs[-1], expected(images).detach(), rtol=1e-5, atol=1e-6)
    assert np.array_equal(engine.network.weights, before.weights)
    assert not np.array_equal(engine.evaluated.weights, before.weights)


def test_dropout_is_the_same_in_parts_of_a_batch():
    """A micro-batch takes the keys of its images."""
    settings = {"dataset": noise(96, (28, 28)), "model": "mlp"}
    engines = [engine_for(network=network_of("mlp", dropout=0.5), **settings)[0] for _ in range(2)]
    epoch = with_keys(engine_for(**settings, network=network_of("mlp"))[1])
    engines[1].micro_batch = 7
    whole, parts = (engine.train_steps(epoch, 0, 3) for engine in engines)
    np.testing.assert_allclose(whole.losses, parts.losses, rtol=1e-5)
    np.testing.assert_allclose(engines[0].network.weights, engines[1].network.weights, rtol=1e-3, atol=1e-4)


def test_dropout_follows_from_the_plan():
    losses = []
    for seed in (0, 0, 1, None):
        engine, epoch = engine_for()
        chosen = epoch if seed is None else with_keys(epoch, seed)  # without keys nothing is dropped
        losses.append(engine.train_steps(chosen, 0, 1).losses[0])
    assert losses[0] == losses[1]
    assert len(set(losses)) == 3
