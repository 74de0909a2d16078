"""Small networks with BatchNorm, Dropout and global means, in the words of learners; and those that are refused."""

import copy
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lenet.engines.lowering import lowered
from lenet.errors import EngineError, ModelError
from lenet.networks.forward import forward
from lenet.pytorch.layers import ScaledTanh
from lenet.pytorch.lowering import from_module
from lenet.pytorch.modules import share, to_module
from lenet.pytorch.tracing import chain

IMAGES = torch.rand(3, 1, 12, 14, generator=torch.Generator().manual_seed(0))


class Net(nn.Module):
    """Two convolutions and a dense layer, with whatever a forward does between them."""

    def __init__(self, forward, bias=True, out=8):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 4, 3, padding=1, bias=bias), nn.Conv2d(4, 8, 3, bias=bias)
        self.bn1, self.bn2 = nn.BatchNorm2d(4), nn.BatchNorm2d(8)
        self.pool, self.dropout = nn.AdaptiveAvgPool2d((1, 1)), nn.Dropout(0.25)
        self.fc = nn.Linear(out, 10)
        self.steps = forward

    def forward(self, x):
        return self.steps(self, x)


def normalized(self, x):
    return self.bn2(self.conv2(F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)))


def dropped(self, x):
    """With nn.Dropout in two places."""
    x = self.dropout(F.leaky_relu(normalized(self, x)))
    return self.fc(self.dropout(self.pool(x).flatten(1)))


def functional(self, x):
    x = F.dropout(F.leaky_relu(normalized(self, x), 0.01, True), p=0.25, training=self.training)
    return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


def batch_norms(channels):
    """The blocks of a tutorial's nn.Sequential, without biases."""
    blocks = []
    for inputs, outputs in zip((1, *channels), channels, strict=False):
        blocks += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.01)]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(channels[-1], 10))


LEARNERS = {
    "modules": lambda: Net(dropped),
    "no biases": lambda: Net(dropped, bias=False),
    "functions": lambda: Net(functional),
    "mean": lambda: Net(lambda self, x: self.fc(normalized(self, x).mean((2, 3)))),
    "mean by name": lambda: Net(lambda self, x: self.fc(normalized(self, x).mean(dim=[-1, -2]))),
    "torch.mean": lambda: Net(lambda self, x: self.fc(torch.mean(normalized(self, x), dim=(2, 3)))),
    "mean with keepdim": lambda: Net(
        lambda self, x: self.fc(normalized(self, x).mean((2, 3), keepdim=True).view(x.size(0), -1))
    ),
    "sequential": lambda: batch_norms((4, 8, 8)),
    "scaled tanh": lambda: nn.Sequential(nn.Flatten(), nn.Linear(168, 20), ScaledTanh(), nn.Linear(20, 10)),
    "scaled tanh by hand": lambda: Net(
        lambda self, x: self.fc(1.7159 * torch.tanh(2 / 3 * F.tanh(normalized(self, x)).mean((2, 3))))
    ),
    "dropout off": lambda: Net(lambda self, x: self.fc(F.dropout(normalized(self, x).mean((2, 3)), training=False))),
    "norm after pooling": lambda: Net(
        lambda self, x: self.fc(
            self.pool(self.bn2(F.avg_pool2d(F.relu(self.conv2(self.bn1(self.conv1(x)))), 2))).flatten(1)
        )
    ),
}


def used(make):
    """A learner's network without the layers that its forward does not use, after a batch of training."""
    torch.manual_seed(0)
    net = make()
    net.train()(torch.rand(8, 1, 12, 14)).sum().backward()
    for name, layer in list(net.named_children()):
        if list(layer.parameters()) and all(weights.grad is None for weights in layer.parameters()):
            delattr(net, name)
    return net


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("words", LEARNERS)
def test_a_learners_network_becomes_one_of_lenets(words, training):
    """Bit for bit in its mode, and in evaluation up to rounding; statistics and generator stay as they are."""
    net = used(LEARNERS[words]).train(training)
    before, generator = copy.deepcopy(net.state_dict()), torch.random.get_rng_state()
    layers = chain(net, IMAGES)
    assert torch.equal(torch.random.get_rng_state(), generator)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(module.training == training for module in [*net.modules(), layers])
    network = from_module(layers, (1, 12, 14))
    lowered(network.architecture)  # the CPU engine takes it
    with torch.no_grad():
        logits = net.eval()(IMAGES)
    np.testing.assert_allclose(forward(network, IMAGES.numpy())[-1], logits, rtol=1e-4, atol=1e-5)
    has_dropout = any(layer.kind == "Dropout" for layer in network.architecture.layers)
    assert has_dropout == (training and words in ("modules", "no biases", "functions", "sequential"))
    share(network, layers)
    with torch.no_grad():
        assert torch.equal(net(IMAGES), logits)


