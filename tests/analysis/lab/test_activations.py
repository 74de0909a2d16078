"""The outputs of the convolutional layers."""

import numpy as np
import pytest
import torch
from charts import said

from lenet.analysis.lab.activations import draw, layer_outputs, measure, mosaic, table


def test_outputs_are_the_modules(tiny, tiny_run):
    images = tiny.test.images[:20]
    net = tiny_run.bare_model
    pixels = (torch.from_numpy(images)[:, None] / 255 - tiny_run.preprocessing.mean) / tiny_run.preprocessing.std
    with torch.no_grad():
        expected = net.conv[1](net.conv[0](pixels))
    first, second = layer_outputs(tiny_run, images)
    np.testing.assert_allclose(first.values, expected.numpy(), atol=1e-5)
    assert first.at_zero == second.at_zero == 0
    assert second.values.shape == (20, 16, 10, 10)


def test_the_table_and_the_chart_have_a_row_for_each_class(tiny, tiny_run):
    made = table({"classes": measure([tiny_run, tiny_run], tiny.test, [3, 7])})
    assert made.columns == ["class", "activation of", "mean", "active"]
    assert [row[:2] for row in made.rows] == [[name, layer] for name in "37" for layer in ("layer 1", "layer 2")]
    images = np.stack([tiny.test.images[tiny.test.labels == label][0] for label in (3, 7)])
    first, second = layer_outputs(tiny_run, images)
    axes = np.reshape(draw(tiny_run, tiny.test, [3, 7]).axes, (2, 3))
    assert [[said(each) for each in row] for row in axes] == [
        [{"title": "3"}, {"title": "layer 1, 6 channels"}, {"title": "layer 2, 16 channels"}],
        [{"title": "7"}, {}, {}],
    ]
    for row, image, ones, others in zip(axes, images, first.values, second.values, strict=True):
        assert (row[0].images[0].get_array() == image).all()
        for each, values, layer in ((row[1], ones, first.values), (row[2], others, second.values)):
            assert (each.images[0].get_array() == mosaic(values, layer.max())).all()
            assert each.images[0].get_clim() == pytest.approx((layer.min(), layer.max()))  # one scale for all classes
        assert not any(each.axison for each in row)


def test_channels_side_by_side():
    image = mosaic(np.arange(9, dtype=np.float32)[:, None, None] * np.ones((9, 2, 3), np.float32), 99.0)
    assert image.shape == (5, 31)
    assert image[0, 4] == 1
    assert image[3, 0] == 8
    assert image[2, 0] == image[0, 3] == image[4, 30] == pytest.approx(99)
