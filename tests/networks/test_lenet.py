import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.errors import ConfigError, ModelError
from lenet.networks import build
from lenet.networks.layers import Convolution, Dense

variations = {
    "kernel_size": st.integers(1, 11),
    "channels": st.lists(st.integers(1, 9), min_size=1, max_size=3),
    "hidden": st.lists(st.integers(1, 9), max_size=4),
    "activation": st.sampled_from(["sigmoid", "tanh", "relu"]),
    "pooling": st.sampled_from(["max", "avg"]),
    "padding": st.integers(0, 5),
    "in_channels": st.sampled_from([1, 3]),
    "input_size": st.integers(4, 40) | st.tuples(st.integers(4, 40), st.integers(4, 40)),
    "num_classes": st.integers(1, 12),
}


@pytest.mark.parametrize("name", ["lenet-avg", "LeNetAvg", "lenet_avg", "LENET-AVG"])
def test_names_are_known_in_any_spelling(name):
    assert build(name) == build("lenet-avg")


def test_an_unknown_model_lists_the_choices():
    with pytest.raises(ConfigError) as caught:
        build("resnet")
    choices = "did you mean lenet? choose from lenet, lenet-avg, softmax, mlp, lenet-bn, small, tiny"
    assert str(caught.value) == f"unknown model 'resnet'\nhint: {choices}"


def test_an_argument_of_another_model_is_refused():
    with pytest.raises(ModelError) as caught:
        build("mlp", kernel_size=3)
    accepted = "hidden, activation, in_channels, input_size, num_classes, dropout"
    assert str(caught.value) == f"mlp has no setting kernel-size\nhint: it takes {accepted}"


def test_the_numbers_of_parameters_are_the_books():
    sizes = {"lenet": 44_426, "lenet-avg": 61_706, "softmax": 7_850, "mlp": 203_530}
    assert {name: build(name).num_parameters for name in sizes} == sizes
    assert build("lenet", padding=2).num_parameters == 61_706


@pytest.mark.parametrize("name", ["lenet", "lenet-avg", "mlp"])
def test_dropout_follows_each_hidden_activation(name):
    layers = build(name, hidden=(20, 9), dropout=0.25).layers
    dense = [number for number, layer in enumerate(layers) if isinstance(layer, Dense)]
    kinds = [layer.kind for layer in layers[dense[0] :]]
    assert kinds == ["Linear", layers[dense[0] + 1].kind, "Dropout"] * 2 + ["Linear"]
    assert {layer.rate for layer in layers if layer.kind == "Dropout"} == {0.25}
    assert build(name, dropout=0.0) == build(name)
    with pytest.raises(ModelError, match="has the dropout rate 1; expected at least 0 and below 1"):
        build(name, dropout=1)


@settings(max_examples=200)
@given(st.sampled_from(["lenet", "lenet-avg"]), st.fixed_dictionaries(variations))
def test_every_variation_fits_together_or_is_refused(name, arguments):
    """An Architecture is made only of layers that fit; what is refused names the convolution."""
    try:
        architecture = build(name, **arguments)
    except ModelError as error:
        assert "convolution" in error.message
        assert error.hint
        return
    assert architecture.output_shapes[-1] == (arguments["num_classes"],)
    layers = architecture.layers
    assert sum(isinstance(layer, Convolution) for layer in layers) == len(arguments["channels"])
    assert sum(isinstance(layer, Dense) for layer in layers) == len(arguments["hidden"]) + 1
    assert len({layer.name for layer in layers}) == len(layers)
    convolutions = [layer for layer in layers if isinstance(layer, Convolution)]
    assert [layer.padding for layer in convolutions] == [arguments["padding"]] + [0] * (len(convolutions) - 1)


def test_a_kernel_larger_than_its_image_is_refused_with_layer_and_sizes():
    with pytest.raises(ModelError) as caught:
        build("lenet", kernel_size=11, channels=(4, 8))
    assert caught.value.message == "convolution 2 has a 11×11 kernel, larger than its 9×9 image"
    with pytest.raises(ModelError) as caught:
        build("lenet", kernel_size=9, padding=1, input_size=6)
    assert caught.value.message == "convolution 1 has a 9×9 kernel, larger than its 6×6 image with padding 1"
    with pytest.raises(ModelError, match="the 2×2 pooling after convolution 1 would get a 1×1 image"):
        build("lenet", kernel_size=28)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"activation": "swish"}, "unknown activation 'swish'"),
        ({"pooling": "min"}, "unknown pooling 'min'"),
        ({"channels": ()}, "channels is empty"),
        ({"channels": (6, 0)}, "channels is 0"),
        ({"hidden": (0,)}, "hidden is 0"),
        ({"num_classes": 0}, "num_classes is 0"),
        ({"in_channels": 0}, "in_channels is 0"),
        ({"input_size": (28, 0)}, "width is 0"),
    ],
)
def test_nonsense_is_refused_by_name(arguments, message):
    with pytest.raises(ModelError, match=message):
        build("lenet", **arguments)


def test_sizes_of_the_baselines():
    for name in ("softmax", "mlp"):
        assert build(name, in_channels=3, input_size=(8, 9), num_classes=4).output_shapes[-1] == (4,)
    with pytest.raises(ModelError, match="height is 0"):
        build("softmax", input_size=0)
