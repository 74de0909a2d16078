"""Training functions that are passed something wrong, or run out of memory."""

import copy

import pytest
import torch
from learners import LeNet
from torch import nn

from lenet import d2l
from lenet.d2l.bridge.batches import BatchIterator
from lenet.errors import ConfigError, DataError, EngineError, ModelError, TrainingError


def test_wrong_arguments_are_errors_with_a_hint(net, iterators, tiny):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with pytest.raises(EngineError, match="no device 'cuda:77'"):
        d2l.train_ch5(net, *iterators, 50, optimizer, "cuda:77", 1)
    with pytest.raises(EngineError, match="no device 'cuda:77'"):
        d2l.train_ch6(net, *iterators, 1, 0.1, torch.device("cuda:77"))
    for epochs in (0, -1, 2.5, True):
        with pytest.raises(ConfigError, match="number of epochs"):
            d2l.train_ch5(net, *iterators, 50, optimizer, "cpu", epochs)
    with pytest.raises(DataError, match="gives no batch"):
        d2l.train_ch5(net, [], iterators[1], 50, optimizer, "cpu", 1)
    with pytest.raises(DataError, match="evaluate on gives no batch"):
        d2l.train_ch5(net, iterators[0], [], 50, optimizer, "cpu", 1)
    with pytest.raises(ConfigError, match=r"expected an nn\.Module"):
        d2l.train_ch6(lambda x: x, *iterators, 1, 0.1, "cpu")
    for wrong in ([1], [(1, 2, 3)], None, 5):
        with pytest.raises(ConfigError, match="batch"):
            d2l.train_ch5(net, wrong, iterators[1], 50, optimizer, "cpu", 1)
    with pytest.raises(ConfigError, match="a batch is a int"):
        d2l.evaluate_accuracy(net, [1])
    with pytest.raises(ConfigError, match="has nothing that changes the weights"):
        d2l.train_ch3(net, *iterators, nn.CrossEntropyLoss(), 1, 50)
    with pytest.raises(ModelError, match=r"layer fc\.0"):
        d2l.train_ch6(net, BatchIterator(tiny.train, 50, resize=32), iterators[1], 1, 0.1, "cpu")
    with pytest.raises(TrainingError, match="the loss became"):
        d2l.train_ch6(net, *iterators, 1, 1e20, "cpu")


def test_a_gpu_out_of_memory_during_training(net, iterators):
    class Full(LeNet):
        def forward(self, img):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    full, loss = Full(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(full.parameters(), 0.1)
    for use in (
        lambda: d2l.train_ch6(full, list(iterators[0]), iterators[1], 1, 0.1, "cpu"),
        lambda: d2l.train_ch5(full, list(iterators[0]), iterators[1], 50, optimizer, "cpu", 1),
        lambda: d2l.train_ch3(full, list(iterators[0]), iterators[1], loss, 1, optimizer),
        lambda: d2l.train_epoch_ch3(full, list(iterators[0]), loss, optimizer),
        lambda: d2l.evaluate_accuracy(full, iterators[1]),
        lambda: d2l.evaluate_accuracy(full.forward, iterators[1]),
        lambda: d2l.predict_ch3(full, iterators[1]),
    ):
        with pytest.raises(EngineError, match="this program is out of memory"):
            use()


def test_a_device_without_room_for_the_network(net, iterators, monkeypatch):
    def to(self, *arguments, **options):
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(nn.Module, "to", to)
    for use in (
        lambda: d2l.train_ch6(net, *iterators, 1, 0.1, "cpu"),
        lambda: d2l.evaluate_accuracy(net, iterators[1]),
    ):
        with pytest.raises(EngineError, match="out of memory for the network"):
            use()


WRONG = {
    "epochs": lambda net, train, test: (net, train, test, 0, 0.1, "cpu"),
    "device": lambda net, train, test: (net, train, test, 1, 0.1, "cuda:77"),
    "training iterator": lambda net, train, test: (net, 5, test, 1, 0.1, "cpu"),
    "test iterator": lambda net, train, test: (net, train, None, 1, 0.1, "cpu"),
    "gives no batch": lambda net, train, test: (net, [], test, 1, 0.1, "cpu"),
    "expects": lambda net, train, test: (net, BatchIterator(train.source, 50, resize=40), test, 1, 0.1, "cpu"),
    "layer fc.0": lambda net, train, test: (net, [(torch.rand(2, 1, 40, 40), torch.ones(2))], test, 1, 0.1, "cpu"),
}


@pytest.mark.parametrize("what", WRONG)
def test_train_ch6_keeps_the_weights_if_an_argument_is_wrong(what, net, iterators):
    before = copy.deepcopy(net.state_dict())
    with pytest.raises((ConfigError, DataError, EngineError, ModelError), match=what):
        d2l.train_ch6(*WRONG[what](net, *iterators))
    assert all(torch.equal(before[name], weights) for name, weights in net.state_dict().items())
