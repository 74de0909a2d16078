"""Ruling: straight thin lines from edge to edge."""

import numpy as np
import pytest

from lenet.images.finding.lines import ruling


def lined(slope=0.0, step=30, level=60.0, shape=(160, 200)):
    """A relief with a thick stroke that lines cross, and where the lines are."""
    lines = np.zeros(shape, bool)
    for x in range(shape[1]):
        for start in range(15, shape[0], step):
            y = round(start + slope * (x - shape[1] / 2))
            lines[max(0, y) : y + 2, x] = True
    stroke = np.zeros(shape, bool)
    stroke[30:120, 90:102] = stroke[110:122, 60:130] = True
    return np.where(stroke, np.float32(200), np.where(lines, np.float32(level), 0)), lines, stroke


def test_pale_lines_are_found_at_any_small_angle_and_strokes_stay():
    for slope in (0.0, 0.05, -0.13):
        relief, lines, stroke = lined(slope)
        found = ruling(relief > 30, relief)
        assert (found & lines).sum() > 0.8 * (lines & ~stroke).sum()
        assert (found & stroke).sum() < 0.02 * stroke.sum()


def test_several_lines_as_dark_as_the_ink_are_ruling_and_a_single_one_is_not():
    relief, lines, stroke = lined(level=200.0)
    assert (ruling(relief > 30, relief) & lines & ~stroke).sum() > 0.8 * (lines & ~stroke).sum()
    relief, _, _ = lined(level=200.0, step=200)
    assert not ruling(relief > 30, relief).any()


def test_upright_lines_are_found_too():
    relief, lines, stroke = lined()
    found = ruling(relief.T > 30, relief.T)
    assert (found & lines.T).sum() > 0.8 * (lines & ~stroke).sum()


def test_strokes_alone_have_no_ruling():
    relief, _, _ = lined(level=0.0)
    assert not ruling(relief > 30, relief).any()


@pytest.mark.parametrize("shape", [(3, 200), (200, 3), (1, 9), (9, 1), (5, 400)])
def test_images_of_any_proportions_are_looked_through(shape):
    random = np.random.default_rng(0)
    mask = random.random(shape) < 0.3
    assert not (ruling(mask, random.random(shape).astype(np.float32)) & ~mask).any()
