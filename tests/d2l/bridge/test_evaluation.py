"""Accuracy in every published order and for every kind of network, by the kernels and by PyTorch alike."""

import pytest
import torch
from torch import nn

from lenet import d2l
from lenet.d2l.bridge.batches import BatchIterator
from lenet.d2l.bridge.evaluation import kernel_logits
from lenet.errors import ConfigError, DataError, EngineError, ModelError
from lenet.models import LeNet

BATCHES = [(torch.eye(4)[:3], torch.tensor([0, 1, 3])), (torch.eye(4)[3:], torch.tensor([3]))]  # 3 of 4 right


class Same(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return x * self.scale


def plain(x):
    return x


def with_mode(x, is_training=True):
    return x if not is_training else -x


@pytest.mark.parametrize("net", [Same(), nn.Sequential(Same()), plain, with_mode, lambda x: x], ids=range(5))
def test_both_orders(net):
    for evaluate in (d2l.evaluate_accuracy, d2l.evaluate_accuracy_gpu):
        assert evaluate(net, BATCHES) == 0.75
        assert evaluate(BATCHES, net) == 0.75
        assert evaluate(data_iter=BATCHES, net=net) == 0.75
        assert evaluate(net, iter(BATCHES), "cpu") == 0.75


def test_a_list_of_inputs():
    class Second(Same):
        def forward(self, inputs):
            return inputs[1]

    batches = [([torch.zeros(3), X], y) for X, y in BATCHES]
    assert d2l.evaluate_accuracy_gpu(Second(), batches) == 0.75


def test_the_mode_of_every_module_is_kept():
    seen = []

    class Watching(Same):
        def forward(self, x):
            seen.append((self.training, torch.is_grad_enabled()))
            return x

    net = nn.Sequential(Watching(), nn.Dropout())
    net.train()
    net[1].eval()
    assert d2l.evaluate_accuracy(net, BATCHES) == 0.75
    assert seen == [(False, False)] * 2
    assert [module.training for module in net.modules()] == [True, True, False]


def test_the_kernels_and_pytorch_agree(tiny):
    torch.manual_seed(0)
    net = nn.Sequential(nn.BatchNorm2d(1), nn.Dropout(), LeNet(padding=2, activation="relu"))
    iterator = BatchIterator(tiny.test, 64)
    device = torch.device("cpu")
    with pytest.raises(EngineError, match="in evaluation mode; the network is in training mode"):
        kernel_logits(net, iterator, device)
    net.eval()
    logits = kernel_logits(net, iterator, device)
    with torch.no_grad():
        assert torch.allclose(logits, torch.cat([net(X) for X, _ in iterator]), atol=1e-5)
    assert d2l.evaluate_accuracy(net, iterator) == d2l.evaluate_accuracy(net, list(iterator))
    with pytest.raises(EngineError, match="iterators"):
        kernel_logits(net, list(iterator), device)


def test_what_the_kernels_do_not_know_is_evaluated_all_the_same(tiny):
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 30), nn.GELU(), nn.Linear(30, 10))
    iterator = BatchIterator(tiny.test, 64)
    assert d2l.evaluate_accuracy(net, iterator) == d2l.evaluate_accuracy(net, list(iterator))


def test_evaluating_draws_what_a_dataloader_draws(tiny):
    net, iterator = LeNet(), BatchIterator(tiny.test, 64)
    torch.manual_seed(1)
    list(iterator)
    expected = torch.rand(1)
    torch.manual_seed(1)
    d2l.evaluate_accuracy(net, iterator)
    assert torch.equal(torch.rand(1), expected)


def test_nothing_to_evaluate_on():
    with pytest.raises(DataError, match="gives no batch"):
        d2l.evaluate_accuracy(Same(), [])


def test_images_that_do_not_fit(tiny):
    for iterator in (BatchIterator(tiny.test, 64, resize=32), [(torch.zeros(2, 1, 32, 32), torch.zeros(2))]):
        with pytest.raises(ModelError, match=r"fc\.0.*expects \(N, 256\) and received \(N, 400\)"):
            d2l.evaluate_accuracy(LeNet(), iterator)


@pytest.mark.parametrize("arguments", [(1, 2), (BATCHES, BATCHES), (Same(), Same()), (plain, plain), (None, BATCHES)])
def test_neither_a_network_nor_an_iterator(arguments):
    with pytest.raises(ConfigError, match="expected a network and an iterator"):
        d2l.evaluate_accuracy(*arguments)


def test_a_device_that_is_not_there():
    with pytest.raises(EngineError, match="no device 'cuda:77'"):
        d2l.evaluate_accuracy(Same(), BATCHES, "cuda:77")


def test_two_networks_are_no_network_and_iterator():
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))  # can be iterated, but over its layers
    with pytest.raises(
        ConfigError, match=r"expected a network and an iterator of batches.*got Sequential and Sequential"
    ):
        d2l.evaluate_accuracy(net, net)
