"""Noise has the standard deviation it is asked for."""

import numpy as np
import pytest
from charts import error_bars, said

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
    assert table.columns == ["std of the noise, pixels 0 to 255", "test accuracy", "mean confidence"]
    *images, lines = noise.draw(levels, tiny.test).axes
    assert [said(axes) for axes in images] == [{"title": f"noise {level}"} for level in noise.LEVELS]
    for level, axes in zip(noise.LEVELS, images, strict=True):
        shown = axes.images[0].get_array()
        assert (shown == (noise.add_noise(tiny.test.images[:1], level)[0] if level else tiny.test.images[0])).all()
        assert not axes.axison
    assert said(lines) == {
        "x": "standard deviation of the noise, pixels from 0 to 255",
        "legend": ["test accuracy", "mean confidence: probability of the predicted class"],
    }
    assert lines.get_ylim() == (0, 1)
    for key, errors in zip(("accuracy", "confidence"), error_bars(lines), strict=True):
        assert errors.lines[0].get_xdata().tolist() == list(noise.LEVELS)
        assert errors.lines[0].get_ydata() == pytest.approx([np.mean(each[key]) for each in levels.values()])
        assert errors.has_yerr
