import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.configuration import configure
from lenet.data.dataset import Dataset
from lenet.data.mapped import is_mapped
from lenet.data.plan import held_out, learning_rates, plan


@given(st.integers(1, 500), st.integers(1, 300), st.integers(0, 2**32), st.integers(0, 50))
def test_an_epoch_has_every_image_once(num_images, batch_size, seed, epoch):
    config = configure("book-sgd", batch_size=batch_size, seed=seed)
    one = plan(config, epoch, num_images)
    order = np.concatenate([one.order[one.batch(step)] for step in range(one.num_steps)])
    assert sorted(order) == list(range(num_images))
    assert {len(one.order[one.batch(step)]) for step in range(one.num_steps - 1)} <= {batch_size}


def test_a_plan_depends_only_on_seed_and_epoch():
    config = configure("fast", flip=True, shift=2, seed=3)
    np.random.seed(1)
    first = plan(config, 4, 1000)
    np.random.seed(2)
    again = plan(config, 4, 1000)
    for name in ("order", "flips", "shifts", "learning_rates"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.order, plan(config, 5, 1000).order)
    assert not np.array_equal(first.order, plan(configure("fast", seed=4), 4, 1000).order)


def test_the_order_does_not_change_between_versions():
    """A run that is resumed under another version must have the same order."""
    assert plan(configure("fast", seed=0), 0, 10).order.tolist() == ORDER_OF_SEED_0
    assert plan(configure("fast", seed=7), 3, 10).order.tolist() == ORDER_OF_SEED_7


def test_distribution_of_flips_and_shifts():
    one = plan(configure("fast", flip=True, shift=2), 0, 20_000)
    assert one.flips.mean() == pytest.approx(0.5, abs=0.02)
    values, counts = np.unique(one.shifts, return_counts=True)
    assert values.tolist() == [-2, -1, 0, 1, 2]
    assert counts / counts.sum() == pytest.approx(0.2, abs=0.01)
    plain = plan(configure("fast"), 0, 100)
    assert plain.flips is None
    assert plain.shifts is None


def test_one_cycle_rises_for_three_tenths_and_falls_to_zero():
    config = configure("fast", epochs=10, learning_rate=0.01, batch_size=10)
    rates = np.concatenate([learning_rates(config, epoch, 1000) for epoch in range(10)])
    assert len(rates) == 1000
    assert rates[0] == pytest.approx(0.01 / 25, rel=0.01)
    assert rates.max() == pytest.approx(0.01, rel=1e-4)
    assert 298 <= rates.argmax() <= 301
    assert rates[-1] < 1e-7
    assert np.all(np.diff(rates[:300]) > 0)
    assert np.all(np.diff(rates[301:]) < 0)


def all_rates(**settings):
    config = configure("fast", epochs=10, learning_rate=0.01, batch_size=10, **settings)
    return np.concatenate([learning_rates(config, epoch, 1000) for epoch in range(10)])


def test_cosine_is_half_a_cosine_from_the_peak_to_zero():
    rates = all_rates(schedule="cosine")
    middles = (np.arange(1000) + 0.5) / 1000
    np.testing.assert_allclose(rates, 0.01 * np.cos(np.pi * middles / 2) ** 2, atol=1e-12)
    assert rates[-1] < 1e-7


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_a_warm_up_rises_in_a_straight_line_from_zero(schedule):
    rates = all_rates(schedule=schedule, warm_up=0.2)
    np.testing.assert_allclose(rates[:200], 0.01 * (np.arange(200) + 0.5) / 200)
    assert rates[200] == pytest.approx(0.01, rel=1e-4)
    if schedule == "constant":
        assert rates[200:].tolist() == [0.01] * 800
    else:
        assert np.all(np.diff(rates[200:]) < 0)
        assert rates[600] == pytest.approx(0.005, rel=0.01)
        assert rates[-1] < 1e-7


def test_a_constant_rate_is_constant():
    assert learning_rates(configure("book-sgd"), 3, 1000).tolist() == [0.9] * 4


@given(st.integers(2, 500), st.integers(0, 1000), st.data())
def test_held_out_images_are_no_training_images(num_images, seed, data):
    validation = data.draw(st.integers(0, num_images - 1))
    held = held_out(configure("fast", validation=validation, seed=seed), num_images)
    assert len(held) == validation
    shuffled = np.random.default_rng([1, seed]).permutation(num_images)
    assert held.tolist() == sorted(shuffled[:validation].tolist())
    images = np.arange(num_images).astype(np.uint8).reshape(-1, 1, 1)
    whole = Dataset("toy", images, np.arange(num_images) % 2, ("a", "b"))
    others = np.setdiff1d(np.arange(num_images), held)
    assert np.array_equal(whole.without(held).images, images[others])
    assert np.array_equal(whole.without(held).labels, others % 2)


@pytest.mark.parametrize(
    ("num_images", "validation", "seed", "sha256"),
    [
        (60_000, 10_000, 0, "6118660ab99c6452"),
        (70_000, 37, 3, "93fcdeef666ae68c"),
        (3_000_000, 1000, 1, "a946b9f43b10b801"),
    ],
)
def test_held_out_images_are_those_of_earlier_versions(num_images, validation, seed, sha256):
    held = held_out(configure("fast", validation=validation, seed=seed), num_images)
    assert hashlib.sha256(held.astype("<i8").tobytes()).hexdigest()[:16] == sha256


def test_held_out_images_depend_on_the_seed():
    one, two = (held_out(configure("fast", validation=100, seed=seed), 1000) for seed in (1, 2))
    assert not np.array_equal(one, two)


ORDER_OF_SEED_0 = [4, 6, 2, 7, 3, 5, 9, 0, 8, 1]
ORDER_OF_SEED_7 = [4, 8, 3, 6, 2, 1, 9, 5, 7, 0]


def test_many_images_have_the_same_plan_in_small_types(monkeypatch, tmp_path):
    config = configure("fast", flip=True, shift=2, validation=37, augment="strong", erasing=0.3, seed=3)
    usual, held = plan(config, 1, 1001), held_out(config, 1001)
    monkeypatch.setattr("lenet.data.plan.MANY", 100)
    monkeypatch.setattr("lenet.data.plan.PART", 64)
    monkeypatch.setattr("lenet.data.augmentation.MANY", 100)
    monkeypatch.setattr("lenet.data.mapped.SCRATCH", 100)
    monkeypatch.setenv("LENET_CACHE", str(tmp_path))
    many = plan(config, 1, 1001)
    assert (many.order.dtype, many.shifts.dtype) == (np.int32, np.int8)
    assert is_mapped(many.order)
    assert is_mapped(many.shifts)
    for name in ("order", "flips", "shifts"):
        np.testing.assert_array_equal(getattr(many, name), getattr(usual, name))
    for positions in (slice(0, 64), slice(64, 777), slice(777, 2000)):
        for name in ("maps", "tones", "erased"):
            drawn = getattr(many.augmentation.part(positions), name)
            np.testing.assert_array_equal(drawn, getattr(usual.augmentation, name)[positions])
    many_held = held_out(config, 1001)
    np.testing.assert_array_equal(many_held, held)
    assert many_held.dtype == np.int64
    labels = np.arange(1001) % 7
    np.testing.assert_array_equal(many.ordered(labels), labels[usual.order])
