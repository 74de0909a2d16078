"""NumPy's sums, means and quantiles in JavaScript, bit for bit."""

import numpy as np
import pytest
from javascript import called

from lenet.images.finding import quantiles

pytestmark = pytest.mark.node
NUMBERS = "images/numbers.js"


def floats(*shape):
    return (np.random.default_rng(len(shape)).standard_normal(shape) * 90).astype(np.float32)


ARRAYS = [floats(count) for count in (1, 2, 7, 8, 9, 64, 127, 128, 129, 136, 255, 300, 1000, 4097, 50_176)]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("sum32", np.sum),
        ("mean32", np.mean),
        ("std32", np.std),
        ("median", quantiles.median),
        ("largest", np.max),
        ("smallest", np.min),
        ("argmax", np.argmax),
    ],
)
def test_a_number_of_a_whole_array(function, expected):
    results = called([(NUMBERS, function, [values]) for values in ARRAYS])
    assert results == [float(expected(values)) for values in ARRAYS]


def test_sums_of_doubles():
    doubles = [values.astype(np.float64) * np.pi for values in ARRAYS]
    assert called([(NUMBERS, "sum64", [values]) for values in doubles]) == [values.sum() for values in doubles]


def test_quantiles_and_partitions():
    few = np.array([3, 1, 1, 2, 3, 3, 0, 1], np.float32)
    shares = [(values, share) for values in (*ARRAYS, few) for share in (0.0, 0.25, 0.9, 0.99, 1.0)]
    results = called([(NUMBERS, "quantile", [values, share]) for values, share in shares])
    assert results == [quantiles.quantile(values, share) for values, share in shares]
    for values in (*ARRAYS, few):
        position = len(values) // 3
        (parted,) = called([(NUMBERS, "partition", [values, position])])
        assert np.array_equal(np.sort(parted), np.sort(values))
        assert parted[position] == np.sort(values)[position]
        assert parted[: position + 1].max() == parted[position] == parted[position:].min()


@pytest.mark.parametrize("shape", [(1, 4), (7, 3), (300, 3), (1000, 2), (129, 40), (300, 1), (9, 1)])
def test_sums_and_means_along_the_first_axis(shape):
    values = floats(*shape)
    sums, means = called([(NUMBERS, f"column{what}32", [values.ravel(), shape[1]]) for what in ("Sums", "Means")])
    assert np.array_equal(sums, values.sum(axis=0))
    assert np.array_equal(means, values.mean(axis=0))
    assert np.array_equal(sums, values.reshape(shape[0], 1, shape[1]).sum(axis=(0, 1)))


def test_whole_numbers():
    values = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4999999, 7.0, -3.2, 254.5]
    assert called([(NUMBERS, "rint", [value]) for value in values]) == [float(np.rint(value)) for value in values]
    numbers = np.array([3, 0, 3, 5, 1], np.int32)
    weights = floats(5)
    counts, summed, order = called(
        [
            (NUMBERS, "bincount", [numbers, None, 8]),
            (NUMBERS, "bincount", [numbers, weights]),
            (NUMBERS, "argsort", [numbers]),
        ]
    )
    assert np.array_equal(counts, np.bincount(numbers, minlength=8))
    assert np.array_equal(summed, np.bincount(numbers, weights))
    assert order == np.argsort(numbers, kind="stable").tolist()
