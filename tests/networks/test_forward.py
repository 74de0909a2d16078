"""What NumPy computes of a network, against PyTorch in float64."""

import numpy as np
import pytest
import torch
from made_up import network_of, network_of_all_layers
from torch_layers import by_pytorch

from lenet.images.preprocess import Preprocessing
from lenet.networks.forward import as_input, forward
from lenet.pytorch.modules import to_module
from lenet.pytorch.tensors import to_input


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("lenet", {"in_channels": 3, "input_size": (17, 20), "kernel_size": 4, "padding": 3, "activation": "relu"}),
        ("lenet-avg", {"activation": "tanh", "channels": (3, 4, 5), "kernel_size": 3}),
        ("lenet", {"pooling": "avg", "hidden": ()}),
        ("mlp", {"activation": "sigmoid"}),
        ("softmax", {"num_classes": 3}),
    ],
)
def test_every_layer_computes_what_pytorchs_does(name, arguments):
    network = network_of(name, **arguments)
    inputs = np.random.default_rng(0).normal(size=(5, *network.architecture.input_shape))
    outputs = forward(network, inputs)
    module = to_module(network, name).double()
    np.testing.assert_allclose(outputs[-1], module(torch.from_numpy(inputs)).detach().numpy(), rtol=1e-12, atol=1e-12)
    values = torch.from_numpy(inputs)
    for layer, output, shape in zip(
        network.architecture.layers, outputs, network.architecture.output_shapes, strict=True
    ):
        values = values.flatten(1) if layer.kind == "Flatten" else module.get_submodule(layer.name)(values)
        assert output.shape == (5, *shape)
        np.testing.assert_allclose(output, values.detach().numpy(), rtol=1e-12, atol=1e-12)


def test_each_type_of_layer_computes_what_pytorchs_function_does():
    network = network_of_all_layers()
    architecture, tensors = network.architecture, network.tensors
    inputs = np.random.default_rng(0).normal(size=(5, *architecture.input_shape))
    values = torch.from_numpy(inputs)
    outputs = forward(network, inputs)
    for layer, output, shape in zip(architecture.layers, outputs, architecture.output_shapes, strict=True):
        values = by_pytorch(layer, tensors, values)
        assert output.shape == (5, *shape)
        np.testing.assert_allclose(output, values.numpy(), rtol=1e-12, atol=1e-12, err_msg=layer.kind)
    singles = forward(network, inputs.astype(np.float32))
    assert {output.dtype for output in singles} == {np.dtype(np.float32)}
    np.testing.assert_allclose(singles[-1], outputs[-1], rtol=1e-5)


@pytest.mark.parametrize("shape", [(4, 5, 6), (4, 5, 6, 3)])
@pytest.mark.parametrize("preprocessing", [Preprocessing((5, 6)), Preprocessing((5, 6), mean=0.286, std=0.353)])
def test_images_become_what_the_reference_takes_to_the_bit(shape, preprocessing):
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert np.array_equal(as_input(images, preprocessing), to_input(torch.from_numpy(images), preprocessing).numpy())
