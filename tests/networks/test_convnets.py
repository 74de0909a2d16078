"""The models with batch normalization: their layers, sizes and numbers of parameters."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.errors import ModelError
from lenet.networks import build
from lenet.networks.layers import BatchNorm, Convolution

variations = {
    "channels": st.lists(st.integers(1, 9), min_size=1, max_size=7),
    "activation": st.sampled_from(["sigmoid", "tanh", "relu", "scaled-tanh", "leaky-relu"]),
    "pooling": st.sampled_from(["max", "avg"]),
    "dropout": st.sampled_from([0.0, 0.5]),
    "in_channels": st.sampled_from([1, 3]),
    "input_size": st.integers(1, 40) | st.tuples(st.integers(1, 40), st.integers(1, 40)),
    "num_classes": st.integers(1, 12),
}


def folded(architecture):
    """Parameters that remain when each BatchNorm is folded into the convolution before it."""
    normalizations = [layer for layer in architecture.layers if isinstance(layer, BatchNorm)]
    return architecture.num_parameters - sum(
        math.prod(shape) for layer in normalizations for shape in layer.parameter_shapes.values()
    )


@pytest.mark.parametrize(
    ("name", "num_parameters", "num_folded"),
    [("lenet-bn", 61_750, 61_706), ("small", 59_450, 59_050), ("tiny", 9_406, 9_254)],
)
def test_the_numbers_of_parameters_are_the_documented_ones(name, num_parameters, num_folded):
    architecture = build(name)
    assert architecture.num_parameters == num_parameters
    assert folded(architecture) == num_folded
    assert architecture.num_values - num_parameters == num_parameters - num_folded  # as many statistics as parameters


def test_lenet_bn_is_lenet_with_batch_normalization_before_each_activation():
    layers = build("lenet-bn", dropout=0.25).layers
    plain = build("lenet", activation="relu", padding=2, dropout=0.25).layers
    kinds = [layer.kind for layer in layers]
    assert kinds[:8] == ["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d"] * 2
    assert [layer.kind for layer in plain] == [kind for kind in kinds if kind != "BatchNorm2d"]
    assert [layer.name for layer in layers[:5]] == ["conv.0", "conv.1", "conv.2", "conv.3", "conv.4"]
    assert [layer.name for layer in layers[8:]] == [layer.name for layer in plain[6:]]


def test_small_has_these_layers():
    layers = build("small").layers
    block = ["Conv2d", "BatchNorm2d", "ReLU"]
    end = ["AdaptiveAvgPool2d", "Flatten", "Linear"]
    assert [layer.kind for layer in layers] == [*block, "MaxPool2d", *block, *block, "MaxPool2d", *block, *block, *end]
    convolutions = [layer for layer in layers if isinstance(layer, Convolution)]
    assert [(layer.channels, layer.kernel_size, layer.padding) for layer in convolutions] == [
        (24, 5, 2),
        (32, 3, 1),
        (32, 3, 1),
        (48, 3, 1),
        (64, 3, 1),
    ]
    assert [layer.name for layer in layers] == [str(number) for number in range(len(layers))]


@pytest.mark.parametrize("name", ["small", "tiny"])
def test_dropout_stands_before_the_last_dense_layer(name):
    layers = build(name, dropout=0.25).layers
    assert [layer.kind for layer in layers[-4:]] == ["AdaptiveAvgPool2d", "Flatten", "Dropout", "Linear"]
    assert layers[-2].rate == 0.25
    assert build(name, dropout=0.0) == build(name)


@settings(max_examples=200)
@given(st.sampled_from(["small", "tiny"]), st.fixed_dictionaries(variations))
def test_every_variation_fits_together_or_is_refused(name, arguments):
    try:
        architecture = build(name, **arguments)
    except ModelError as error:
        assert "the 2×2 pooling after convolution" in error.message
        assert error.hint == "take larger images or fewer convolutions"
        return
    assert architecture.output_shapes[-1] == (arguments["num_classes"],)
    layers = architecture.layers
    assert [layer.channels for layer in layers if isinstance(layer, Convolution)] == arguments["channels"]
    assert len({layer.name for layer in layers}) == len(layers)


@pytest.mark.parametrize("name", ["small", "tiny"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"activation": "swish"}, "unknown activation 'swish'"),
        ({"pooling": "min"}, "unknown pooling 'min'"),
        ({"channels": ()}, "channels is empty"),
        ({"channels": (6, 0)}, "channels is 0"),
        ({"num_classes": 0}, "num_classes is 0"),
        ({"in_channels": 0}, "in_channels is 0"),
        ({"input_size": (28, 0)}, "width is 0"),
        ({"input_size": 3}, "the 2×2 pooling after convolution 3 would get a 1×1 image"),
        ({"dropout": 1.0}, "has the dropout rate 1.0"),
        ({"kernel_size": 3}, "has no setting kernel-size"),
    ],
)
def test_nonsense_is_refused_by_name(name, arguments, message):
    with pytest.raises(ModelError, match=message):
        build(name, **arguments)
