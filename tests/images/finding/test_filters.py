"""Filters against what they are defined as, pixel by pixel."""

import numpy as np
import pytest

from lenet.images.finding.filters import blurred, closing, dilated, eroded, maximum


def slow_maximum(image, reach):
    result = np.empty_like(image)
    for y, x in np.ndindex(image.shape):
        result[y, x] = image[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1].max()
    return result


@pytest.mark.parametrize("reach", [0, 1, 2, 3, 5, 9])
def test_the_maximum_is_over_squares_inside_the_image(reach):
    image = np.random.default_rng(reach).random((7, 12), np.float32)
    assert np.array_equal(maximum(image, reach), slow_maximum(image, reach))
    assert np.array_equal(closing(image, reach), -slow_maximum(-slow_maximum(image, reach), reach))
    mask = image > 0.9
    assert np.array_equal(dilated(mask, reach), slow_maximum(mask, reach))
    assert np.array_equal(eroded(~mask, reach), ~slow_maximum(mask, reach))


def test_closing_fills_what_is_narrow_and_keeps_what_is_broad():
    image = np.full((20, 30), 200, np.float32)
    image[:, 5:8] = 10
    image[:, 15:22] = 10
    closed = closing(image, 2)
    assert (closed[:, :15] == 200).all()
    assert (closed[:, 15:22] == 10).all()


def test_a_blur_keeps_the_mean_and_spreads_a_point():
    image = np.zeros((15, 15), np.float32)
    image[7, 7] = 81
    result = blurred(image, 1)
    assert result.sum() == pytest.approx(81)
    assert result[7, 7] == result.max() == pytest.approx(9)
    assert (result[:5] == 0).all()
    assert np.array_equal(blurred(image, 0), image)
    colours = blurred(np.stack([image, 2 * image], axis=2), 1)
    assert colours[:, :, 1] == pytest.approx(2 * result)
    assert blurred(image, 99) == pytest.approx(np.full_like(image, image.mean()), abs=0.1)
