import numpy as np
import pytest
from made_up import network_of_all_layers

from lenet.errors import ModelError
from lenet.networks import Architecture, Network, build
from lenet.networks.layers import BatchNorm, Convolution, Dense, Dropout, Flatten, GlobalPooling, Pooling


def test_parameters_are_views_of_one_vector():
    network = Network.empty(build("lenet"))
    network.weights[:] = np.arange(len(network.weights))
    weight = network.tensors["conv.3.weight"]
    assert weight.shape == (16, 6, 5, 5)
    assert weight.flat[0] == 6 * 25 + 6
    weight[...] = -1
    assert (network.weights == -1).sum() == weight.size
    assert list(network.tensors)[:2] == ["conv.0.weight", "conv.0.bias"]


def test_running_statistics_are_the_end_of_the_vector():
    network = network_of_all_layers()
    architecture = network.architecture
    statistics = ["1.running_mean", "1.running_var", "6.running_mean", "6.running_var"]
    assert list(architecture.statistic_shapes) == statistics
    assert list(architecture.tensor_shapes) == [*architecture.parameter_shapes, *statistics]
    assert list(architecture.parameter_shapes)[2:4] == ["1.weight", "1.bias"]
    assert architecture.num_values == architecture.num_parameters + 2 * (3 + 4) == len(network.weights)
    assert network.tensors["1.running_mean"].base is network.weights
    assert np.array_equal(network.weights[-4:], network.tensors["6.running_var"])


def test_a_network_without_batch_normalization_has_no_statistics():
    architecture = build("lenet")
    assert architecture.statistic_shapes == {}
    assert architecture.num_values == architecture.num_parameters == 44_426


@pytest.mark.parametrize("rate", [-0.1, 1, float("nan")])
def test_a_dropout_rate_is_a_share_below_1(rate):
    with pytest.raises(ModelError, match=f"the layer d has the dropout rate {rate}; expected at least 0 and below 1"):
        Dropout("d", rate)


def test_of_copies_and_copy_is_apart():
    first = Network.empty(build("softmax"))
    first.weights[:] = 1
    second = Network.of(first.architecture, first.tensors)
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
        (BatchNorm("b", 2),),
        (Flatten("f"), BatchNorm("b", 64)),
        (Flatten("f"), GlobalPooling("g")),
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
