"""Any module as a chain: generated LeNets in the words of learners, and everything that is no chain."""

import copy
import math
import sys

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lenet.engines.lowering import lowered
from lenet.errors import ModelError
from lenet.models import LeNet, LeNetAvg
from lenet.pytorch.lowering import from_module
from lenet.pytorch.tracing import chain

PICTURES = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def num_features(x):
    """As a well-known tutorial counts them."""
    count = 1
    for size in x.size()[1:]:
        count *= size
    return count


FLATTENINGS = {
    "view": lambda features, img: features.view(img.shape[0], -1),
    "view of size": lambda features, img: features.view(img.size(0), -1),
    "view of number": lambda features, img: features.view(
        -1, features.shape[1] * features.shape[2] * features.shape[3]
    ),
    "loop over sizes": lambda features, img: features.view(-1, num_features(features)),
    "math.prod": lambda features, img: features.view(-1, math.prod(features.shape[1:])),
    "reshape": lambda features, img: features.reshape(features.size()[0], -1),
    "flatten": lambda features, img: features.flatten(1),
    "torch.flatten": lambda features, img: torch.flatten(features, start_dim=1),
    "twice": lambda features, img: features.flatten(1).view(img.shape[0], -1),
}
ACTIVATIONS = {
    "sigmoid": (nn.Sigmoid, [F.sigmoid, torch.sigmoid, lambda x: x.sigmoid()]),
    "tanh": (nn.Tanh, [F.tanh, torch.tanh, lambda x: x.tanh()]),
    "relu": (nn.ReLU, [F.relu, torch.relu, lambda x: x.relu(), lambda x: F.relu(x, inplace=True)]),
}
POOLINGS = {
    "max": (nn.MaxPool2d, [lambda x: F.max_pool2d(x, 2), lambda x: F.max_pool2d(x, (2, 2), stride=2)]),
    "avg": (nn.AvgPool2d, [lambda x: F.avg_pool2d(x, 2), lambda x: F.avg_pool2d(x, kernel_size=2, stride=2)]),
}


class Functional(nn.Module):
    """A LeNet written with functions."""

    def __init__(self, channels, hidden, activation, pooling, flattening):
        super().__init__()
        self.first = nn.Conv2d(1, channels[0], 5, padding=2)
        self.second = nn.Conv2d(channels[0], channels[1], 5)
        self.hidden = nn.Linear(channels[1] * 25, hidden)
        self.out = nn.Linear(hidden, 10)
        self.activation, self.pooling, self.flattening = activation, pooling, flattening

    def forward(self, img):
        x = self.pooling(self.activation(self.first(img)))
        x = self.pooling(self.activation(self.second(x)))
        return self.out(self.activation(self.hidden(self.flattening(x, img))))


class Parts(nn.Module):
    """A LeNet in two parts, the dense one made first, with one activation for all places and a picture made a picture."""

    def __init__(self, channels, hidden, activation, pooling, flattening):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(channels[1] * 25, hidden), activation, nn.Identity(), nn.Linear(hidden, 10))
        self.conv = nn.Sequential(
            nn.Sequential(nn.Conv2d(1, channels[0], 5, padding=2), activation),
            pooling,
            nn.Sequential(nn.Conv2d(channels[0], channels[1], 5), activation, pooling),
        )
        self.flattening = flattening

    def forward(self, img):
        return self.fc(self.flattening(self.conv(img.view(-1, 1, 28, 28)), img))


@st.composite
def nets(draw):
    """A LeNet in some learner's words."""
    sizes = (draw(st.tuples(st.integers(1, 8), st.integers(1, 8))), draw(st.integers(1, 20)))
    layer, functions = ACTIVATIONS[draw(st.sampled_from(sorted(ACTIVATIONS)))]
    pooling, pools = POOLINGS[draw(st.sampled_from(sorted(POOLINGS)))]
    flattening = FLATTENINGS[draw(st.sampled_from(sorted(FLATTENINGS)))]
    if draw(st.booleans()):
        return Functional(*sizes, draw(st.sampled_from(functions)), draw(st.sampled_from(pools)), flattening)
    return Parts(*sizes, layer(), pooling(2), flattening)


@given(nets(), st.booleans())
@settings(max_examples=25)
def test_a_chain_is_the_model_layer_by_layer(net, training):
    net.train(training)
    before = copy.deepcopy(net.state_dict())
    layers = chain(net, PICTURES)
    lowered(from_module(layers, (1, 28, 28)).architecture)  # the engine takes it
    assert torch.equal(layers(PICTURES), net(PICTURES))
    assert {id(weights) for weights in layers.parameters()} == {id(weights) for weights in net.parameters()}
    assert all(torch.equal(before[name], weights) for name, weights in net.state_dict().items())
    assert all(module.training == training for module in [*net.modules(), layers])


def test_the_layers_are_the_models_own():
    net = LeNetAvg()
    assert list(chain(net, PICTURES)) == list(net)
    kinds = [type(layer).__name__ for layer in chain(LeNet(), PICTURES)]
    block = ["Conv2d", "Sigmoid", "MaxPool2d"]
    assert kinds == [*block, *block, "Flatten", "Linear", "Sigmoid", "Linear", "Sigmoid", "Linear"]


def test_dropout_is_left_out_when_it_does_nothing():
    net = nn.Sequential(nn.Dropout2d(), nn.Flatten(), nn.Dropout(), nn.Linear(784, 10))
    with pytest.raises(ModelError, match=r"not a chain of layers: nn\.Dropout2d"):
        chain(net, PICTURES)
    assert len(chain(net.eval(), PICTURES)) == 2


