"""What NumPy computes of a network, against PyTorch in float64."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from made_up import network_of, network_of_all_layers

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


def by_pytorch(layer, tensors, values):
    """What a layer computes in evaluation, by PyTorch's functions."""
    weight, bias, mean, variance = (
        torch.from_numpy(tensors[f"{layer.name}.{part}"]).double() if f"{layer.name}.{part}" in tensors else None
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    functions = {
        "Conv2d": lambda: F.conv2d(values, weight, bias, padding=layer.padding),
        "Linear": lambda: F.linear(values, weight, bias),
        "BatchNorm2d": lambda: F.batch_norm(values, mean, variance, weight, bias),
        "LeakyReLU": lambda: F.leaky_relu(values),
        "ScaledTanh": lambda: 1.7159 * torch.tanh(2 * values / 3),
        "ReLU": lambda: F.relu(values),
        "Tanh": lambda: torch.tanh(values),
        "Sigmoid": lambda: torch.sigmoid(values),
        "MaxPool2d": lambda: F.max_pool2d(values, 2),
        "AvgPool2d": lambda: F.avg_pool2d(values, 2),
        "AdaptiveAvgPool2d": lambda: F.adaptive_avg_pool2d(values, 1),
        "Dropout": lambda: F.dropout(values, layer.rate, training=False),
        "Flatten": lambda: values.flatten(1),
    }
    return functions[layer.kind]()


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
