import inspect

import numpy as np
import pytest
import torch
from made_up import network_of, network_of_all_layers
from torch import nn

import lenet
from lenet.errors import MissingExtra
from lenet.models import LeNet, LeNetAvg, build, num_parameters
from lenet.networks.forward import forward
from lenet.networks.lenet import LeNet as Settings
from lenet.pytorch.modules import CLASSES, network_tensors, share, to_module
from lenet.registry import MODELS

PRINTED = """\
LeNet(
  (conv): Sequential(
    (0): Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1))
    (1): Sigmoid()
    (2): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
    (3): Conv2d(6, 16, kernel_size=(5, 5), stride=(1, 1))
    (4): Sigmoid()
    (5): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
  )
  (fc): Sequential(
    (0): Linear(in_features=256, out_features=120, bias=True)
    (1): Sigmoid()
    (2): Linear(in_features=120, out_features=84, bias=True)
    (3): Sigmoid()
    (4): Linear(in_features=84, out_features=10, bias=True)
  )
)"""


def test_lenet_prints_as_in_the_book():
    assert str(LeNet()) == PRINTED


def test_the_numbers_of_parameters_are_the_books():
    assert num_parameters(LeNet()) == 44_426
    assert num_parameters(LeNetAvg()) == 61_706
    assert num_parameters(LeNet(padding=2)) == 61_706


def test_lenet_avg_is_one_sequential_with_the_books_layers():
    net = LeNetAvg()
    assert isinstance(net, nn.Sequential)
    names = ["Conv2d", "Sigmoid", "AvgPool2d"] * 2 + ["Flatten", "Linear", "Sigmoid", "Linear", "Sigmoid", "Linear"]
    assert [type(layer).__name__ for layer in net] == names
    assert net[0].padding == (2, 2)
    assert net[3].padding == (0, 0)


def test_the_two_forms_compute_the_same():
    one = LeNet(pooling="avg", padding=2, activation="tanh")
    other = LeNetAvg(activation="tanh")
    other.load_state_dict(dict(zip(other.state_dict(), one.state_dict().values(), strict=True)))
    images = torch.rand(3, 1, 28, 28)
    assert torch.equal(one(images), other(images))


@pytest.mark.parametrize("name", CLASSES)
def test_a_module_shares_the_networks_memory(name):
    network = network_of(name)
    module = to_module(network, name)
    assert type(module) is CLASSES[name]
    state = network_tensors(module)
    assert {key: tuple(value.shape) for key, value in state.items()} == network.architecture.tensor_shapes
    network.weights[:] = np.random.default_rng(0).normal(size=len(network.weights))
    assert all(np.array_equal(value.detach(), network.tensors[key]) for key, value in state.items())
    counters = {key: int(value) for key, value in module.state_dict().items() if key not in state}
    assert counters == dict.fromkeys(counters, 0)  # num_batches_tracked, which a Network does not hold
    with torch.no_grad():
        next(module.parameters()).fill_(7)
    assert network.weights[0] == 7
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_every_model_has_a_class():
    assert list(CLASSES) == list(MODELS)
    assert {kind.__name__ for kind in CLASSES.values()} <= set(dir(lenet.models))


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_takes_the_settings_of_its_model(name):
    settings = {"in_channels": 3, "num_classes": 7}
    module = CLASSES[name](**settings)
    expected = network_of(name, **settings).architecture.tensor_shapes
    assert {key: tuple(value.shape) for key, value in network_tensors(module).items()} == expected


def test_a_model_without_a_class_of_its_own_is_a_sequential():
    assert type(to_module(network_of("mlp"))) is nn.Sequential
    assert type(to_module(network_of("lenet"))) is LeNet


def test_share_makes_a_modules_parameters_views():
    network, module = network_of("lenet-avg", seed=1), LeNetAvg()
    share(network, module)
    network.weights[:] = 3
    assert all((parameter == 3).all() for parameter in module.parameters())


def test_share_makes_running_statistics_views_and_leaves_biases_that_a_module_lacks():
    network = network_of_all_layers()
    module = to_module(network.copy())
    module[0].register_parameter("bias", None)
    share(network, module)
    module.train()(torch.rand(4, 1, 9, 11))
    assert np.array_equal(module[1].running_mean, network.tensors["1.running_mean"])
    assert module[1].num_batches_tracked == 1
    network.weights[:] = 3
    assert all((value == 3).all() for value in network_tensors(module).values())


def test_a_module_computes_what_the_network_does():
    network = network_of_all_layers()
    module = list(to_module(network).eval().children())
    images = np.random.default_rng(1).random((5, 1, 9, 11), np.float32)
    values = torch.from_numpy(images)
    with torch.no_grad():
        for layer, expected in zip(module, forward(network, images), strict=True):
            values = layer(values)
            np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-6)
    kinds = [type(layer).__name__ for layer in module]
    assert kinds == [layer.kind for layer in network.architecture.layers]


def test_a_batch_norm_folded_into_its_convolution_computes_the_same():
    """Scaling each output channel of the convolution by weight / sqrt(variance + epsilon); in float64."""
    network = network_of_all_layers()
    convolution, norm = list(to_module(network).double().eval().children())[:2]
    factors = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    folded = nn.Conv2d(1, 3, 3, padding=1).double()
    with torch.no_grad():
        folded.weight.copy_(convolution.weight * factors[:, None, None, None])
        folded.bias.copy_((convolution.bias - norm.running_mean) * factors + norm.bias)
        images = torch.rand(7, 1, 9, 11, dtype=torch.float64)
        torch.testing.assert_close(folded(images), norm(convolution(images)), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", CLASSES)
def test_weights_follow_the_seed_not_pytorchs_generator(name):
    before = torch.random.get_rng_state()
    one, two, other = (build(name, seed=seed) for seed in (5, 5, 6))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert not torch.equal(next(one.parameters()), next(other.parameters()))


def test_without_a_seed_pytorchs_generator_decides():
    for make in (LeNet, lambda: build("lenet")):
        torch.manual_seed(1)
        one, two = make(), make()
        torch.manual_seed(1)
        three = make()
        assert torch.equal(one.conv[0].weight, three.conv[0].weight)
        assert not torch.equal(one.conv[0].weight, two.conv[0].weight)


def test_help_shows_the_settings():
    assert inspect.signature(LeNet) == inspect.signature(Settings)
    assert LeNet(3, (2,)).conv[0].kernel_size == (3, 3)


def test_the_public_models_say_what_they_need(monkeypatch):
    assert lenet.models.LeNet is LeNet
    assert "LeNet" in dir(lenet.models)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = lenet.models.Nothing
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra) as caught:
        _ = lenet.models.LeNet
    assert caught.value.message == "lenet.models.LeNet needs PyTorch, which is not installed"
    assert caught.value.hint == 'pip install "lenet[torch]"'
