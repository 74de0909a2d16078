"""The layers by the book's names."""

import torch
from torch import nn

from lenet import d2l


def test_flatten_and_reshape_are_each_others_inverse():
    images = torch.rand(3, 1, 28, 28)
    rows = d2l.FlattenLayer()(images)
    assert rows.shape == (3, 784)
    assert torch.equal(d2l.Reshape()(rows), images)


def test_sgd_divides_by_the_batch_and_zeroes_the_gradient():
    weights = torch.tensor([1.0, 2.0], requires_grad=True)
    unused = torch.tensor([5.0], requires_grad=True)
    (weights * torch.tensor([4.0, 8.0])).sum().backward()
    d2l.sgd([weights, unused], lr=0.5, batch_size=4)
    assert weights.tolist() == [1 - 0.5 * 4 / 4, 2 - 0.5 * 8 / 4]
    assert weights.grad.tolist() == [0, 0]
    assert unused.tolist() == [5]


def test_init_cnn_draws_convolutions_and_dense_layers_anew():
    net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.Sigmoid(), nn.Linear(6, 10))
    before = [weights.clone() for weights in net.parameters()]
    net.apply(d2l.init_cnn)
    assert net[0].weight.abs().max() <= (6 / (25 + 150)) ** 0.5
    changed = [not torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True)]
    assert changed == [True, False, True, False]  # biases stay
