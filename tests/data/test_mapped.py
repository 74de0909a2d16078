"""Arrays in files: scratch arrays, and copies of some rows."""

import numpy as np
import pytest

from lenet.data import mapped
from lenet.errors import DataError


@pytest.fixture
def is_large(tmp_path, monkeypatch):
    """Every array counts as large, and is copied a few rows at a time."""
    monkeypatch.setenv("LENET_CACHE", str(tmp_path))
    monkeypatch.setattr(mapped, "LARGE", 1)
    monkeypatch.setattr(mapped, "SCRATCH", 1)
    monkeypatch.setattr(mapped, "AT_ONCE", 50)


def test_scratch_arrays_are_files_without_a_name(is_large, tmp_path):
    array = mapped.scratch((5, 7), np.int32)
    array[:] = np.arange(35).reshape(5, 7)
    assert mapped.is_mapped(array)
    assert type(array) is np.ndarray  # NumPy shuffles and sorts it without a copy
    assert array.sum() == 35 * 17
    assert list((tmp_path / "own").iterdir()) == []


def test_small_scratch_arrays_are_in_memory():
    assert not mapped.is_mapped(mapped.scratch((5, 7), np.int32))


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mapped, "SCRATCH", 1)
    assert not mapped.is_mapped(mapped.scratch((5, 7), np.int32))
    monkeypatch.setattr(mapped, "LARGE", 100)
    with pytest.raises(DataError, match="cannot be written"):
        mapped.scratch((5, 7), np.int32)


@pytest.mark.parametrize("num_left_out", [1, 7, 99])
def test_copies_without_some_rows(is_large, num_left_out):
    images = mapped.in_file((100, 2, 3), np.uint8)
    images[:] = np.arange(600).reshape(100, 2, 3) % 251
    labels = np.arange(100)
    indices = np.sort(np.random.default_rng(num_left_out).permutation(100)[:num_left_out])
    others = np.setdiff1d(labels, indices)
    copy = mapped.without(images, indices, images)
    assert mapped.is_mapped(copy)
    assert np.array_equal(copy, images[others])
    assert np.array_equal(mapped.without(labels, indices, images), others)
    assert np.array_equal(mapped.taken(images, others, images), copy)
