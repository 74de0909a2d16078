"""The CPU engine beside the reference engine: what an image looks like, layer outputs, and odd batches."""

import numpy as np
import pytest
import torch
from engines import STILL
from made_up import noise
from references import both, engine_of

from lenet.configuration import configure
from lenet.data.plan import Plan, plan
from lenet.engines import kernels
from lenet.engines.cpu import CpuEngine
from lenet.images.preprocess import Preprocessing
from lenet.networks import Network, build
from lenet.pytorch.reference import ReferenceEngine
from lenet.pytorch.tensors import to_input

VARIANTS = list(kernels.variants())


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("batch_size", [1, 7, 15, 17, 255])
def test_odd_and_partial_batches(tiny, batch_size, variant):
    config = configure("book-sgd", batch_size=batch_size, learning_rate=0.05)
    epoch = plan(config, 0, len(tiny.train))
    last = epoch.num_steps - 1
    ours, theirs = (engine_of(kind, config, tiny.train, variant=variant) for kind in (CpuEngine, ReferenceEngine))
    for start, stop in [(0, 3), (last, last + 1)]:
        mine, plain = (engine.train_steps(epoch, start, stop) for engine in (ours, theirs))
        np.testing.assert_allclose(mine.losses, plain.losses, rtol=2e-6)
        assert (mine.num_correct, mine.num_images) == (plain.num_correct, plain.num_images)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_byte_is_seen_to_the_bit_as_pytorch_sees_it(variant):
    """Logits that are the pixels."""
    weights = {"1.weight": np.eye(16, dtype=np.float32), "1.bias": np.zeros(16, np.float32)}
    network = Network.of(build("softmax", input_size=(4, 4), num_classes=16), weights)
    images = np.arange(256, dtype=np.uint8).reshape(16, 4, 4)
    for preprocessing in (Preprocessing((4, 4)), Preprocessing((4, 4), mean=0.2860, std=0.3530)):
        logits = CpuEngine(network, None, configure("fast"), preprocessing, variant=variant).logits(images)
        assert np.array_equal(logits.reshape(16, 1, 4, 4), to_input(torch.from_numpy(images), preprocessing))


def test_flips_and_shifts_up_to_the_whole_picture():
    """Softmax regression: its gradient is the sum of the pictures it saw, so any pixel out of place shows."""
    dataset = noise(40, (9, 12), 3)
    random = np.random.RandomState(1)
    shifts = random.randint(-12, 13, (40, 2))
    flips = random.randint(0, 2, 40).astype(bool)
    ours, theirs = both(dataset, {"model": "softmax", "batch_size": 40})
    moved = Plan(random.permutation(40), flips, shifts, np.full(1, STILL), 40)
    for engine in (ours, theirs):
        engine.train_steps(moved, 0, 1)
    np.testing.assert_allclose(ours.optimizer.gradient, theirs.optimizer.gradient, rtol=1e-4, atol=1e-6)
    assert np.abs(ours.optimizer.gradient).max() > 0.01


def test_colours_are_flipped_and_shifted_as_the_reference_does():
    dataset = noise(20, (12, 14), 3, in_channels=3)
    flips, shifts = np.arange(20) % 2 == 0, np.stack([np.arange(20) % 5 - 2, np.arange(20) % 3 - 1], 1)
    ours, theirs = both(dataset, {"model": "lenet", "batch_size": 20}, in_channels=3, kernel_size=3, channels=(4,))
    for engine in (ours, theirs):
        engine.train_steps(Plan(np.arange(20), flips, shifts, np.full(1, STILL), 20), 0, 1)
    np.testing.assert_allclose(ours.optimizer.gradient, theirs.optimizer.gradient, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(ours.logits(dataset.images), theirs.logits(dataset.images), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "arguments"), [("lenet", {"kernel_size": 3}), ("lenet-avg", {"activation": "tanh"}), ("mlp", {})]
)
def test_both_engines_return_every_layers_output(name, arguments):
    """As many as there are layers, of their shapes, the same but for rounding, and the last the logits."""
    dataset = noise(300, (12, 14), 3)
    ours, theirs = both(dataset, {"model": name}, **arguments)
    architecture = ours.network.architecture
    outputs = ours.outputs(dataset.images), theirs.outputs(dataset.images)
    assert [len(each) for each in outputs] == [len(architecture.layers)] * 2
    for mine, other, shape in zip(*outputs, architecture.output_shapes, strict=True):
        assert mine.shape == other.shape == (300, *shape)
        assert mine.dtype == other.dtype == np.float32
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(outputs[0][-1], ours.logits(dataset.images), rtol=1e-4, atol=1e-5)


def test_both_engines_give_the_gradient_with_respect_to_the_input():
    dataset = noise(300, (9, 12), 3, in_channels=3)
    ours, theirs = both(dataset, {"model": "lenet", "ema": 0.9}, in_channels=3, kernel_size=3, padding=1)
    gradients = [engine.input_gradient(dataset.images, dataset.labels) for engine in (ours, theirs)]
    assert gradients[0].shape == (300, 3, 9, 12)
    assert np.array_equal(*gradients)
    images = to_input(torch.from_numpy(dataset.images), ours.preprocessing).requires_grad_()
    logits = theirs.module(images)
    logits[np.arange(300), dataset.labels].sum().backward()
    np.testing.assert_allclose(gradients[0], images.grad, rtol=1e-4, atol=1e-6)
