"""What is varied, and the pictures that are made for it."""

import numpy as np
import pytest

from lenet.analysis.lab.experiments import COMPARISONS, noisy, permuted, strangers
from lenet.config import configure
from lenet.models import build


@pytest.mark.parametrize("name", COMPARISONS)
def test_every_variation_can_be_built_and_they_differ(name):
    comparison = COMPARISONS[name]
    configs = {}
    for label, settings in comparison.variations.items():
        configs[label] = configure(comparison.recipe, **settings)
        fields = ("kernel_size", "channels", "hidden", "activation", "pooling", "padding")
        build(configs[label].model, **{field: getattr(configs[label], field) for field in fields})
    assert len(set(configs.values())) == len(configs) - len(comparison.permuted)
    assert {name for pair in comparison.pairs for name in pair} <= set(configs)
    assert set(comparison.permuted) <= set(configs)


def test_all_pictures_get_the_same_other_order_of_pixels(tiny):
    other = permuted(tiny)
    for before, after in zip(tiny, other, strict=True):
        assert (before.labels == after.labels).all()
        assert (np.sort(before.images.reshape(len(before), -1)) == np.sort(after.images.reshape(len(after), -1))).all()
    positions = np.arange(784, dtype=np.int64)
    order = np.random.default_rng(0).permutation(positions)
    assert (other.train.images.reshape(-1, 784) == tiny.train.images.reshape(-1, 784)[:, order]).all()
    assert (order != positions).mean() > 0.99
    assert other.name == "toy-permuted"
    assert other.fingerprint != tiny.fingerprint


def test_noise_has_the_deviation_it_says(tiny):
    grey = np.full((200, 28, 28), 128, np.uint8)
    values = noisy(grey, 20).astype(float)
    assert abs(values.std() - 20) < 0.2
    assert abs(values.mean() - 128) < 0.2
    assert (noisy(grey, 20) == noisy(grey, 20)).all()
    wide = noisy(tiny.test.images, 500)
    assert (wide.min(), wide.max()) == (0, 255)


def test_strangers_are_pictures_of_the_same_size(tiny):
    kinds = strangers(tiny.test, tiny.train)
    assert next(iter(kinds)) == "toy, its own"
    for images in kinds.values():
        assert images.dtype == np.uint8
        assert images.shape[1:] == (28, 28)
        assert images.flags.c_contiguous
    assert (kinds["toy, upside down"][3, 0] == tiny.test.images[3, -1]).all()
    assert (kinds["one grey all over"].reshape(256, -1).std(axis=1) == 0).all()
