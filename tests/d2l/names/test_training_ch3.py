"""The training functions of chapter 3, in both published forms."""

import re

import pytest
import torch
from learners import LINE
from torch import nn

from lenet import d2l


def softmax_by_hand():
    torch.manual_seed(0)
    weights = torch.zeros(784, 10, requires_grad=True)
    biases = torch.zeros(10, requires_grad=True)

    def net(X):
        return torch.softmax(X.reshape(-1, 784) @ weights + biases, 1)

    def loss(y_hat, y):
        return -torch.log(y_hat[range(len(y_hat)), y] + 1e-9)

    return net, loss, [weights, biases]


def test_train_ch3_of_the_port_prints_lines(iterators, capsys):
    net, loss, params = softmax_by_hand()
    d2l.train_ch3(net, *iterators, loss, 2, 50, params, 0.1)
    out, err = capsys.readouterr()
    lines = out.splitlines()
    for number, line in enumerate(lines, start=1):
        assert re.fullmatch(LINE.format(number), line)
    assert len(lines) == 2
    assert float(re.findall(r"test acc (\S+)", lines[1])[0]) > 0.8
    assert err == "engine  PyTorch (a network of the user's own)\n"


def test_train_ch3_of_the_book_draws(iterators, capsys, own_folder):
    net, loss, params = softmax_by_hand()
    d2l.train_ch3(net, *iterators, loss, 2, lambda batch_size: d2l.sgd(params, 0.1, batch_size))
    assert capsys.readouterr().out == ""
    assert list(own_folder.glob("*train_ch3.png"))
    assert d2l.evaluate_accuracy(net, iterators[1]) > 0.8


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("dialect", ["book", "port"])
def test_train_ch3_with_an_optimiser(dialect, reduction, iterators, capsys):
    torch.manual_seed(0)
    net = nn.Sequential(d2l.FlattenLayer(), nn.Linear(784, 10))
    rate = 0.1 / 50 if (dialect, reduction) == ("port", "none") else 0.1  # the port's sums
    optimizer = torch.optim.SGD(net.parameters(), lr=rate)
    loss = nn.CrossEntropyLoss(reduction=reduction)
    if dialect == "book":
        d2l.train_ch3(net, *iterators, loss, 2, optimizer)
    else:
        d2l.train_ch3(net, *iterators, loss, 2, 50, None, None, optimizer)
    native = (dialect, reduction) != ("port", "none")
    assert ("own kernels" in capsys.readouterr().err) == native
    assert d2l.evaluate_accuracy(net, iterators[1]) > 0.9


def test_an_epoch_of_ch3_alone(iterators):
    net, loss, params = softmax_by_hand()

    def updater(batch_size):
        d2l.sgd(params, 0.1, batch_size)

    first = d2l.train_epoch_ch3(net, iterators[0], loss, updater)
    second = d2l.train_epoch_ch3(net, iterators[0], loss, updater)
    assert second[0] < first[0]
    assert first[1] < second[1] <= 1
