"""Whole images: any size brought to the network's, grey or in colour."""

import hashlib
from fractions import Fraction

import numpy as np
import pytest

from lenet.images.fit import brought_to, with_channels
from lenet.images.preprocess import Preprocessing
from lenet.registry import FITS


def random_image(height: int, width: int, *channels: int) -> np.ndarray:
    return np.random.RandomState(height + width).randint(0, 256, (height, width, *channels)).astype(np.uint8)


def averaged(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The mean over the area of each new pixel, by its definition, in exact fractions."""
    rows, columns = (Fraction(old, new) for old, new in zip(pixels.shape, size, strict=True))

    def shared(start: Fraction, stop: Fraction, pixel: int) -> Fraction:
        return max(Fraction(0), min(stop, Fraction(pixel + 1)) - max(start, Fraction(pixel)))

    image = np.empty(size, np.uint8)
    for y in range(size[0]):
        for x in range(size[1]):
            total = sum(
                int(pixels[i, j]) * shared(y * rows, (y + 1) * rows, i) * shared(x * columns, (x + 1) * columns, j)
                for i in range(pixels.shape[0])
                for j in range(pixels.shape[1])
            )
            image[y, x] = int(total / (rows * columns) + Fraction(1, 2))
    return image


@pytest.mark.parametrize(("old", "new"), [((9, 7), (4, 5)), ((8, 8), (4, 4)), ((5, 11), (5, 4))])
def test_smaller_images_are_averaged_over_areas(old, new):
    pixels = random_image(*old)
    np.testing.assert_array_equal(brought_to(pixels, new, "stretch"), averaged(pixels, new))


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("shape", [(8, 8), (30, 11), (11, 30), (300, 200), (3, 100), (1, 1), (24, 31)])
def test_the_result_has_the_size_and_colours_are_treated_alike(fit, shape):
    grey = random_image(*shape)
    result = brought_to(grey, (24, 31), fit)
    assert (result.shape, result.dtype) == ((24, 31), np.uint8)
    colours = brought_to(np.stack([grey, 255 - grey, grey], axis=2), (24, 31), fit)
    np.testing.assert_array_equal(colours[..., 0], result)
    np.testing.assert_array_equal(colours[..., 2], result)
    assert int(result.min()) >= int(grey.min()) - 60  # bicubic interpolation may overshoot


def test_what_has_the_size_stays_and_what_is_even_stays_even():
    pixels = random_image(24, 24, 3)
    for fit in FITS:
        assert brought_to(pixels, (24, 24), fit) is pixels
        for shape in ((9, 50, 3), (500, 333, 3)):
            assert (brought_to(np.full(shape, 137, np.uint8), (24, 24), fit) == 137).all()


def test_pad_keeps_all_and_fills_with_the_colour_of_the_border_and_crop_cuts_off():
    pixels = np.full((20, 60, 3), (10, 200, 30), np.uint8)
    pixels[8:12, 28:32] = 255
    padded, cropped = brought_to(pixels, (30, 30), "pad"), brought_to(pixels, (30, 30), "crop")
    assert (padded[0, 0] == (10, 200, 30)).all()
    assert (padded[-1, -1] == (10, 200, 30)).all()
    assert (padded == 255).all(axis=2).sum() == 4  # 4×4 at half the size
    assert (cropped == 255).all(axis=2).sum() >= 16  # at one and a half times the size


def test_the_bits_are_those_of_every_machine():
    digest = hashlib.sha256()
    for shape in ((64, 64, 3), (481, 640), (17, 90, 3), (20, 20)):
        for fit in FITS:
            digest.update(brought_to(random_image(*shape), (48, 32), fit).tobytes())
    assert digest.hexdigest() == "92381b9af7289b4b141d5355fc77d21c9281ca5b51c93614be086b903f495aa4"


def test_grey_and_colour():
    colours = random_image(5, 6, 3)
    grey = with_channels(colours, 1)
    expected = np.rint(colours @ np.array([0.299, 0.587, 0.114]))
    assert np.abs(grey - expected).max() <= 1
    assert with_channels(colours, 3) is colours
    np.testing.assert_array_equal(with_channels(grey, 3), np.stack([grey] * 3, axis=2))


def test_a_whole_image_is_neither_inverted_nor_cropped():
    whole = Preprocessing((28, 28), ground="dark", framing="whole")
    light = np.full((56, 56), 240, np.uint8)
    light[20:30, 10:20] = 8
    np.testing.assert_array_equal(whole.apply(light), light[::2, ::2])
    in_colour = Preprocessing((28, 28), framing="whole", channels=3, fit="stretch")
    assert in_colour.apply(light).shape == (28, 28, 3)
    assert whole.apply(np.zeros((28, 28), np.uint8)).shape == (28, 28)  # blank images are the caller's matter
