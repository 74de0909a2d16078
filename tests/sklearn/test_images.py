"""From X to uint8 images: shapes, ranges and enlargement."""

import numpy as np
import pytest

from lenet.sklearn.images import WHOLE, ImageFormat, image_format, rows_and_shape, shape_of


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((1, 1), (28, 28)),
        ((2, 2), (28, 28)),
        ((3, 3), (27, 27)),
        ((8, 8), (32, 32)),
        ((16, 16), (32, 32)),
        ((28, 28), (28, 28)),
        ((28, 20), (28, 20)),
        ((4, 90), (90, 90)),  # too narrow for the network: padded
        ((2, 8), (32, 32)),
        ((32, 32, 3), (32, 32)),
        ((96, 96), (96, 96)),
    ],
)
def test_small_images_are_enlarged_and_narrow_ones_padded(shape, size):
    form = ImageFormat(shape, WHOLE)
    assert form.size == size
    images = form.images(np.ones((2, int(np.prod(shape))), np.uint8))
    assert images.shape == (2, *size, *shape[2:])
    assert images.sum() == 2 * np.prod(shape) * form.factor**2


def test_an_enlarged_image_repeats_its_pixels():
    form = ImageFormat((2, 2), WHOLE)
    image = form.images(np.array([[1, 2, 3, 4]], np.uint8))[0]
    np.testing.assert_array_equal(image, np.kron([[1, 2], [3, 4]], np.ones((14, 14))))


@pytest.mark.parametrize(
    ("rows", "pixel_range"),
    [
        (np.array([[0, 7], [200, 255]], np.uint8), WHOLE),
        (np.array([[0, 1]], np.bool_), WHOLE),
        (np.array([[0.0, 16.0]]), WHOLE),
        (np.array([[0.0, 0.5]]), (0, 0.5)),
        (np.array([[0, 256]]), (0, 256)),
        (np.array([[-1.0, 1.0]], np.float32), (-1, 1)),
        (np.array([[-3.5, -3.5]]), (-3.5, 0)),
        (np.array([[-1.7e308, 1.7e308]]), (-1.7e308, 1.7e308)),
    ],
)
def test_whole_numbers_to_255_stay_and_others_are_scaled_by_minimum_and_maximum(rows, pixel_range):
    assert image_format(rows, (1, 2), None).pixel_range == pixel_range


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
def test_whole_numbers_are_exact_in_any_type(dtype):
    rows = np.arange(256).reshape(1, 256)
    expected = ImageFormat((16, 16), WHOLE).images(rows.astype(np.uint8))
    np.testing.assert_array_equal(ImageFormat((16, 16), WHOLE).images(rows.astype(dtype)), expected)


def test_floats_that_are_bytes_over_255_are_exact():
    rows = np.arange(256).reshape(1, 256)
    expected = ImageFormat((16, 16), WHOLE).images(rows.astype(np.uint8))
    np.testing.assert_array_equal(image_format(rows / 255, (16, 16), None).images(rows / 255), expected)


@pytest.mark.parametrize("pixel_range", [(0.0, 1.0), (-1.7e308, 1.7e308), (-5.0, 1e-3)])
def test_numbers_outside_of_the_range_are_clipped(pixel_range):
    rows = np.array([[-1.7e308, pixel_range[0], pixel_range[1], 1.7e308]])
    pixels = ImageFormat((2, 2), pixel_range).images(rows)[0, ::14, ::14].ravel()
    assert pixels.tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("given", [(1, 0), (0, 0), (0,), "01", 3, (0, float("inf")), (0, float("nan")), ("a", "b")])
def test_a_range_that_is_none_is_refused(given):
    with pytest.raises(ValueError, match=r"pixel_range is .*; expected two numbers, the smaller first"):
        image_format(np.zeros((2, 2)), (1, 2), given)


def test_images_that_are_too_large_are_refused():
    with pytest.raises(ValueError, match="X has 9,409 features, images of 97×97 pixels; expected at most 96×96"):
        image_format(np.zeros((1, 97 * 97)), (97, 97), None)


@pytest.mark.parametrize(
    ("num_features", "given", "shape"),
    [
        (1, None, (1, 1)),
        (2, None, (2, 2)),
        (784, None, (28, 28)),
        (785, None, (29, 29)),
        (12, (3, 4), (3, 4)),
        (12, [2, 2, 3], (2, 2, 3)),
        (12, (3, 4, 1), (3, 4)),
    ],
)
def test_rows_are_the_smallest_square_or_as_given(num_features, given, shape):
    assert shape_of(num_features, given) == shape


@pytest.mark.parametrize("given", [(3,), (3, 5), (2, 2, 2), (0, 12), (-3, -4), "3x4", 12, (3.0, 4.0), (1, 2, 2, 3)])
def test_a_shape_that_is_none_is_refused(given):
    with pytest.raises(ValueError, match="image_shape is"):
        shape_of(12, given)


@pytest.mark.parametrize(
    ("given", "shape"),
    [
        ((5, 7, 6), (7, 6)),
        ((5, 7, 6, 1), (7, 6)),
        ((5, 1, 7, 6), (7, 6)),
        ((5, 7, 6, 3), (7, 6, 3)),
        ((5, 3, 7, 6), (7, 6, 3)),
        ((5, 3, 3, 3), (3, 3, 3)),  # channels last
    ],
)
def test_images_become_rows(given, shape):
    rows, found = rows_and_shape(np.zeros(given))
    assert found == shape
    assert rows.shape == (5, np.prod(shape))


def test_channels_first_and_last_are_the_same_rows():
    images = np.random.default_rng(0).random((4, 6, 5, 3))
    rows, _ = rows_and_shape(images)
    np.testing.assert_array_equal(rows_and_shape(np.moveaxis(images, 3, 1))[0], rows)


@pytest.mark.parametrize("shape", [(2, 4, 4, 2), (2, 0, 4), (2, 3, 4, 4, 3), (2, 4, 4, 4)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="X has the shape"):
        rows_and_shape(np.zeros(shape))