def test_a_convolution_before_a_batch_norm_may_lack_its_bias():
    """The network's is zero, and the module with it computes the same."""
    net = batch_norms((4, 8)).eval()
    network = from_module(net, (1, 12, 14))
    assert not network.tensors["0.bias"].any()
    with torch.no_grad():
        torch.testing.assert_close(to_module(network).eval()(IMAGES), net(IMAGES))


@pytest.mark.parametrize(
    ("layer", "part"),
    [
        (nn.BatchNorm2d(4, eps=1e-3), "nn.BatchNorm2d with eps 0.001"),
        (nn.BatchNorm2d(4, momentum=0.01), "nn.BatchNorm2d with momentum 0.01"),
        (nn.BatchNorm2d(4, momentum=None), "nn.BatchNorm2d with momentum None"),
        (nn.BatchNorm2d(4, affine=False), "nn.BatchNorm2d with affine False"),
        (nn.BatchNorm2d(4, track_running_stats=False), "nn.BatchNorm2d with track_running_stats False"),
        (type("Own", (nn.BatchNorm2d,), {})(4), "nn.Own"),
        (nn.BatchNorm2d(5), "the layer 1 (BatchNorm2d) does not take its input of 4×10×12"),
        (nn.AdaptiveAvgPool2d(2), "nn.AdaptiveAvgPool2d with output_size 2"),
        (nn.AdaptiveAvgPool2d((1, 2)), "nn.AdaptiveAvgPool2d with output_size (1, 2)"),
        (nn.LeakyReLU(0.2), "nn.LeakyReLU with negative_slope 0.2"),
        (nn.Dropout(1.0), "the dropout rate 1.0"),
        (nn.Dropout2d(), "nn.Dropout2d"),
        (nn.InstanceNorm2d(4), "nn.InstanceNorm2d"),
    ],
)
def test_a_layer_that_computes_otherwise_is_named(layer, part):
    net = nn.Sequential(nn.Conv2d(1, 4, 3), layer, nn.AdaptiveAvgPool2d([1, 1]), nn.Flatten(), nn.Linear(4, 10))
    with pytest.raises(EngineError, match=re.escape(part)):
        from_module(net, (1, 12, 14))


def test_a_convolution_without_bias_that_no_batch_norm_follows_is_named():
    net = batch_norms((4, 8))
    net.insert(1, nn.ReLU())
    with pytest.raises(
        EngineError, match=r"a convolution without bias; they take one with a bias, or one directly before"
    ):
        from_module(net, (1, 12, 14))


def test_a_batch_norm_that_is_there_twice_is_named():
    norm = nn.BatchNorm2d(1)
    with pytest.raises(EngineError, match="layers that share weights"):
        from_module(nn.Sequential(norm, norm, nn.Flatten(), nn.Linear(168, 10)), (1, 12, 14))


REFUSED = {
    "bn1 (nn.BatchNorm2d) in evaluation mode": (True, lambda net: net.bn1.eval(), dropped),
    "bn2 (nn.BatchNorm2d) in training mode": (False, lambda net: net.bn2.train(), dropped),
    "dropout (nn.Dropout) in training mode": (False, lambda net: net.dropout.train(), dropped),
    "F.dropout that drops in evaluation too": (
        False,
        lambda net: net,
        lambda self, x: self.fc(F.dropout(normalized(self, x).mean((2, 3)))),
    ),
    "a mean over 1 of": (True, lambda net: net, lambda self, x: self.fc(normalized(self, x).mean((2, 3))).mean(1)),
    "a mean over (3,) of": (True, lambda net: net, lambda self, x: self.fc(normalized(self, x).mean((3,)).mean((2,)))),
    "a mean over None of": (True, lambda net: net, lambda self, x: self.fc(normalized(self, x).mean((2, 3))).mean()),
    "mul of images": (
        True,
        lambda net: net,
        lambda self, x: self.fc(1.5 * torch.tanh(2 / 3 * normalized(self, x).mean((2, 3)))),
    ),
    "leaky_relu with arguments": (
        True,
        lambda net: net,
        lambda self, x: self.fc(F.leaky_relu(normalized(self, x), x.shape[0] * 0.1).mean((2, 3))),
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_would_be_computed_otherwise_is_refused(reason):
    training, change, steps = REFUSED[reason]
    net = Net(steps).train(training)
    change(net)
    with pytest.raises(ModelError, match=re.escape(reason)):
        chain(net, IMAGES)


def test_a_frozen_dropout_is_left_out_of_a_training():
    net = used(LEARNERS["modules"]).train()
    net.dropout.eval()
    kinds = [type(layer).__name__ for layer in chain(net, IMAGES)]
    assert "Dropout" not in kinds
    assert kinds.count("BatchNorm2d") == 2