def test_no_random_number_is_drawn():
    class Noisy(nn.Sequential):
        def forward(self, x):
            return super().forward(x + torch.rand(1))

    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    chain(LeNet(), PICTURES)
    assert torch.rand(1) != expected  # LeNet() itself draws its weights
    net = Noisy(nn.Flatten(), nn.Linear(784, 10))
    torch.manual_seed(3)
    with pytest.raises(ModelError, match="add in forward"):
        chain(net, PICTURES)
    assert torch.rand(1) == expected


AROUND = {
    "nothing": lambda x: x,
    "times a number": lambda x: x * 2,
    "a number times": lambda x: 0.5 * x,
    "times one": lambda x: x * 1.0,
    "times itself": lambda x: x * x,
    "a part": lambda x: x[:, :1],
    "a list": lambda x: x[[0]],
    "all": lambda x: x[...],
    "data": lambda x: x.data,
    "turned": lambda x: x.mT.mT,
    "divided": lambda x: x / 255,
}


@given(st.sampled_from(sorted(AROUND)), st.sampled_from(sorted(AROUND)))
@settings(max_examples=60)
def test_what_is_done_to_pictures_around_the_layers_is_refused(before, after):
    """In words, whatever it is: never computed otherwise, and never an error of Python's."""

    class Around(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))

        def forward(self, x):
            return AROUND[after](self.net(AROUND[before](x)))

    net = Around()
    if before == after == "nothing":
        assert len(chain(net, PICTURES)) == 2
        return
    with pytest.raises((ModelError, RuntimeError)) as raised:  # PyTorch's own, if the network takes no such pictures
        chain(net, PICTURES)
    assert "not a chain of layers" in str(raised.value) or "mat1 and mat2" in str(raised.value)


@pytest.mark.parametrize(
    ("pool", "is_plain"),
    [
        (lambda x: F.max_pool2d(x, 28), True),
        (lambda x: F.avg_pool2d(x, x.shape[-1]), False),
        (lambda x: F.max_pool2d(input=x, kernel_size=28), True),
        (lambda x: F.avg_pool2d(input=x, kernel_size=28), True),
    ],
)
def test_a_pooling_is_a_layer_if_its_arguments_are_plain(pool, is_plain):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(1, 10)

        def forward(self, x):
            return self.layer(pool(x).flatten(1))

    net = Net()
    if is_plain:
        assert torch.equal(chain(net, PICTURES)(PICTURES), net(PICTURES))
        return
    with pytest.raises(ModelError, match="pool2d with arguments that are not plain numbers"):
        chain(net, PICTURES)


def classes():
    """Networks that are no chain: their forward, and what is said of it."""

    def branching(self, x):
        y = self.layer(x.flatten(1))
        return self.layer(x.flatten(1)) if y is None else self.other(x.flatten(1))

    return {
        "branches": branching,
        "flip in forward": lambda self, x: self.layer(x.flip(2).flatten(1)),
        "prints": lambda self, x: print(x.shape) or self.layer(x.flatten(1)),
        "keeps features": lambda self, x: setattr(self, "features", x) or self.layer(x.flatten(1)),
        "cannot be followed": lambda self, x: self.layer(x.view(int(x.shape[0]), -1)),
        "SystemExit": lambda self, x: print(x.shape) or sys.exit(),
        "sum in forward": lambda self, x: self.layer(x.flatten(1) if x.sum() > 0 else x),
        "gt in forward": lambda self, x: self.layer(x.flatten(1) if x.shape[0] > 2 else x),
        "weights that forward does not use": lambda self, x: self.layer(x.flatten(1)),
        "returns more than logits": lambda self, x: (self.layer(x.flatten(1)), x),
        "a reshaping": lambda self, x: self.layer(x.view(-1, 28, 28).view(-1, 784)),
        "layer.weight used outside": lambda self, x: F.linear(x.flatten(1), self.layer.weight),
    }


@pytest.mark.parametrize("what", classes())
def test_what_is_no_chain_is_refused_with_the_reason(what, capsys):
    forward = classes()[what]

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.other = nn.Linear(784, 10), nn.Linear(784, 10)

        def forward(self, x):
            return forward(self, x)

    net = Net()
    with pytest.raises(ModelError, match=what):
        chain(net, PICTURES)
    assert "features" not in vars(net)
    assert capsys.readouterr().out == ""


def test_what_would_be_called_beside_the_layers_is_refused():
    def fresh():
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))

    hooked = fresh()
    hooked.register_forward_hook(lambda *_: None)
    with pytest.raises(ModelError, match="a hook on Sequential"):
        chain(hooked, PICTURES)
    watched = fresh()
    watched[1].weight.register_hook(lambda gradient: None)
    with pytest.raises(ModelError, match=r"a hook on 1\.weight"):
        chain(watched, PICTURES)
    patched = fresh()
    patched[1].forward = lambda x: x[:, :10]
    with pytest.raises(ModelError, match="1 with another forward"):
        chain(patched, PICTURES)
    everywhere = nn.modules.module.register_module_forward_hook(lambda *_: None)
    with pytest.raises(ModelError, match="hooks on all modules"):
        chain(fresh(), PICTURES)
    everywhere.remove()
    chain(fresh(), PICTURES)


def test_one_that_depends_on_the_number_of_pictures_fails_as_it_is():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(784, 10)

        def forward(self, x):
            return self.layer(x.view(number, -1))

    number = 3
    with pytest.raises(RuntimeError, match="784"):  # which is what it says without us
        chain(Net(), PICTURES)
    number = 1
    with pytest.raises(RuntimeError, match="784"):
        chain(Net(), PICTURES)
