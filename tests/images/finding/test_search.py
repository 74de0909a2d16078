"""Finding in images of any size: copies, a second look, colours of one brightness, blank images."""

import numpy as np
import pytest

from lenet.errors import ImageError
from lenet.images.finding.search import check_contrast, copied, grey_axis, main_axis, search


@pytest.mark.parametrize(
    ("shape", "copy", "scale"),
    [
        ((28, 28), (140, 140), 1 / 5),
        ((1, 40), (4, 160), 1 / 4),
        ((128, 100), (128, 100), 1),
        ((256, 20), (256, 20), 1),
        ((257, 20), (129, 10), 2),
        ((600, 801, 3), (150, 201, 3), 4),
    ],
)
def test_a_copy_has_some_hundred_pixels(shape, copy, scale):
    result = copied(np.zeros(shape, np.uint8))
    assert (result[0].shape, result[1]) == (copy, scale)


def test_a_small_object_is_looked_at_again():
    image = np.full((1000, 1200), 240, np.uint8)
    image[400:460, 700:706] = image[454:460, 700:740] = 20
    sight = search(image, "mass", "page")
    box = sight.found.box
    assert np.abs(np.array(box) - (400, 460, 700, 740)).max() <= 2
    assert sight.found.parts == (box,)
    relief = sight.relief(sight.reading.kept)
    assert relief.shape[0] > 50  # finer than the 12 pixels that the object has in the copy
    assert relief.max() == pytest.approx(220, abs=3)
    assert sight.found.kept.shape == sight.found.copy.shape == (200, 240)
    assert np.abs(sight.found.ground.astype(int) - 240).max() <= 1


def test_colours_of_one_brightness_are_told_apart():
    image = np.full((100, 100, 3), (0, 160, 90), np.float32)
    image[40:60, 20:80] = (236, 64, 30)
    grey = grey_axis(image)
    assert np.ptp(grey) > 200
    assert np.ptp(grey[45:55, 30:70]) < 1


def test_the_main_axis_is_the_strongest_eigenvector():
    for vectors in np.random.default_rng(0).normal(size=(100, 5, 3)) * (1, 4, 20):
        matrix = vectors.T @ vectors
        expected = np.linalg.eigh(matrix)[1][:, -1]
        axis = np.array(main_axis(matrix.tolist()))
        np.testing.assert_allclose(axis * np.sign(axis @ expected), expected, atol=1e-12)
    assert main_axis([[0.0] * 3] * 3) == (1, 0, 0)
    assert main_axis([[1.0, 0, 0], [0, 3, 0], [0, 0, 2]]) == (0, 1, 0)


@pytest.mark.parametrize(
    ("difference", "why"), [(0, "all pixels are alike"), (9, "its pixels differ by 9 of 255 at most")]
)
def test_blank_images_are_refused_with_what_is_true(difference, why):
    image = np.full((30, 40, 3), 100, np.uint8)
    image[3:9, 3:9, 1] += difference
    with pytest.raises(ImageError, match=f"^page shows nothing: {why}\n"):
        check_contrast(image, "page")
    image[4, 4, 2] = 110
    check_contrast(image, "page")


def test_noise_alone_shows_nothing():
    noise = np.random.default_rng(0).normal(200, 3, (400, 400)).astype(np.uint8)
    with pytest.raises(ImageError, match="page shows nothing: nothing stands out from its background\n"):
        search(noise, "mass", "page")
