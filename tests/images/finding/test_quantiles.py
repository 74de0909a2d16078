"""Medians and quantiles against NumPy's."""

import numpy as np
import pytest

from lenet.images.finding.quantiles import median, quantile


@pytest.mark.parametrize("count", [1, 2, 3, 10, 101, 1000])
def test_they_are_those_of_numpy(count):
    values = np.random.default_rng(count).normal(size=count).astype(np.float32)
    assert median(values) == pytest.approx(np.median(values))
    for share in (0, 0.1, 0.9, 0.95, 0.99, 1):
        assert quantile(values, share) == pytest.approx(np.quantile(values, share), abs=1e-6)


def test_the_shape_does_not_matter_and_nothing_is_changed():
    values = np.arange(12, dtype=np.float32)[::-1].reshape(3, 4)
    assert quantile(values, 0.5) == 5.5
    assert values.ravel().tolist() == list(range(11, -1, -1))
