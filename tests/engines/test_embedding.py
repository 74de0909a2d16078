"""The embedding of images: what the last dense layer takes."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from made_up import network_of, noise

from lenet.engines.embedding import embedding_width, embeddings
from lenet.images.preprocess import Preprocessing
from lenet.networks.trained import TrainedNetwork


def trained(model, size=(28, 28), **arguments):
    preprocessing = dataclasses.replace(Preprocessing(size), mean=0.3, std=0.4)
    network = network_of(model, input_size=size, **arguments)
    classes = tuple("0123456789")
    return TrainedNetwork(Path("made up"), model, {}, classes, preprocessing, loaded=network)


@pytest.mark.parametrize(
    ("model", "arguments", "width"),
    [
        ("lenet", {}, 84),
        ("lenet", {"hidden": ()}, 256),
        ("lenet", {"hidden": (1,)}, 1),
        ("lenet", {"hidden": (1500,), "channels": (4,)}, 1500),  # more than the logits that the kernels compute
        ("tiny", {}, None),
        ("softmax", {}, 784),
    ],
)
def test_the_embedding_is_the_output_of_the_layer_before_the_last(model, arguments, width):
    network = trained(model, **arguments)
    images = noise(40).images
    result = embeddings(network, images)
    assert result.shape == (40, width or embedding_width(network))
    np.testing.assert_allclose(result, network.outputs(images)[-2], rtol=1e-5, atol=1e-5)


def test_an_image_alone_and_in_any_batch_has_the_same_bits():
    network = trained("lenet")
    images = noise(50).images
    whole = embeddings(network, images)
    for start, stop in ((0, 1), (7, 8), (3, 20), (49, 50)):
        np.testing.assert_array_equal(embeddings(network, images[start:stop], threads=2), whole[start:stop])
