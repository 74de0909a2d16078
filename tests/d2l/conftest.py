"""What these tests share: one thread, for on a busy machine several wait for each other, and a folder of their own."""

import pytest
import torch

from lenet.d2l.names import plotting
from lenet.d2l.names.iterators import BatchIterator


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Where charts are written, under names that start anew."""
    monkeypatch.chdir(tmp_path)
    plotting._taken.clear()
    return tmp_path


@pytest.fixture
def iterators(tiny):
    """Training and test pictures in batches of 50: twenty steps an epoch."""
    return BatchIterator(tiny.train, 50, True), BatchIterator(tiny.test, 50)
