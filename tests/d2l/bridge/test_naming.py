"""A network that lenet.d2l trained names images."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

import lenet
from lenet import d2l, models
from lenet.d2l.bridge.batches import BatchIterator
from lenet.d2l.bridge.naming import name_outputs
from lenet.images.preprocess import Preprocessing


@pytest.fixture
def batches(tiny):
    return BatchIterator(tiny.train, 50, True), BatchIterator(tiny.test, 50)


def test_a_network_trained_by_the_book_names_an_image(tiny, batches):
    net = models.LeNet(padding=2)
    d2l.train_ch5(net, *batches, 50, torch.optim.Adam(net.parameters(), 0.003), "cpu", 2)
    with torch.no_grad():
        expected = net(torch.from_numpy(tiny.test.images[:5])[:, None] / 255).argmax(1)
    for image, label in zip(tiny.test.images, expected, strict=False):
        assert lenet.predict(net, image).label == tiny.test.classes[label]
    assert lenet.evaluate(copy.deepcopy(net), tiny).accuracy == d2l.evaluate_accuracy(net, batches[1])
    assert net.preprocessing == Preprocessing.of(tiny.train)


def test_other_data_change_what_is_remembered_but_not_what_is_the_learners_own(tiny):
    net = nn.Linear(1, 1)
    name_outputs(net, BatchIterator(tiny.train, 50, resize=32))
    assert net.preprocessing.size == (32, 32)
    name_outputs(net, BatchIterator(tiny.train, 50))
    assert net.preprocessing.size == tiny.train.size
    own = nn.Linear(1, 1)
    own.classes = ["mine"]
    name_outputs(own, BatchIterator(tiny.train, 50))
    assert own.classes == ["mine"]
    assert not hasattr(own, "preprocessing")
    name_outputs(own, [(1, 2)])
    name_outputs(lambda X: X, BatchIterator(tiny.train, 50))


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (0.1307, 0.3081)])
def test_torchvision_says_what_its_images_show(tiny, mean, std):
    class Published:
        """As torchvision's data sets are."""

        classes = tiny.train.classes

        def __len__(self):
            return len(tiny.train)

        def __getitem__(self, index):
            return (torch.from_numpy(tiny.train.images[index])[None] / 255 - mean) / std, int(tiny.train.labels[index])

    Published.__module__ = "torchvision.datasets.mnist"
    net = nn.Linear(1, 1)
    name_outputs(net, torch.utils.data.DataLoader(Published(), 50))
    assert net.classes == tiny.train.classes
    np.testing.assert_allclose((net.preprocessing.mean, net.preprocessing.std), (mean, std), atol=2e-3)
    Published.__module__ = "mine"
    other = nn.Linear(1, 1)
    name_outputs(other, torch.utils.data.DataLoader(Published(), 50))
    assert not hasattr(other, "classes")
