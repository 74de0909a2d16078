import numpy as np
import pytest
from made_up import network_of_all_layers

from lenet import registry
from lenet.networks import build
from lenet.networks.initialization import initialized

DRAWN = [init for init in registry.INITS if init != "pretrained"]


@pytest.mark.parametrize("init", DRAWN)
@pytest.mark.parametrize("name", registry.MODELS)
def test_the_seed_decides_the_initial_weights(name, init):
    architecture = build(name)
    one, two, other = (initialized(architecture, init, seed).weights for seed in (5, 5, 6))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("init", DRAWN)
def test_batch_normalization_begins_by_changing_nothing_but_the_scale(init):
    tensors = initialized(network_of_all_layers().architecture, init, seed=0).tensors
    for layer in ("1", "6"):
        values = {part: set(tensors[f"{layer}.{part}"]) for part in ("weight", "bias", "running_mean", "running_var")}
        assert values == {"weight": {1.0}, "bias": {0.0}, "running_mean": {0.0}, "running_var": {1.0}}


def kolmogorov_smirnov(values, bound):
    """The largest distance between the distribution of values and the uniform one on ±bound."""
    ordered = np.sort(values.ravel())
    steps = np.arange(len(ordered) + 1) / len(ordered)
    uniform = (ordered + bound) / (2 * bound)
    return max(np.abs(uniform - steps[1:]).max(), np.abs(uniform - steps[:-1]).max())


@pytest.mark.parametrize("init", DRAWN)
def test_the_distributions_are_pytorchs(init):
    """Uniform within the bounds of torch.nn.Conv2d and Linear, or of xavier_uniform_, which have the same formula."""
    architecture = build("lenet-avg")
    networks = [initialized(architecture, init, seed) for seed in range(8)]
    for name, shape in architecture.parameter_shapes.items():
        weight = shape if name.endswith("weight") else architecture.parameter_shapes[name.replace("bias", "weight")]
        area = int(np.prod(weight[2:]))
        fan_in, fan_out = weight[1] * area, weight[0] * area
        is_xavier = init == "xavier-uniform" and name.endswith("weight")
        bound = (6 / (fan_in + fan_out)) ** 0.5 if is_xavier else fan_in**-0.5
        values = np.concatenate([network.tensors[name].ravel() for network in networks])
        assert np.abs(values).max() <= bound
        assert kolmogorov_smirnov(values, bound) < 1.95 / len(values) ** 0.5  # p = 0.001


def test_pytorch_itself_draws_from_the_same_distribution():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    layer = torch.nn.Linear(400, 120)
    bound = 400**-0.5
    for values in (layer.weight, layer.bias):
        values = values.detach().numpy()
        assert np.abs(values).max() <= bound
        assert kolmogorov_smirnov(values, bound) < 1.95 / values.size**0.5
