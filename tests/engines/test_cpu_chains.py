"""The CPU engine on chains of all kinds of layers, against PyTorch in float64."""

import copy
import dataclasses
import itertools
from random import Random

import numpy as np
import pytest
import torch
from chains import LIMITS, chain, random_chain
from engines import STILL
from made_up import noise
from oracle import UNIT, error, gradients, margin

from lenet.configuration import configure
from lenet.data.plan import Plan, plan
from lenet.engines import kernels
from lenet.engines.cpu import CpuEngine
from lenet.errors import EngineError
from lenet.images.preprocess import Preprocessing
from lenet.networks import Architecture, Network, build
from lenet.networks.initialization import initialized
from lenet.networks.layers import BatchNorm, Convolution, Dropout
from lenet.networks.network import split
from lenet.pytorch.modules import to_module
from lenet.pytorch.reference import ReferenceEngine
from lenet.pytorch.tensors import to_input

VARIANTS = list(kernels.variants())


def made(architecture: Architecture, seed: int) -> Network:
    """The network with weights and running statistics that nothing leaves out unnoticed."""
    network = initialized(architecture, "default", seed)
    random = np.random.default_rng(seed)
    for name, values in network.tensors.items():
        if name.endswith("running_var"):
            values[...] = random.uniform(0.5, 2, values.shape)
        elif values.ndim == 1:
            values += random.uniform(-0.3, 0.3, values.shape).astype(np.float32)
    return network


def copied(network: Network, dtype: torch.dtype, training: bool) -> torch.nn.Module:
    return copy.deepcopy(to_module(network)).to(dtype).train(training)


def biases_without_effect(architecture: Architecture) -> set[str]:
    """Those of convolutions before a normalization, which subtracts them again."""
    layers = architecture.layers
    pairs = itertools.pairwise(layers)
    return {f"{a.name}.bias" for a, b in pairs if isinstance(a, Convolution) and isinstance(b, BatchNorm)}


def ratio(architecture: Architecture, variant: str, batch: int, seed: int, threads: int) -> float | None:
    """The error of the gradients as a part of PyTorch's in float32; None if an activation is too near a kink.

    That of loss, logits and running statistics is at most twice PyTorch's.
    """
    network = made(architecture, seed)
    size, channels = architecture.input_shape[1:], architecture.input_shape[0]
    dataset = noise(batch, size, architecture.num_classes, channels, seed=seed)
    preprocessing = Preprocessing(size, mean=0.3, std=0.35)
    before = copied(network, torch.float64, True), copied(network, torch.float32, True)
    arguments = (dataset.images, dataset.labels, preprocessing)
    if margin(before[0], dataset.images, preprocessing) < 3e-6:
        return None
    config = configure("book-sgd", batch_size=batch, threads=threads)
    engine = CpuEngine(network, dataset, config, preprocessing, variant=variant)
    logits = engine.logits(dataset.images)
    evaluated = [
        gradients(copied(network, dtype, False), *arguments, dtype)["logits"]
        for dtype in (torch.float64, torch.float32)
    ]
    assert error(logits, evaluated[0]) <= 2 * max(error(evaluated[1], evaluated[0]), 4 * UNIT)
    stats = engine.train_steps(Plan(np.arange(batch), None, None, np.full(1, STILL), batch), 0, 1)
    exact = gradients(before[0], *arguments, torch.float64)
    ways = [gradients(before[1], *arguments, torch.float32, way=way) for way in ("native", "onednn", "channels last")]
    found = split(engine.optimizer.gradient, architecture.tensor_shapes)
    silent = biases_without_effect(architecture)
    assert all(not found[name].any() for name in (*silent, *architecture.statistic_shapes))
    names = [name for name in architecture.parameter_shapes if name not in silent]
    # A tensor whose gradient is tiny beside the others, because a normalization follows it, is measured by theirs.
    largest = max(np.abs(exact[name]).max() for name in names)
    names = [name for name in names if np.abs(exact[name]).max() > 1e-5 * largest]
    ours = np.mean([error(found[name], exact[name]) for name in names])
    theirs = max(np.mean([error(way[name], exact[name]) for name in names]) for way in ways)
    loss = max(error(way["loss"], exact["loss"]) for way in ways)
    assert error(stats.losses[0], exact["loss"]) <= 2 * max(loss, 4 * UNIT)
    for module in before:  # moves its running statistics
        with torch.no_grad():
            module(inputs_of(dataset.images, preprocessing, module))
    exact_after, plain_after = (dict(module.named_buffers()) for module in before)
    for name in architecture.statistic_shapes:
        golden = exact_after[name].numpy()
        assert error(network.tensors[name], golden) <= 2 * max(error(plain_after[name].numpy(), golden), 4 * UNIT)
    return float(ours / max(theirs, 4 * UNIT))


def inputs_of(images, preprocessing, module):
    dtype = next(module.parameters()).dtype
    return to_input(torch.from_numpy(images), preprocessing).to(dtype)


