"""Augmentation as it is drawn and applied in NumPy; tests/engines compares it with PyTorch and with the kernels."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.configuration import configure
from lenet.data.augmentation import ERASED, MOST_MAP, MOST_TONE, ONE, Augmentation, augmented, draw
from lenet.data.plan import plan

EVERYTHING = {"augment": "strong", "flip": True}
SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 12), st.integers(1, 12)) | st.tuples(
    st.just(3), st.integers(1, 9), st.integers(1, 9), st.just(3)
)


def random_images(shape, seed):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def identity(count):
    return np.tile(np.array([[ONE, 0], [0, ONE]], np.int32), (count, 1, 1))


@given(SHAPES, st.integers(0, 99))
def test_identities_leave_images_untouched(shape, seed):
    images = random_images(shape, seed)
    tones = np.tile(np.array([ONE, 0], np.int32), (len(images), 1))
    nothing = Augmentation(identity(len(images)), tones, np.zeros((len(images), 4), np.int32))
    assert np.array_equal(augmented(images, nothing, None, None, 77), images)


@given(SHAPES, st.integers(0, 99))
def test_flips_and_shifts_move_whole_pixels(shape, seed):
    images = random_images(shape, seed)
    random = np.random.default_rng(seed + 1)
    flips, shifts = random.random(len(images)) < 0.5, random.integers(-13, 14, (len(images), 2))
    found = augmented(images, Augmentation(identity(len(images))), flips, shifts, 0)
    for image, flip, (down, right), moved in zip(images, flips, shifts, found, strict=True):
        height, width = image.shape[:2]
        padded = np.zeros((height + 26, width + 26, *image.shape[2:]), np.uint8)
        padded[13 + down : 13 + down + height, 13 + right : 13 + right + width] = image[:, ::-1] if flip else image
        assert np.array_equal(moved, padded[13:-13, 13:-13])


@pytest.mark.parametrize("size", [7, 8])
def test_a_quarter_turn_is_clockwise(size):
    """The map of a pixel says where it comes from: the one on the right comes from above."""
    images = random_images((1, size, size), 0)
    quarter = np.array([[[0, -ONE], [ONE, 0]]], np.int32)
    assert np.array_equal(augmented(images, Augmentation(quarter), None, None, 0)[0], np.rot90(images[0], -1))


def test_tones_follow_the_formula():
    images = random_images((20, 9, 11), 3)
    drawn = draw(configure("fast", brightness=0.4, contrast=0.5), 0, 20)
    found = augmented(images, drawn, None, None, 0)
    gain, lift = (drawn.tones.T / ONE)[..., None, None]
    exact = np.clip(gain * images + lift * images.mean(axis=(1, 2), keepdims=True), 0, 255)
    assert np.abs(found - exact).max() <= 0.5 + 0.5 * np.abs(lift).max()  # the mean is rounded too
    assert np.abs(found - exact).max() > 0.3


def test_erased_pixels_are_grey_and_the_others_untouched():
    images = random_images((200, 28, 20), 4)
    drawn = draw(configure("fast", erasing=0.5), 0, 200)
    found = augmented(images, drawn, None, None, 93)
    shares = []
    for image, changed, edges in zip(images, found, drawn.erased / ONE, strict=True):
        top, bottom = np.floor(edges[[0, 2]] * 28 + 0.5).astype(int)
        left, right = np.floor(edges[[1, 3]] * 20 + 0.5).astype(int)
        expected = image.copy()
        expected[top:bottom, left:right] = 93
        assert np.array_equal(changed, expected)
        shares.append((edges[2] - edges[0]) * (edges[3] - edges[1]))
    assert 0.4 < np.mean(np.array(shares) > 0) < 0.6


def test_the_distributions_of_maps():
    """Turn, size and slant are those of the maps, uniform between their limits."""
    drawn = draw(configure("fast", rotation=30, scale=0.2, shear=20), 0, 20_000)
    forward = np.linalg.inv(drawn.maps / ONE)[:, ::-1, ::-1]  # in the order right, down
    sizes = np.sqrt(np.linalg.det(forward))
    angles = np.rad2deg(np.arctan2(forward[:, 1, 0], forward[:, 0, 0]))
    slants = np.rad2deg(np.arctan(np.einsum("ni,ni->n", forward[:, :, 0], forward[:, :, 1]) / sizes**2))
    for values, low, high in ((sizes, 0.8, 1.2), (angles, -30, 30), (slants, -20, 20)):
        assert values.min() == pytest.approx(low, abs=(high - low) / 1000)
        assert values.max() == pytest.approx(high, abs=(high - low) / 1000)
        assert values.mean() == pytest.approx((low + high) / 2, abs=(high - low) / 100)
        assert values.std() == pytest.approx((high - low) / 12**0.5, rel=0.02)


@pytest.mark.parametrize("most", [0.01, 0.2, 0.99])
def test_the_distribution_of_rectangles(most):
    edges = draw(configure("fast", erasing=most), 0, 20_000).erased / ONE
    assert edges.min() >= 0
    assert edges.max() <= 1
    height, width = (edges[:, 2:] - edges[:, :2]).T
    erased = height > 0
    assert erased.mean() == pytest.approx(ERASED, abs=0.02)
    areas, ratios = (height * width)[erased], np.log(height[erased] / width[erased])
    least = min(0.02, most)
    assert areas.min() >= least - 1e-4
    assert areas.max() <= most + 1e-4
    assert areas.mean() == pytest.approx((least + most) / 2, abs=0.01)
    assert ratios.mean() == pytest.approx(0, abs=0.03)
    assert np.abs(ratios).max() <= np.log(10 / 3) + 0.02


def test_nothing_is_drawn_where_nothing_is_on():
    assert draw(configure("fast", flip=True, shift=2), 0, 10) is None
    assert [
        name for name, value in vars(draw(configure("fast", contrast=0.1), 0, 10)).items() if value is not None
    ] == ["tones"]


def test_order_flips_and_shifts_do_not_depend_on_it():
    plain, more = (plan(configure("fast", flip=True, shift=2, **given), 3, 100) for given in ({}, {"rotation": 9}))
    for name in ("order", "flips", "shifts"):
        assert np.array_equal(getattr(plain, name), getattr(more, name))


@pytest.mark.parametrize(
    ("alone", "name"),
    [({"rotation": 15.0, "scale": 0.15, "shear": 10.0}, "maps"), ({"brightness": 0.2, "contrast": 0.2}, "tones")],
)
def test_settings_do_not_change_each_others_numbers(alone, name):
    assert np.array_equal(
        getattr(draw(configure("fast", **alone), 1, 50), name),
        getattr(draw(configure("fast", **EVERYTHING), 1, 50), name),
    )


def test_the_numbers_follow_from_seed_and_epoch():
    one, again, later, other = (
        draw(configure("fast", seed=seed, **EVERYTHING), epoch, 50) for seed, epoch in ((5, 2), (5, 2), (5, 3), (6, 2))
    )
    for name in ("maps", "tones", "erased"):
        assert np.array_equal(getattr(one, name), getattr(again, name))
        assert not np.array_equal(getattr(one, name), getattr(later, name))
        assert not np.array_equal(getattr(one, name), getattr(other, name))


def test_the_numbers_do_not_change_between_versions():
    """A run that is resumed under another version must have the same augmentation."""
    drawn = draw(configure("fast", **EVERYTHING), 0, 3)
    assert {name: values[0].tolist() for name, values in vars(drawn).items()} == OF_SEED_0


def test_the_largest_settings_stay_within_what_the_kernels_compute_with():
    drawn = draw(configure("fast", rotation=180, scale=0.9, shear=45, brightness=0.99, contrast=0.99), 0, 200_000)
    assert MOST_MAP / 2 < np.abs(drawn.maps).max() <= MOST_MAP
    assert MOST_TONE / 2 < np.abs(drawn.tones).max() <= MOST_TONE


def test_a_part_is_that_of_its_positions():
    config = configure("fast", batch_size=8, **EVERYTHING)
    whole = plan(config, 0, 30)
    images = random_images((30, 10, 10), 0)
    at_once = whole.augmented(images, slice(0, 30), 50)
    parts = [whole.augmented(images, whole.batch(step), 50) for step in range(whole.num_steps)]
    assert np.array_equal(np.concatenate(parts), at_once)
    unflipped = dataclasses.replace(whole, flips=None)
    assert not np.array_equal(unflipped.augmented(images, slice(0, 30), 50), at_once)


OF_SEED_0 = {"maps": [[72954, -17235], [9518, 74777]], "tones": [64834, 1854], "erased": [19950, 54417, 45415, 63185]}
