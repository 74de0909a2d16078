"""Components against a flood fill, and what is known of each."""

import numpy as np
import pytest

from lenet.images.finding.components import box_of, filled, label


def flooded(mask):
    """The number of each pixel's component, by a flood fill; pixels that touch at a corner belong together."""
    numbers, count = np.full(mask.shape, -1), 0
    for start in map(tuple, np.argwhere(mask)):
        if numbers[start] >= 0:
            continue
        numbers[start], rest = count, [start]
        while rest:
            y, x = rest.pop()
            around = (slice(max(0, y - 1), y + 2), slice(max(0, x - 1), x + 2))
            for down, across in np.argwhere(mask[around] & (numbers[around] < 0)):
                neighbour = (down + around[0].start, across + around[1].start)
                numbers[neighbour] = count
                rest.append(neighbour)
        count += 1
    return numbers, count


@pytest.mark.parametrize("seed", range(60))
def test_components_are_those_of_a_flood_fill(seed):
    rng = np.random.default_rng(seed)
    mask = rng.random(rng.integers(1, 20, 2)) < rng.random()
    components, (numbers, count) = label(mask), flooded(mask)
    assert len(components) == count
    assert np.array_equal(components.labels, numbers)
    for number in range(count):
        y, x = np.nonzero(numbers == number)
        assert components.areas[number] == len(y)
        assert components.boxes[number].tolist() == [y.min(), y.max() + 1, x.min(), x.max() + 1]
        sides = (y == 0, y == mask.shape[0] - 1, x == 0, x == mask.shape[1] - 1)
        assert components.contacts[number].tolist() == [side.sum() for side in sides]


def test_a_spiral_is_one_component():
    mask = np.zeros((9, 9), bool)
    mask[0] = mask[:, -1] = mask[-1] = mask[2:, 0] = mask[2, :7] = mask[2:7, 6] = mask[6, 2:7] = mask[4:7, 2] = True
    assert len(label(mask)) == 1
    assert len(label(~mask)) == 1


def test_chosen_components_and_sums_over_them():
    mask = np.array([[1, 1, 0, 1], [0, 0, 0, 1], [1, 0, 0, 0]], bool)
    components = label(mask)
    assert components.sums(np.arange(12, dtype=np.float32).reshape(3, 4)).tolist() == [1, 10, 8]
    assert components.sizes.tolist() == [2, 2, 1]
    assert np.array_equal(components.keep(components.areas > 1), mask & (np.arange(3) < 2)[:, None])
    assert not components.keep(np.zeros(3, bool)).any()


def test_holes_are_filled_and_bays_are_not():
    mask = np.zeros((6, 9), bool)
    mask[1:5, 1:5] = mask[1:5, 6:] = True
    mask[2:4, 2:4] = mask[2:4, 8] = False
    expected = mask.copy()
    expected[2:4, 2:4] = True
    assert np.array_equal(filled(mask), expected)
    assert box_of(mask) == (1, 5, 1, 9)


def test_an_empty_mask_has_no_components():
    assert len(label(np.zeros((3, 4), bool))) == 0
