import numpy as np
import pytest

from lenet.errors import ImageError
from lenet.images.levels import to_8_bits

DIGIT = np.random.RandomState(0).randint(0, 256, (28, 28)).astype(np.uint8)
DIGIT[0], DIGIT[1] = 0, 255  # as images are: with black and white in them


@pytest.mark.parametrize(
    "values",
    [
        DIGIT,
        DIGIT.astype(np.int64),
        DIGIT.astype(np.float64),
        DIGIT / 255,
        (DIGIT / 255).astype(np.float16),
        (DIGIT / 255).astype(np.float32) * 2 - 1,
        (DIGIT / 255 - 0.1307) / 0.3081,
        ((DIGIT / 255 - 0.1307) / 0.3081).astype(np.float32),
        (DIGIT / 255 - 0.2860) / 0.3530,
        DIGIT / 255 * 7 - 3,
        DIGIT * 1e6,
        DIGIT.astype(np.uint16) * 257,
        DIGIT.astype(">u2"),
        (DIGIT.astype(int) - 128).astype(np.int8),
    ],
)
def test_the_range_is_taken_from_what_is_there(values):
    np.testing.assert_array_equal(to_8_bits(values, ""), DIGIT)
    np.testing.assert_array_equal(to_8_bits(np.stack([values] * 3), "")[1], DIGIT)


@pytest.mark.parametrize(("mean", "std"), [(0.1307, 0.3081), (0.2860, 0.3530)])
def test_a_standardised_image_need_not_hold_white(mean, std):
    dark = DIGIT // 3
    np.testing.assert_array_equal(to_8_bits((dark / 255 - mean) / std, ""), dark)


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_a_camera_may_use_some_bits_of_16(bits, dtype):
    levels = np.linspace(100, 2**bits - 24, 784).reshape(28, 28).astype(dtype)
    pixels = to_8_bits(levels, "").astype(int)
    assert pixels.max() > 240
    np.testing.assert_allclose(pixels, levels * (255 / (2**bits - 1)), atol=0.51)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.uint16, np.int64, np.float32])
def test_a_mask_is_black_and_white(dtype):
    mask = DIGIT > 128
    np.testing.assert_array_equal(to_8_bits(mask.astype(dtype), ""), 255 * mask)
    assert not to_8_bits(np.zeros((5, 5), dtype), "").any()


def test_scikit_learns_digits_have_17_levels():
    levels = (DIGIT / 255 * 16).round()
    for dtype in (np.float64, np.int64):
        np.testing.assert_array_equal(to_8_bits(levels.astype(dtype), ""), np.rint(levels * (255 / 16)))


def test_interpolation_may_overshoot():
    for white in (1, 255):
        values = (DIGIT / 255 * 1.06 - 0.03) * white
        np.testing.assert_array_equal(to_8_bits(values, ""), np.rint((values * (255 / white)).clip(0, 255)))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.full((9, 9), np.nan), "NaN, infinite"),
        (np.where(DIGIT > 9, np.inf, 0.0), "NaN, infinite"),
        (DIGIT.astype(complex), "no numbers"),
        (DIGIT.astype(str), "no numbers"),
        (DIGIT.astype(object), "no numbers"),
        (
            np.where(DIGIT.size == DIGIT, 0, 1) * np.arange(784).reshape(28, 28).clip(782) * 1e9,
            "nearly all of them alike",
        ),
        (np.full((9, 9), -7.0), "nearly all of them alike"),
    ],
)
def test_what_no_image_has_is_refused(values, words):
    with pytest.raises(ImageError, match=words) as caught:
        to_8_bits(values, "boot")
    assert "boot" in caught.value.message
    assert "standardised" in caught.value.hint