@pytest.mark.parametrize("cases", [8, pytest.param(100, marks=pytest.mark.proof)])
@pytest.mark.parametrize("variant", VARIANTS)
def test_random_chains_against_float64(variant, cases):
    """At most twice PyTorch's error; of many one in fifty may exceed it, since PyTorch's sums can be exact by chance."""
    random, ratios, seed = Random(5), [], 0
    while len(ratios) < cases:
        seed += 1
        batch, threads = random.choice([2, 7, 16, 17, 33, 70]), random.randint(1, 3)
        if (found := ratio(random_chain(random), variant, batch, seed, threads)) is not None:
            ratios.append(found)
    assert max(ratios) <= 3
    assert np.mean(np.array(ratios) > 2) <= 0.02
    assert np.median(ratios) <= 1


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", list(LIMITS))
def test_chains_at_the_limits_against_float64(variant, name):
    assert ratio(LIMITS[name], variant, 19, 0, 2) <= 2


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_channel_of_one_large_number_has_no_variance_below_zero(variant):
    """Rounding errors of the mean are larger than epsilon then."""
    images = np.full((20, 9, 7), 200, np.uint8)
    dataset = dataclasses.replace(noise(20, (9, 7)), images=images)
    network = initialized(chain((1, 9, 7), "batch norm", "flatten", (10,)), "default", 0)
    config = configure("book-sgd", batch_size=20, threads=1)
    engine = CpuEngine(network, dataset, config, Preprocessing((9, 7), mean=0.3, std=1e-6), variant=variant)
    stats = engine.train_steps(plan(config, 0, 20), 0, 1)
    assert np.isfinite(stats.losses).all()
    assert network.tensors["0.running_var"] == pytest.approx(0.9)


def test_a_batch_of_one_image_is_refused_where_it_would_be_normalized():
    network = initialized(LIMITS["one row"], "default", 0)
    config = configure("book-sgd", batch_size=4, threads=1)
    dataset = noise(9, (1, 9), in_channels=3)
    engine = CpuEngine(network, dataset, config, Preprocessing((1, 9)))
    epoch = plan(config, 0, 9)
    engine.train_steps(epoch, 0, 2)
    with pytest.raises(EngineError, match="a batch of one image"):
        engine.train_steps(epoch, 0, 3)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", ["lenet-bn", "small", "tiny"])
def test_the_normalized_models_against_float64(variant, name):
    """At full size, without kinks: of so many ReLUs one is always too near zero."""
    assert ratio(build(name, activation="tanh", pooling="avg"), variant, 75, 0, 2) <= 2


DROPPED = configure("book-sgd", batch_size=25, learning_rate=0.01, dropout=0.5, threads=2)


@pytest.fixture(scope="module")
def dropped():
    """Random chains with dropout, each with its data and three steps of the reference engine: its losses and weights."""
    random, found = Random(3), []
    for seed in range(8):
        architecture = random_chain(random, with_dropout=True)
        network = made(architecture, seed)
        size, channels = architecture.input_shape[1:], architecture.input_shape[0]
        dataset = noise(60, size, architecture.num_classes, channels, seed=seed)
        reference = ReferenceEngine(network.copy(), dataset, DROPPED, Preprocessing(size, mean=0.3, std=0.35))
        losses = reference.train_steps(plan(DROPPED, 0, len(dataset)), 0, 3).losses
        found.append((network, dataset, losses, reference.network.weights))
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_dropout_is_that_of_the_reference_engine(dropped, variant):
    """The same masks from the same plan, also where a normalization follows, over several steps."""
    with_effect, config = 0, DROPPED
    for network, dataset, expected, weights in dropped:
        epoch, architecture = plan(config, 0, len(dataset)), network.architecture
        preprocessing = Preprocessing(dataset.size, mean=0.3, std=0.35)
        ours = CpuEngine(network.copy(), dataset, config, preprocessing, variant=variant)
        losses = ours.train_steps(epoch, 0, 3).losses
        np.testing.assert_allclose(losses, expected, rtol=1e-4)
        np.testing.assert_allclose(ours.network.weights, weights, rtol=1e-3, atol=1e-4)
        without = CpuEngine(network.copy(), dataset, config, preprocessing, variant=variant)
        if any(isinstance(layer, Dropout) for layer in architecture.layers):
            with pytest.raises(EngineError, match="has dropout, but the plan has no keys"):
                without.train_steps(dataclasses.replace(epoch, dropout_keys=None), 0, 3)
            other = dataclasses.replace(epoch, dropout_keys=epoch.dropout_keys[::-1].copy())
            with_effect += abs(without.train_steps(other, 0, 3).losses[0] - losses[0]) > 1e-4
    assert with_effect >= 3


@pytest.mark.parametrize("variant", VARIANTS)
def test_chains_have_the_same_bits_on_any_number_of_threads(variant):
    """With dropout, clipping, averaged weights and a last batch that is not full."""
    random = Random(7)
    for architecture in [*LIMITS.values(), *(random_chain(random, with_dropout=True) for _ in range(12))]:
        dataset = noise(53, architecture.input_shape[1:], architecture.num_classes, architecture.input_shape[0])
        preprocessing = Preprocessing(dataset.size, mean=0.3, std=0.35)
        results = []
        for threads in (1, 2, 3):
            config = configure("fast", batch_size=35, threads=threads, dropout=0.5, clip_norm=0.1, ema=0.9)
            engine = CpuEngine(initialized(architecture, "default", 0), dataset, config, preprocessing, variant=variant)
            losses = engine.train_steps(plan(config, 0, len(dataset)), 0, 2).losses
            logits = engine.logits(dataset.images)
            weights = engine.network.weights.tobytes(), engine.evaluated.weights.tobytes()
            results.append((losses.tobytes(), *weights, logits.tobytes()))
        assert len(set(results)) == 1
        assert np.isfinite(engine.network.weights).all()
