"""Images in a grid, with their labels and predictions."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from lenet import d2l
from lenet.errors import ConfigError, DataError


def test_show_images_takes_tensors_arrays_and_pillow(own_folder, capsys):
    images = [torch.rand(28, 28), torch.rand(1, 28, 28), np.zeros((5, 5)), Image.new("RGB", (4, 4))]
    axes = d2l.show_images(images, 2, 3, titles=["a", "b"], scale=1)
    assert axes.shape == (6,)
    assert [each.get_title() for each in axes] == ["a", "b", "", "", "", ""]
    assert [len(each.images) for each in axes] == [1, 1, 1, 1, 0, 0]
    assert [each.images[0].get_array().shape for each in axes[:4]] == [(28, 28), (28, 28), (5, 5), (4, 4, 3)]
    assert np.array_equal(axes[1].images[0].get_array(), images[1][0])
    assert capsys.readouterr().err.startswith("wrote ")
    assert list(own_folder.glob("*images.png"))
    with pytest.raises(ConfigError, match="0 rows"):
        d2l.show_images([], 0, 2)


def test_show_fashion_mnist(own_folder):
    axes = d2l.show_fashion_mnist(torch.rand(3, 1, 28, 28), ["coat", "bag", "shirt"])
    assert [each.get_title() for each in axes] == ["coat", "bag", "shirt"]
    assert list(own_folder.glob("*fashion_mnist.png"))


def test_predict_ch3_shows_true_labels_above_predicted(iterators, own_folder):
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Dropout(0.99))
    nn.init.zeros_(net[1].weight)
    with torch.no_grad():
        net[1].bias.copy_(torch.arange(10.0))  # ankle boots, all of them
    axes = d2l.predict_ch3(net, iterators[1], n=3)
    images, labels = next(iter(iterators[1]))
    assert all(
        np.array_equal(each.images[0].get_array(), image[0]) for each, image in zip(axes, images[:3], strict=True)
    )
    expected = [f"{name}\nankle boot" for name in d2l.get_fashion_mnist_labels(labels[:3])]
    assert [each.get_title() for each in axes] == expected
    assert net.training
    assert len(d2l.predict_ch3(lambda X: X.flatten(1)[:, :10], iterators[1], n=1000)) == 50


def test_nothing_to_predict_is_an_error():
    with pytest.raises(DataError, match="the iterator to predict gives no batch"):
        d2l.predict_ch3(nn.Flatten(), [])
