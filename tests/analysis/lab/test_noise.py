"""Noise has the standard deviation it is asked for."""

import numpy as np

from lenet.analysis.lab import noise


def test_noise_has_its_std(tiny):
    grey = np.full((200, 28, 28), 128, np.uint8)
    values = noise.add_noise(grey, 20).astype(float)
    assert abs(values.std() - 20) < 0.2
    assert abs(values.mean() - 128) < 0.2
    assert (noise.add_noise(grey, 20) == noise.add_noise(grey, 20)).all()
    wide = noise.add_noise(tiny.test.images, 500)
    assert (wide.min(), wide.max()) == (0, 255)


def test_accuracy_falls_with_the_level(tiny, tiny_run):
    levels = noise.measure([tiny_run, tiny_run], tiny.test)
    assert list(levels) == [str(level) for level in noise.LEVELS]
    assert levels["0"]["accuracy"] == [tiny_run.test_accuracy] * 2
    assert levels["0"]["confidence"][0] > levels["128"]["confidence"][0]
    table = noise.table({"levels": levels})
    assert [row[0] for row in table.rows] == list(levels)
    figure = noise.draw(levels, tiny.test)
    assert len(figure.axes) == len(noise.LEVELS) + 1
