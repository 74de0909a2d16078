import pytest

from lenet.engines.choice import choose_engine
from lenet.engines.lowering import lowered
from lenet.errors import EngineError
from lenet.networks import Architecture, build
from lenet.networks.layers import (
    Activation,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    Pooling,
)


def block(*layers, activation="relu"):
    """Layers on images of 28×28, and dense layers that fit behind them."""
    features = Architecture((1, 28, 28), layers).output_shapes[-1]
    size = features[0] * features[1] * features[2]
    dense = (Flatten("f"), Dense("a", size, 5), Activation("b", activation), Dense("c", 5, 10))
    return Architecture((1, 28, 28), (*layers, *dense))


CONVOLUTION = Convolution("1", 1, 2, 3)


@pytest.mark.parametrize(
    ("architecture", "part"),
    [
        (build("lenet", kernel_size=12, input_size=50), "a kernel of 12×12"),
        (build("lenet", input_size=65), "images of 65×65"),
        (build("lenet", kernel_size=3, channels=(2, 2, 2, 2), input_size=60), "4 convolutions"),
        (build("lenet", kernel_size=3, padding=3), "a padding of 3"),
        (build("lenet", kernel_size=1, channels=(5000,), input_size=4), "a convolution with 5000 channels"),
        (build("mlp", hidden=(9,) * 5), "5 hidden dense layers"),
        (build("mlp", hidden=(5000,)), "a dense layer of width 5000"),
        (build("lenet", num_classes=101), "101 classes"),
        (build("lenet", num_classes=1), "1 classes"),
        (build("lenet", in_channels=2), "2 input channels"),
        (build("lenet", kernel_size=11, channels=(800, 800), input_size=64), "weights; they take at most"),
        (Architecture((1, 28, 28), (CONVOLUTION,)), "0 Flatten layers"),
        (block(CONVOLUTION, BatchNorm("2", 2)), "nn.BatchNorm2d (the layer 2)"),
        (block(CONVOLUTION, GlobalPooling("2")), "nn.AdaptiveAvgPool2d (the layer 2)"),
        (block(CONVOLUTION, Dropout("2", 0.5)), "nn.Dropout (the layer 2)"),
        (block(CONVOLUTION, Activation("2", "leaky-relu")), "the activation leaky-relu"),
        (block(CONVOLUTION), "a convolution without activation and pooling"),
        (
            block(CONVOLUTION, Pooling("2", "max"), Activation("3", "relu")),
            "a convolution without activation and pooling",
        ),
        (block(Pooling("1", "max"), Activation("2", "relu"), Pooling("3", "max")), "nn.MaxPool2d at the beginning"),
        (block(CONVOLUTION, Activation("2", "tanh"), Pooling("3", "max")), "more than one activation"),
        (
            block(
                *(CONVOLUTION, Activation("2", "relu"), Pooling("3", "max")),
                *(Convolution("4", 2, 2, 3), Activation("5", "relu"), Pooling("6", "avg")),
            ),
            "more than one kind of pooling",
        ),
        (
            Architecture((1, 5, 5), (Flatten("f"), Dense("a", 25, 3), Activation("b", "relu"))),
            "no dense layer at the end",
        ),
        (
            Architecture((1, 5, 5), (Flatten("f"), Dense("a", 25, 3), Dense("b", 3, 3))),
            "nn.Linear among the dense layers",
        ),
    ],
)
def test_what_the_kernels_cannot_compute_is_named(architecture, part):
    with pytest.raises(EngineError) as caught:
        lowered(architecture)
    reason = caught.value.message
    assert part in reason
    assert "\n" not in reason
    with pytest.raises(EngineError) as caught:
        choose_engine("cpu", architecture, "cpu")
    assert caught.value.message == reason


@pytest.mark.parametrize("name", ["lenet", "lenet-avg", "mlp", "softmax"])
def test_the_books_networks_are_taken(name):
    assert lowered(build(name)).widths[lowered(build(name)).num_dense - 1] == 10
