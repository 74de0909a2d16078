"""The doctor in a learner's own training: what is wrong stands on stderr, once, and nothing where nothing is."""

import numpy as np
import pytest
import torch
from torch import nn

from lenet import d2l
from lenet.d2l.iterators import BatchIterator
from lenet.data.dataset import Dataset
from lenet.models import LeNetAvg


def trained(net, train_iter, test_iter, rate, num_epochs, capsys):
    """The findings on stderr, by name."""
    torch.manual_seed(0)
    d2l.train_ch5(net, train_iter, test_iter, 50, torch.optim.SGD(net.parameters(), lr=rate), "cpu", num_epochs)
    err = capsys.readouterr().err
    return [line.split()[1].rstrip(":") for line in err.splitlines() if line.startswith("FINDING")], err


@pytest.fixture
def loader(tiny):
    """The same pictures in PyTorch's own DataLoader."""
    images = torch.from_numpy(tiny.train.images)[:, None] / 255
    dataset = torch.utils.data.TensorDataset(images, torch.from_numpy(tiny.train.labels))
    return torch.utils.data.DataLoader(dataset, 50, shuffle=True)


def test_a_network_that_learns_has_no_findings(iterators, loader, capsys):
    for train_iter in (iterators[0], loader):
        torch.manual_seed(0)
        net = LeNetAvg(activation="tanh")
        d2l.train_ch5(net, train_iter, iterators[1], 50, torch.optim.Adam(net.parameters(), lr=0.003), "cpu", 4)
        out, err = capsys.readouterr()
        assert "FINDING" not in err
        assert float(out.split("test acc ")[-1].split(",")[0]) > 0.9


def test_chance_level_is_named_after_the_first_epoch_by_a_rehearsal(iterators, capsys):
    torch.manual_seed(0)
    names, err = trained(LeNetAvg(), *iterators, 1e-4, 3, capsys)
    assert names == ["chance-level"]
    assert "a rehearsal of the 2 epochs left" in err
    assert "--init xavier-uniform" in err


def test_without_a_rehearsal_after_the_second(iterators, loader, capsys):
    torch.manual_seed(0)
    assert trained(LeNetAvg(), loader, iterators[1], 1e-4, 2, capsys)[0] == ["chance-level"]
    net = LeNetAvg()
    d2l.train_ch5(net, loader, iterators[1], 50, torch.optim.SGD(net.parameters(), lr=1e-4), "cpu", 1)
    assert "chance-level" in capsys.readouterr().err  # the last epoch: nothing is to come


def test_what_is_there_already_is_not_recommended(iterators, capsys):
    torch.manual_seed(0)
    d2l.train_ch6(LeNetAvg(), *iterators, 1, 1e-4, "cpu")
    err = capsys.readouterr().err
    assert "FINDING  chance-level" in err
    assert "xavier-uniform" not in err


def test_a_softmax_before_the_loss(iterators, capsys):
    net = nn.Sequential(*LeNetAvg(activation="relu"), nn.Softmax(1))
    assert "softmax-before-loss" in trained(net, *iterators, 0.1, 1, capsys)[0]


def test_pictures_that_come_in_stretches_of_one_class(tiny, iterators, capsys):
    order = np.argsort(tiny.train.labels, kind="stable")
    ordered = Dataset("toy", tiny.train.images[order], tiny.train.labels[order], tiny.train.classes)
    names, _ = trained(LeNetAvg(activation="relu"), BatchIterator(ordered, 50), iterators[1], 0.05, 2, capsys)
    assert names.count("unshuffled") == 1


def test_targets_that_are_no_classes_are_left_alone(iterators, capsys):
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 1), nn.Flatten(0))
    batches = [(torch.rand(8, 1, 28, 28), torch.rand(8)) for _ in range(3)]
    d2l.train_ch3(net, batches, batches, nn.MSELoss(), 1, torch.optim.SGD(net.parameters(), lr=0.01))
    assert "FINDING" not in capsys.readouterr().err
