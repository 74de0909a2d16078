"""Each step from a decoded image to the network's input, by numbers that can be checked by hand."""

import numpy as np
import pytest

from lenet.errors import ImageError
from lenet.images.framing import (
    corners,
    estimate_background,
    find_object,
    is_light,
    place,
    reduce,
    scale_to_fit,
    stretch_contrast,
)


def with_corners(shape, values):
    """An image of which each corner, a twentieth of the edges, has its value, and everything else 99."""
    image = np.full(shape, 99, np.uint8)
    height, width = (max(1, round(edge / 20)) for edge in shape)
    image[:height, :width], image[:height, -width:], image[-height:, :width], image[-height:, -width:] = values
    return image


@pytest.mark.parametrize("shape", [(2, 2), (28, 28), (40, 100), (101, 30)])
def test_the_corners_are_a_twentieth_of_the_edges(shape):
    image = with_corners(shape, (10, 20, 30, 40))
    assert corners(image).tolist() == [[10, 20], [30, 40]]
    many = corners(np.stack([image, 255 - image]))
    assert many.tolist() == [[[10, 20], [30, 40]], [[245, 235], [225, 215]]]
    assert many.dtype == np.float32


def test_an_image_is_light_if_its_corners_are_on_average():
    assert is_light(with_corners((9, 9), (255, 255, 0, 1)))
    assert not is_light(with_corners((9, 9), (255, 255, 0, 0)))
    assert not is_light(with_corners((9, 9), (120, 120, 120, 120)), 120)
    assert is_light(with_corners((9, 9), (121, 120, 120, 120)), 120)


