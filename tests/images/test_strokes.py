"""The width of strokes, measured, and thin ones brought to MNIST's."""

import numpy as np
import pytest

from lenet.images.strokes import THIN, USUAL, stroke_width, thickened


def cross(longest, width):
    """Two strokes that cross, as a digit's relief."""
    relief = np.zeros((longest, longest), np.float32)
    start = (longest - width) // 2
    relief[start : start + width] = relief[:, start : start + width] = 100
    return relief


@pytest.mark.parametrize("width", [1, 3, 8, 20])
def test_the_width_is_area_by_outline(width):
    assert stroke_width(cross(200, width) > 0) == pytest.approx(width, rel=0.06)


@pytest.mark.parametrize("longest", [60, 200, 900])
def test_thin_strokes_get_the_usual_width(longest):
    relief = thickened(cross(longest, max(1, round(0.02 * longest))))
    assert stroke_width(relief > 0) == pytest.approx(USUAL * longest, rel=0.3, abs=1.5)
    assert relief.max() == 100


@pytest.mark.parametrize("share", [THIN + 0.01, USUAL, 0.2])
def test_other_strokes_stay_as_they_are(share):
    relief = cross(200, round(200 * share))
    assert thickened(relief) is relief
