"""What these tests share: a folder of their own, and iterators over a small data set."""

import pytest
import torch
from learners import LeNet

from lenet.d2l.bridge.batches import BatchIterator
from lenet.d2l.names import canvas


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Where charts are written, under names that start anew."""
    monkeypatch.chdir(tmp_path)
    canvas._written.clear()
    return tmp_path


@pytest.fixture
def iterators(tiny):
    """Training and test images in batches of 50: twenty steps an epoch."""
    return BatchIterator(tiny.train, 50, True), BatchIterator(tiny.test, 50)


@pytest.fixture
def net():
    """A learner's network, with the same weights in each test."""
    torch.manual_seed(0)
    return LeNet()
