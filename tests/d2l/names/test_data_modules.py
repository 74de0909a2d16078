"""The book's data modules."""

import torch

from lenet import d2l
from lenet.d2l.bridge.batches import ImageDataset
from lenet.d2l.names import data_modules


def test_data_by_the_piece_and_in_batches(tiny, monkeypatch, own_folder):
    monkeypatch.setattr(data_modules, "fashion_mnist", lambda root: tiny)
    data = d2l.FashionMNIST(batch_size=100, resize=(32, 32))
    assert (data.batch_size, data.resize, len(data.train), len(data.val)) == (100, (32, 32), 1000, 200)
    assert isinstance(data.train, ImageDataset)
    assert data.train[0][0].shape == (1, 32, 32)
    batch = next(iter(data.val_dataloader()))
    assert batch[0].shape == (100, 1, 32, 32)
    assert data.text_labels([1]) == ["trouser"]
    assert data.train_dataloader().shuffle
    data.visualize(batch)
    assert list(own_folder.glob("*images.png"))
    tensors = (torch.arange(10), torch.arange(10) * 2)
    ((a, b),) = list(data.get_tensorloader(tensors, train=False, indices=slice(0, 3)))
    assert (a.tolist(), b.tolist()) == ([0, 1, 2], [0, 2, 4])