@pytest.mark.parametrize(("edge", "square"), [(255, 1), (256, 1), (257, 2), (512, 2), (513, 3)])
def test_an_image_is_reduced_to_256_pixels(edge, square):
    image = np.zeros((6, edge), np.uint8)
    image[:3] = 30
    reduced = reduce(image)
    assert reduced.shape == (-(-6 // square), -(-edge // square))
    assert reduced[0, 0] == 30


def test_the_background_is_even_unless_it_slopes_to_all_corners():
    even = np.full((20, 20), 50, np.uint8)
    even[0, 0] = 200  # an object that reaches into a corner
    background, noise = estimate_background(even)
    assert background.tolist() == [[50, 50], [50, 50]]
    assert noise == 0
    sloping = np.rint(np.linspace(20, 120, 40)[None, :] + np.zeros((40, 1))).astype(np.uint8)
    background, noise = estimate_background(sloping)
    assert background == pytest.approx(np.array([[21, 119], [21, 119]]), abs=1)
    assert noise < 15  # of an even background it would be ten times as much


def test_noise_is_three_standard_deviations_of_the_border():
    image = np.full((20, 20), 100, np.uint8)
    image[0, 1::2] = image[-1, 1::2] = image[1::2, 0] = image[1::2, -1] = 102
    image[0, 2::2] = image[-1, 2::2] = image[2::2, 0] = image[2::2, -1] = 98
    image[0, 0] = image[0, -1] = image[-1, 0] = image[-1, -1] = 100
    assert estimate_background(image)[1] == pytest.approx(3 * 1.4826 * 2)


def boxed(value, shape=(60, 80), top=20, left=30, height=10, width=15, ground=0):
    image = np.full(shape, ground, np.uint8)
    image[top : top + height, left : left + width] = value
    return image


def test_the_object_is_cropped_to_the_pixel_and_the_background_subtracted():
    image = boxed(200, ground=40)
    image[22, 33] = 60  # within the object, as pale as almost the background
    relief, noise = find_object(image, 1 / 4, "boot")
    assert (relief.shape, relief.dtype, noise) == ((10, 15), np.float32, 0)
    assert relief[0, 0] == relief[-1, -1] == 160
    assert relief[2, 3] == 20


@pytest.mark.parametrize(("pale", "is_part"), [(49, False), (50, False), (51, True)])
def test_what_rises_less_than_its_share_is_no_part_of_the_object(pale, is_part):
    image = boxed(200)
    image[40, 30] = pale
    relief, _ = find_object(image, 1 / 4, "boot")
    assert relief.shape == ((21, 15) if is_part else (10, 15))


@pytest.mark.parametrize(("contrast", "is_seen"), [(9, False), (10, True)])
def test_an_object_needs_ten_of_255_brightnesses(contrast, is_seen):
    if is_seen:
        assert find_object(boxed(contrast), 1 / 4, "boot")[0].max() == 10
    else:
        with pytest.raises(ImageError, match=r"^boot shows nothing: all pixels are alike\n") as caught:
            find_object(boxed(contrast), 1 / 4, "boot")
        assert caught.value.hint


def test_an_object_in_a_large_image_is_cropped_to_the_pixel_too(monkeypatch):
    image = boxed(200, (700, 900), 101, 203, 51, 77)
    relief, _ = find_object(image, 1 / 4, "boot")
    assert relief.shape == (51, 77)
    assert (relief == 200).all()
    monkeypatch.setattr("lenet.images.pixels.CHUNK", 30)
    assert np.array_equal(find_object(image, 1 / 4, "boot")[0], relief)


def test_an_object_that_touches_the_edges_is_whole():
    image = boxed(200, (60, 80), 0, 10, 60, 5)
    assert find_object(image, 1 / 4, "boot")[0].shape == (60, 5)


def test_an_image_becomes_smaller_by_averages_and_larger_by_interpolation(monkeypatch):
    pixels = np.arange(32, dtype=np.float32).reshape(4, 8)
    halved = scale_to_fit(pixels, (2, 9))
    assert halved.tolist() == [[4.5, 6.5, 8.5, 10.5], [20.5, 22.5, 24.5, 26.5]]
    monkeypatch.setattr("lenet.images.pixels.CHUNK", 8)
    assert np.array_equal(scale_to_fit(pixels, (2, 9)), halved)
    assert scale_to_fit(pixels, (99, 16)).shape == (8, 16)
    assert scale_to_fit(np.full((1, 2), 7, np.float32), (4, 4)).tolist() == [[7] * 4] * 2
    assert np.array_equal(scale_to_fit(pixels, (4, 8)), pixels)


@pytest.mark.parametrize(
    ("shape", "frame", "expected"),
    [
        ((1, 100), (20, 20), (1, 20)),
        ((100, 1), (20, 20), (20, 1)),
        ((30, 20), (10, 99), (10, 7)),
        ((3, 9), (9, 9), (3, 9)),
    ],
)
def test_proportions_are_kept_and_no_edge_vanishes(shape, frame, expected):
    assert scale_to_fit(np.ones(shape, np.float32), frame).shape == expected


def test_contrast_is_stretched_from_the_noise_to_the_brightest():
    pixels = np.array([[-5, 0, 10, 20, 110]], np.float32)
    assert stretch_contrast(pixels, 10).tolist() == [[0, 0, 0, 26, 255]]  # 25.5, to the even number
    assert stretch_contrast(pixels, 0).tolist() == [[0, 0, 23, 46, 255]]
    assert stretch_contrast(pixels, 100).tolist() == [
        [0, 0, 0, 0, 255]
    ]  # noise counts to a quarter of the peak at most
    assert stretch_contrast(np.zeros((1, 2), np.float32), 5).tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("size", "shape", "top", "left"),
    [((9, 9), (3, 3), 3, 3), ((9, 9), (4, 2), 3, 4), ((8, 10), (3, 10), 3, 0), ((4, 4), (4, 4), 0, 0)],
)
def test_a_box_is_in_the_middle_with_the_odd_row_or_column_above_or_left(size, shape, top, left):
    image = place(np.full(shape, 9, np.uint8), size, "box", fill=1)
    expected = np.full(size, 1, np.uint8)
    expected[top : top + shape[0], left : left + shape[1]] = 9
    assert image.tolist() == expected.tolist()


def test_by_mass_the_centre_of_mass_is_in_the_middle_as_far_as_there_is_room():
    pixels = np.zeros((3, 5), np.uint8)
    pixels[1, 0] = 200
    image = place(pixels, (9, 9), "mass")
    assert np.argwhere(image).tolist() == [[4, 4]]
    image = place(pixels, (9, 7), "mass")
    assert np.argwhere(image).tolist() == [[4, 2]]  # five columns have room for a start of two at most
    pixels[1, 4] = 100  # a third of the mass: the centre is at 4/3
    assert np.argwhere(place(pixels, (9, 9), "mass")).tolist() == [[4, 3], [4, 7]]
