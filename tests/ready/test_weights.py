"""Initial weights from a ready-made network."""

import numpy as np
import pytest

from lenet import ready
from lenet.errors import ConfigError
from lenet.networks import build
from lenet.networks.forward import forward
from lenet.networks.initialization import initialized
from lenet.networks.trained import TrainedNetwork


@pytest.fixture
def known():
    return TrainedNetwork.load(ready.path("mnist") / "model.safetensors")


def test_all_but_the_last_layer_is_taken(known):
    network = initialized(build("small", num_classes=3, input_size=33, dropout=0.2), "pretrained", seed=1)
    drawn = initialized(network.architecture, "default", seed=1)
    last = network.architecture.layers[-1].name
    for name, values in network.tensors.items():
        source = drawn.tensors if name.startswith(f"{last}.") else known.weights
        np.testing.assert_array_equal(values, source[name])


def test_a_grey_image_in_colour_has_the_same_outputs(known):
    random = np.random.default_rng(0)
    grey = random.normal(size=(2, 1, 28, 28)).astype(np.float32)
    network = initialized(build("small", in_channels=3), "pretrained", seed=0)
    theirs, ours = forward(known.network, grey), forward(network, np.repeat(grey, 3, axis=1))
    for a, b in zip(theirs[:-1], ours[:-1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("architecture", [build("lenet"), build("mlp"), build("tiny"), build("small", channels=(8, 8))])
def test_other_convolutions_are_refused(architecture):
    with pytest.raises(ConfigError, match="has not the convolutions of the ready-made network mnist") as caught:
        initialized(architecture, "pretrained", seed=0)
    assert caught.value.hint.startswith("take its model, --model small, without --channels")
