import json
import struct

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.errors import LenetError, RunError
from lenet.files.safetensors import MAX_HEADER, Weights, must_be_finite, pack

ARRAYS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros(2, np.float32)}
GOOD = safetensors.numpy.save(ARRAYS, {"key": "text"})
NETWORK = {"0.weight": (3, 2, 5, 5), "0.bias": (3,)}


def packed(header, numbers=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + numbers


def one(dtype="F32", shape=(2,), place=(0, 8), **more):
    return {"a": {"dtype": dtype, "shape": list(shape), "data_offsets": list(place), **more}}


def weights_of(shapes):
    random = np.random.default_rng(3)
    return {name: random.random(shape).astype(np.float32) for name, shape in shapes.items()}


def test_files_of_safetensors_are_read(tmp_path):
    path = tmp_path / "good.safetensors"
    path.write_bytes(GOOD)
    for source in (GOOD, path):
        weights = Weights.read(source)
        assert {name: str(entry) for name, entry in weights.entries.items()} == {"a": "float32 2×3", "b": "float32 2"}
        assert weights.metadata == {"key": "text"}
        arrays = weights.arrays()
        assert arrays.keys() == ARRAYS.keys()
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, ARRAYS[name], strict=True)
            assert array.flags.writeable
            assert array.flags.aligned


def test_packing_gives_the_bytes_of_safetensors():
    content = pack(ARRAYS, {"key": "text"})
    assert content == GOOD
    assert content == pack(dict(reversed(ARRAYS.items())), {"key": "text"})
    assert Weights.read(pack(ARRAYS)).metadata == {}


@pytest.mark.parametrize(("dtype", "name"), [("<f8", "float64"), ("<f2", "float16"), ("<i8", "int64")])
def test_other_dtypes_are_read_as_they_are(dtype, name):
    array = np.array([[1, -2], [3, 100]], dtype)
    weights = Weights.read(safetensors.numpy.save({"a": array}))
    assert str(weights.entries["a"]) == f"{name} 2×2"
    np.testing.assert_array_equal(weights.arrays()["a"], array, strict=True)


def test_bfloat16_becomes_float32_exactly():
    values = np.array([0, -1.5, 3.140625, 2.0**-130, np.inf], np.float32)  # bfloat16 has each of them
    halves = (values.view(np.uint32) >> 16).astype("<u2")
    weights = Weights.read(packed(one(dtype="BF16", shape=(5,), place=(0, 10)), halves.tobytes()))
    assert str(weights.entries["a"]) == "bfloat16 5"
    np.testing.assert_array_equal(weights.arrays()["a"], values, strict=True)


def test_unaligned_numbers_are_read():
    for spaces in range(4):
        header = json.dumps(one()).encode() + b" " * spaces
        content = packed(header, np.array([1, 2], "<f4").tobytes())
        assert Weights.read(content).arrays()["a"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it has 0 bytes"),
        (b"1234567", "it has 7 bytes"),
        (struct.pack("<Q", 2**63) + b"{}", "header is said to have 9,223,372,036,854,775,808 bytes"),
        (struct.pack("<Q", 3) + b"{}", "header is said to have 3 bytes; expected at most 2"),
        (packed(b" " * (MAX_HEADER + 1)), "header is said to have 1,048,577 bytes"),
        (packed(b"[]"), "its header is a list"),
        (packed(b"{"), "Expecting"),
        (packed(b'{"a":' * 100_000), "nested too deeply"),
        (packed(b'{"a":1,"a":2}'), "'a' twice"),
        (packed({"__metadata__": {"a": 1}}), "metadata"),
        (packed({"__metadata__": []}), "metadata"),
        (packed({"a": 1}), "a is not described by dtype, shape and data_offsets alone"),
        (packed(one(more=1), bytes(8)), "a is not described by dtype, shape and data_offsets alone"),
        (packed(one(dtype="C64"), bytes(8)), "a is of dtype C64"),
        (packed(one(dtype=["F32"]), bytes(8)), "a is of dtype"),
        (packed(one(shape=(-2,)), bytes(8)), "a has the shape"),
        (packed(one(shape=(True, 2)), bytes(8)), "a has the shape"),
        (packed(one(shape=(2**62, 4)), bytes(8)), "a has the shape"),
        (packed(one(shape=[1] * 9), bytes(8)), "a has the shape"),
        (packed(one(shape=(2.0,)), bytes(8)), "a has the shape"),
        (packed(one(shape=(2**39, 2**39, 2**39)), bytes(8)), "a has 8 bytes; its shape needs"),
        (packed(one(place=(0, 4)), bytes(8)), "a has 4 bytes; its shape needs 8"),
        (packed(one(place=(8, 0)), bytes(8)), "a has -8 bytes"),
        (packed(one(place=(0, 8, 16)), bytes(8)), "a has the data_offsets"),
        (packed(one(place=(4, 12)), bytes(12)), "a begins at byte 4; expected 0"),
        (packed(one(), bytes(12)), "its tensors have 8 bytes, but the file has 12 for them"),
        (packed(one(), bytes(4)), "its tensors have 8 bytes, but the file has 4 for them"),
        (packed(one() | {"b": one(place=(4, 12))["a"]}, bytes(12)), "b begins at byte 4; expected 8"),
        (b"PK\x03\x04" + bytes(30), "is a pickle"),
        (b"\x80\x02}q\x00." + bytes(30), "is a pickle"),
    ],
)
def test_an_unsound_file_is_refused_by_its_header(content, words, tmp_path):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    for source in (content, path):
        with pytest.raises(RunError, match=words):
            Weights.read(source)


