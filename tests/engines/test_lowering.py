import math

import numpy as np
import pytest

from lenet.engines.choice import choose_engine
from lenet.engines.lowering import KINDS, lowered
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
from lenet.registry import MODELS
from lenet.training.own import CHANNELS


def block(*layers, activation="relu"):
    """Layers on images of 28×28, and dense layers that fit behind them."""
    features = Architecture((1, 28, 28), layers).output_shapes[-1]
    size = features[0] * features[1] * features[2]
    dense = (Flatten("f"), Dense("a", size, 5), Activation("b", activation), Dense("c", 5, 10))
    return Architecture((1, 28, 28), (*layers, *dense))


def growing(count):
    """Convolutions each of which makes the image 10 pixels wider, and one with the most channels."""
    layers = (
        *(Convolution(str(i), 1, 1, 11, 10) for i in range(count)),
        Convolution(str(count), 1, 4096, 1),
        GlobalPooling("g"),
        Flatten("f"),
        Dense("d", 4096, 10),
    )
    return Architecture((1, 96, 96), layers)


CONVOLUTION = Convolution("1", 1, 2, 3)


@pytest.mark.parametrize(
    ("architecture", "part"),
    [
        (build("lenet", kernel_size=12, input_size=50), "a kernel of 12×12 in the layer conv.0 (nn.Conv2d)"),
        (build("lenet", input_size=97), "images of 97×97"),
        (build("lenet", kernel_size=3, padding=3), "a padding of 3 in the layer conv.0"),
        (build("lenet", kernel_size=1, channels=(5000,), input_size=4), "5000 channels in the layer conv.0"),
        (build("mlp", hidden=(9,) * 16), "34 layers; they take at most 32"),
        (build("mlp", hidden=(5000,)), "a width of 5000 in the layer 1 (nn.Linear)"),
        (build("lenet", num_classes=1001), "1001 classes"),
        (build("lenet", num_classes=1), "1 classes"),
        (build("lenet", in_channels=2), "2 input channels"),
        (build("lenet", kernel_size=11, channels=(800, 800), input_size=64), "weights; they take at most"),
        (growing(9), "141,705,216 numbers for one image in the layer 9 (nn.Conv2d); they take at most 67,108,864"),
        (Architecture((1, 28, 28), (CONVOLUTION,)), "nn.Conv2d as the last layer 1"),
        (
            Architecture((1, 5, 5), (Flatten("f"), Dense("a", 25, 3), Activation("b", "relu"))),
            "nn.ReLU as the last layer b; they take nn.Linear",
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


def test_the_largest_outputs_are_taken():
    assert lowered(growing(3)).num_layers == 7


def test_the_recipe_for_own_images_is_taken_with_dropout():
    assert lowered(build("small", channels=CHANNELS[40], dropout=0.3, input_size=64, in_channels=3)).num_layers == 25


@pytest.mark.parametrize("name", list(MODELS))
def test_every_model_is_taken(name):
    assert lowered(build(name)).num_layers == len(build(name).layers)


@pytest.mark.parametrize(
    "layers",
    [
        (CONVOLUTION,),
        (CONVOLUTION, BatchNorm("2", 2), GlobalPooling("3")),
        (CONVOLUTION, Dropout("2", 0.5), Activation("3", "leaky-relu"), Pooling("4", "max")),
        (Pooling("1", "max"), Activation("2", "scaled-tanh"), Pooling("3", "avg"), Activation("4", "sigmoid")),
    ],
)
def test_layers_in_any_order_are_taken(layers):
    architecture = block(*layers, activation="tanh")
    structure = lowered(architecture)
    kinds = [KINDS[type(layer)] for layer in architecture.layers]
    assert [layer.kind for layer in structure.layers[: structure.num_layers]] == kinds


def test_dropout_is_passed_as_the_mask_computes_it():
    dropout = lowered(block(CONVOLUTION, Dropout("2", 0.3))).layers[1]
    assert dropout.threshold == math.floor(0.3 * 2**32)
    assert dropout.kept == np.float32(1 / 0.7)
