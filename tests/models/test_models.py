import pytest
import torch
from torch import nn

from lenet import registry
from lenet.errors import ConfigError, ModelError
from lenet.models import MODELS, LeNetAvg, build, num_parameters


@pytest.mark.parametrize("name", ["lenet-avg", "LeNetAvg", "lenet_avg", "LENET-AVG"])
def test_names_are_known_in_any_spelling(name):
    assert isinstance(build(name), LeNetAvg)


def test_an_unknown_model_lists_the_choices():
    assert tuple(MODELS) == tuple(registry.MODELS)
    with pytest.raises(ConfigError) as caught:
        build("resnet")
    assert (
        str(caught.value)
        == "unknown model 'resnet'\nhint: did you mean lenet? choose from lenet, lenet-avg, softmax, mlp"
    )


def test_an_argument_of_another_model_is_refused():
    with pytest.raises(ModelError) as caught:
        build("mlp", kernel_size=3)
    assert (
        str(caught.value)
        == "mlp has no kernel-size\nhint: it takes hidden, activation, in_channels, input_size, num_classes"
    )


@pytest.mark.parametrize("name", MODELS)
def test_the_seed_decides_the_initial_weights_and_nothing_else_does(name):
    torch.manual_seed(1)
    one = build(name, seed=5)
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    two = build(name, seed=5)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    other = build(name, seed=6)
    assert not torch.equal(next(one.parameters()), next(other.parameters()))


def test_xavier_uniform_has_its_bounds_on_every_layer():
    for layer in build("lenet-avg", init="xavier-uniform", seed=0):
        if isinstance(layer, nn.Conv2d | nn.Linear):
            fan_out, fan_in = layer.weight.shape[:2]
            area = layer.weight[0, 0].numel()
            bound = (6 / ((fan_in + fan_out) * area)) ** 0.5
            assert 0.9 * bound < layer.weight.abs().max() <= bound


def test_the_baselines_have_the_books_sizes():
    assert num_parameters(build("softmax")) == 7_850
    assert num_parameters(build("mlp")) == 784 * 256 + 256 + 256 * 10 + 10
    images = torch.rand(2, 3, 8, 9)
    for name in ("softmax", "mlp"):
        assert build(name, in_channels=3, input_size=(8, 9), num_classes=4)(images).shape == (2, 4)
    with pytest.raises(ModelError, match="height is 0"):
        build("softmax", input_size=0)