def test_a_large_file_is_refused_unread(tmp_path):
    path = tmp_path / "large.safetensors"
    path.write_bytes(GOOD)
    with path.open("r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(RunError, match="1,099,511,627,776 bytes; expected at most"):
        Weights.read(path)


@settings(max_examples=300)
@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.booleans())
def test_damage_is_an_error_or_changes_numbers(length, place, value, cut):
    content = GOOD[:length] if cut else GOOD[:place] + bytes([value]) + GOOD[place + 1 :]
    try:
        arrays = Weights.read(content).arrays()
    except LenetError:
        return
    assert sum(array.nbytes for array in arrays.values()) == 32


def test_weights_are_loaded_for_their_network():
    arrays = weights_of(NETWORK)
    loaded = Weights.read(pack(arrays)).load(NETWORK)
    assert list(loaded) == list(NETWORK)
    for name, array in loaded.items():
        np.testing.assert_array_equal(array, arrays[name], strict=True)


def test_misfits_are_named_before_memory_is_allocated(monkeypatch):
    arrays = weights_of(NETWORK)
    missing = {name: array for name, array in arrays.items() if name != "0.bias"}
    monkeypatch.setattr(Weights, "arrays", None)  # not called
    for wrong, words in [
        (arrays | {"0.weight": np.zeros((3, 2, 3, 3), np.float32)}, "its 0.weight is 3×2×3×3, the network's 3×2×5×5"),
        (missing, "it has no 0.bias, which the network has as 3"),
        (arrays | {"1": np.zeros((2, 3), np.float32)}, "it has 1, float32 2×3, which the network has not"),
        (arrays | {"0.bias": np.zeros(3)}, "its 0.bias is float64 3; expected float32"),
    ]:
        with pytest.raises(RunError, match=words):
            Weights.read(pack(wrong)).load(NETWORK)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_nan_or_infinite_are_named(value):
    arrays = weights_of(NETWORK)
    arrays["0.bias"][1] = value
    arrays["0.bias"][2] = -value
    with pytest.raises(RunError, match=r"holds weights that are NaN or infinite: 0\.bias"):
        Weights.read(pack(arrays)).load(NETWORK)
    must_be_finite({"large": np.full(100, np.finfo(np.float32).max)}, "numbers whose sum float32 cannot hold")


def test_a_file_that_changes_between_header_and_numbers_is_refused(tmp_path):
    path = tmp_path / "good.safetensors"
    path.write_bytes(GOOD)
    weights = Weights.read(path)
    for content in (pack({"a": np.zeros(1 << 20, np.float32)}), GOOD[:-1]):
        path.write_bytes(content)
        with pytest.raises(RunError, match="changed while it was read"):
            weights.arrays()


@pytest.mark.parametrize("length", range(64, 2049, 8))
def test_a_header_of_any_length_is_read(length):
    """Also of 640, 896, 1,152 and 1,408 bytes: these begin with the bytes of a pickle."""
    content = pack({"a": np.zeros(2, np.float32)}, {"text": ""})
    short = 8 + int.from_bytes(content[:8], "little")
    header = content[8:short].ljust(length)
    assert len(header) == length or length < short
    padded = len(header).to_bytes(8, "little") + header + content[short:]
    assert Weights.read(padded).load({"a": (2,)})["a"].tolist() == [0, 0]
