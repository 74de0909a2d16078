"""The gradient with respect to the input, against autograd in float64."""

import numpy as np
import pytest
import torch
from made_up import SMALL_NETWORKS, inputs_for
from torch_layers import by_pytorch

from lenet.networks.gradients import input_gradient


@pytest.mark.torch
@pytest.mark.parametrize("name", SMALL_NETWORKS)
def test_it_is_what_autograd_computes(name):
    network = SMALL_NETWORKS[name]()
    inputs, classes = inputs_for(network)
    leaf = torch.from_numpy(inputs).requires_grad_()
    values = leaf
    for layer in network.architecture.layers:
        values = by_pytorch(layer, network.tensors, values)
    values[np.arange(len(classes)), classes].sum().backward()
    np.testing.assert_allclose(input_gradient(network, inputs, classes), leaf.grad.numpy(), rtol=1e-10, atol=1e-13)
