"""Groups of images in constant memory: those that a dictionary of all hashes, and arrays of all pairs, give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.data import duplicates, exact_groups, mapped, near_groups


@pytest.fixture
def is_large(tmp_path, monkeypatch):
    """Whatever grows with the images lies in files, and is compared a few at a time."""
    monkeypatch.setenv("LENET_CACHE", str(tmp_path))
    monkeypatch.setattr(mapped, "SCRATCH", 1)
    monkeypatch.setattr(exact_groups, "AT_ONCE", 7)
    monkeypatch.setattr(near_groups, "AT_ONCE", 11)
    monkeypatch.setattr(near_groups, "TILE", 5)
    monkeypatch.setattr(near_groups, "TILES", 3)


def by_dictionary(hashes):
    """For each hash, the index of the first equal one."""
    first = {}
    return [first.setdefault(each.tobytes(), index) for index, each in enumerate(hashes)]


def by_arrays(groups, small):
    """`near_groups` with every number of every image in memory, and a loop over all pairs."""
    first_ones = np.flatnonzero(groups == np.arange(len(groups)))
    small = small.reshape(len(small), -1)[first_ones]
    joined = groups.copy()

    def root(index):
        while joined[index] != index:
            index = joined[index]
        return index

    mean, std = small.mean(axis=1, dtype=np.float32), small.std(axis=1, dtype=np.float32)
    directions = np.random.default_rng(0).standard_normal((small.shape[1], 240)).astype(np.float32)
    centre = small.mean(axis=0, dtype=np.float32)
    values = (small - mean[:, None]) / np.maximum(std, 1.0)[:, None] - (centre - centre.mean()) / max(centre.std(), 1.0)
    signs = values @ directions > 0
    keys = (signs.reshape(-1, 20) @ 2 ** np.arange(20)).reshape(-1, 12)
    for table in range(12):
        order = np.lexsort((np.arange(len(small)), keys[:, table]))
        for place, a in enumerate(order):
            for b in order[place + 1 : place + 17]:
                if keys[a, table] != keys[b, table]:
                    break
                if (signs[a, :64] != signs[b, :64]).sum() > 14 or min(std[a], std[b]) < 1:
                    continue
                covariance = (small[a].astype(float) @ small[b]) / small.shape[1] - mean[a] * mean[b]
                alike = covariance / (std[a] * std[b])
                square = std[a] ** 2 + std[b] ** 2 - 2 * covariance + (mean[a] - mean[b]) ** 2
                if alike >= 0.998 or (alike >= 0.95 and square <= 9):
                    one, other = root(first_ones[a]), root(first_ones[b])
                    joined[max(one, other)] = min(one, other)
    return [root(index) for index in range(len(joined))]


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 9))
def test_equal_hashes_are_found_in_parts(numbers, at_once):
    random = np.random.default_rng(0).integers(0, 256, (10, 16), np.uint8)
    random[5:, :8] = random[0, :8]  # that differ only in their second half
    hashes = random[np.array(numbers, np.int64)]
    with pytest.MonkeyPatch.context() as change:
        change.setattr(exact_groups, "AT_ONCE", at_once)
        assert exact_groups.exact_groups(hashes).tolist() == by_dictionary(hashes)


@settings(deadline=None, max_examples=15)
@given(st.integers(2, 120), st.integers(0, 2**32 - 1), st.sampled_from([(16, 16), (16, 16, 3)]), st.integers(2, 40))
def test_nearly_equal_images_are_found_in_parts(count, seed, shape, tile):
    random = np.random.default_rng(seed)
    originals = random.integers(0, 256, (max(1, count // 3), 4, 4, *shape[2:])).repeat(4, axis=1).repeat(4, axis=2)
    small = originals[random.integers(0, len(originals), count)] + random.integers(-6, 7, (count, *shape))
    small = np.clip(small * random.choice([1, 1, 0.8, 0], (count, *[1] * len(shape))), 0, 255).astype(np.uint8)
    groups = np.array(by_dictionary(duplicates.digests(small)), np.int64)
    with pytest.MonkeyPatch.context() as change:
        change.setattr(near_groups, "TILE", tile)
        change.setattr(near_groups, "TILES", 1)
        assert near_groups.near_groups(groups, small).tolist() == by_arrays(groups, small)


def test_a_large_set_in_files_has_the_groups_of_one_in_memory(is_large, monkeypatch):
    random = np.random.default_rng(1)
    images = random.integers(0, 256, (300, 5, 5), np.uint8).repeat(5, axis=1).repeat(5, axis=2)
    images[200:250], images[250:] = images[:50], images[50:100] // 2 + 60
    seen = []

    def watch(title, total):
        seen.append((title, total))
        return seen.append

    same, near = duplicates.both_groups(images, watch)
    assert same.tolist() == [*range(200), *range(50), *range(250, 300)]
    assert near.tolist() == [*range(200), *range(100)]
    assert seen[0] == ("comparing", 12 * 250)
    assert sum(seen[1:]) == 12 * 250
    monkeypatch.undo()
    assert [each.tolist() for each in duplicates.both_groups(images)] == [same.tolist(), near.tolist()]


def test_one_image_and_none():
    assert duplicates.duplicate_groups(np.zeros((1, 28, 28), np.uint8)).tolist() == [0]
    assert duplicates.duplicate_groups(np.zeros((0, 28, 28), np.uint8)).tolist() == []


def test_bits_are_counted_with_every_numpy(monkeypatch):
    codes = np.random.default_rng(0).integers(0, 2**63, 50, np.uint64)
    expected = [int(code).bit_count() for code in codes]
    assert near_groups._bit_counts(codes).tolist() == expected
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert near_groups._bit_counts(codes).tolist() == expected
