"""The names of classes, and no worker processes."""

import torch

from lenet import d2l


def test_labels_in_words_and_no_workers():
    assert d2l.get_fashion_mnist_labels(torch.tensor([0, 9, 6])) == ["t-shirt", "ankle boot", "shirt"]
    assert d2l.get_dataloader_workers() == 0
