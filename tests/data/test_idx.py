import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lenet.data import idx
from lenet.errors import DataError

small = arrays(np.uint8, array_shapes(min_dims=1, max_dims=3, max_side=6))


@given(small)
def test_what_is_written_is_read(array):
    np.testing.assert_array_equal(idx.parse(idx.dump(array), array.ndim, "file"), array)


@given(small, st.data())
def test_every_truncation_is_refused(array, data):
    content = idx.dump(array)
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(DataError, match="file "):
        idx.parse(content[:cut], array.ndim, "file")


@given(small, st.binary(min_size=1, max_size=5))
def test_additional_bytes_are_refused(array, more):
    with pytest.raises(DataError, match="its header announces"):
        idx.parse(idx.dump(array) + more, array.ndim, "file")


@given(st.binary(max_size=64), st.integers(1, 3))
def test_nonsense_is_a_data_error(content, num_dimensions):
    try:
        array = idx.parse(content, num_dimensions, "file")
    except DataError:
        return
    assert idx.dump(array) == content


def test_errors_say_what_was_expected_and_what_is_there():
    labels = idx.dump(np.zeros(5, np.uint8))
    with pytest.raises(DataError) as caught:
        idx.parse(labels + b"\0" * 8, 3, "a/file")
    assert caught.value.message == (
        "a/file begins with the magic number 0x00000801; expected 0x00000803, that of images"
    )
    with pytest.raises(DataError) as caught:
        idx.parse(labels[:-1], 1, "a/file")
    assert caught.value.message == "a/file has 12 bytes; its header announces 5, which makes 13"
    with pytest.raises(DataError, match="a/file has 3 bytes; an IDX file has at least 16"):
        idx.parse(labels[:3], 3, "a/file")


def test_a_gigantic_empty_array_is_refused():
    # Found by fuzzing: 0 bytes are announced, and 0 bytes are there.
    content = b"\0\0\x08\x03\xa2\0\0\0\0\0\0\0\xec\0\x08\x01"
    with pytest.raises(DataError, match="x announces 2717908992×0×3959425025, which no array can have"):
        idx.parse(content, 3, "x")


def test_files_may_be_compressed(tmp_path):
    content = idx.dump(np.arange(200, dtype=np.uint8))
    (tmp_path / "raw").write_bytes(content)
    (tmp_path / "packed").write_bytes(gzip.compress(content))
    assert idx.read_content(tmp_path / "raw") == idx.read_content(tmp_path / "packed") == content
    parsed = idx.parse(idx.read_content(tmp_path / "packed"), 1, "packed")
    assert parsed.flags.writeable  # PyTorch warns of memory that it may not write to


@given(st.data(), st.binary(max_size=200))
def test_a_damaged_gzip_is_refused_by_name(tmp_path_factory, data, content):
    path = tmp_path_factory.getbasetemp() / "damaged.gz"
    packed = gzip.compress(content)
    path.write_bytes(packed[: data.draw(st.integers(2, len(packed) - 1))])
    with pytest.raises(DataError, match=r"damaged\.gz is truncated or damaged"):
        idx.read_content(path)
    broken = bytearray(packed)
    broken[-5] ^= 1  # the checksum
    path.write_bytes(broken)
    with pytest.raises(DataError, match=r"damaged\.gz is truncated or damaged"):
        idx.read_content(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(DataError, match="nothing cannot be read: No such file"):
        idx.read_content(tmp_path / "nothing")
