import numpy as np
import pytest

from lenet.errors import ModelError
from lenet.networks import Architecture, Network, build
from lenet.networks.layers import Convolution, Dense, Flatten, Pooling


def test_parameters_are_views_of_one_vector():
    network = Network.empty(build("lenet"))
    network.weights[:] = np.arange(len(network.weights))
    weight = network.parameters["conv.3.weight"]
    assert weight.shape == (16, 6, 5, 5)
    assert weight.flat[0] == 6 * 25 + 6
    weight[...] = -1
    assert (network.weights == -1).sum() == weight.size
    assert list(network.parameters)[:2] == ["conv.0.weight", "conv.0.bias"]


def test_of_copies_and_copy_is_apart():
    first = Network.empty(build("softmax"))
    first.weights[:] = 1
    second = Network.of(first.architecture, first.parameters)
    third = second.copy()
    first.weights[:] = 2
    second.weights[0] = 3
    assert (third.weights == 1).all()
    assert (second.weights[1:] == 1).all()


@pytest.mark.parametrize(
    "layers",
    [
        (Convolution("c", 3, 2, 3),),
        (Convolution("c", 1, 2, 9),),
        (Flatten("f"), Convolution("c", 1, 2, 3)),
        (Dense("d", 64, 2),),
        (Flatten("f"), Dense("d", 63, 2)),
        (Convolution("c", 1, 2, 8), Pooling("p", "max")),
    ],
)
def test_layers_that_do_not_fit_are_refused_by_name(layers):
    with pytest.raises(ModelError, match=f"the layer {layers[-1].name} .* does not take its input"):
        Architecture((1, 8, 8), layers)


def test_memory_is_allocated_for_moderate_networks_only():
    architecture = build("mlp", in_channels=3, input_size=1000)
    assert architecture.num_parameters == 768_002_826
    with pytest.raises(ModelError, match="768,002,826 parameters; expected at most 12,000,000"):
        Network.empty(architecture)
