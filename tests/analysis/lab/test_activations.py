"""The outputs of the convolutional layers."""

import numpy as np
import pytest
import torch

from lenet.analysis.lab.activations import layer_outputs, mosaic


def test_outputs_are_the_modules(tiny, tiny_run):
    images = tiny.test.images[:20]
    net = tiny_run.model
    pixels = (torch.from_numpy(images)[:, None] / 255 - tiny_run.preprocessing.mean) / tiny_run.preprocessing.std
    with torch.no_grad():
        expected = net.conv[1](net.conv[0](pixels))
    first, second = layer_outputs(tiny_run, images)
    np.testing.assert_allclose(first.values, expected.numpy(), atol=1e-5)
    assert first.at_zero == second.at_zero == 0
    assert second.values.shape == (20, 16, 10, 10)


def test_channels_side_by_side():
    image = mosaic(np.arange(9, dtype=np.float32)[:, None, None] * np.ones((9, 2, 3), np.float32), 99.0)
    assert image.shape == (5, 31)
    assert image[0, 4] == 1
    assert image[3, 0] == 8
    assert image[2, 0] == image[0, 3] == image[4, 30] == pytest.approx(99)
