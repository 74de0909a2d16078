import json
import struct

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.errors import LenetError, RunError
from lenet.files.safetensors import MAX_HEADER, Weights
from lenet.models import LeNet, build

GOOD = safetensors.torch.save({"a": torch.arange(6.0).reshape(2, 3), "b": torch.zeros(2)}, {"key": "text"})


def packed(header, numbers=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + numbers


def one(dtype="F32", shape=(2,), place=(0, 8), **more):
    return {"a": {"dtype": dtype, "shape": list(shape), "data_offsets": list(place), **more}}


def blank(**arguments):
    with torch.device("meta"):
        return LeNet(**arguments)


def test_what_safetensors_writes_is_read(tmp_path):
    path = tmp_path / "good.safetensors"
    path.write_bytes(GOOD)
    for source in (GOOD, path):
        weights = Weights.read(source)
        assert {name: str(kind) for name, kind in weights.kinds.items()} == {"a": "float32 2×3", "b": "float32 2"}
        assert weights.metadata == {"key": "text"}
        expected, found = safetensors.torch.load(GOOD), weights.tensors()
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected)


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
        (packed({"a": 1}), "a is described by other words"),
        (packed(one(more=1), bytes(8)), "a is described by other words"),
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
        (packed(one(place=(0, 8, 16)), bytes(8)), "a has the place"),
        (packed(one(place=(4, 12)), bytes(12)), "a begins at byte 4; expected 0"),
        (packed(one(), bytes(12)), "its tensors have 8 bytes, and 12 are there"),
        (packed(one(), bytes(4)), "its tensors have 8 bytes, and 4 are there"),
        (packed(one() | {"b": one(place=(4, 12))["a"]}, bytes(12)), "b begins at byte 4; expected 8"),
        (b"PK\x03\x04" + bytes(30), "is a pickle"),
        (b"\x80\x02}q\x00." + bytes(30), "is a pickle"),
    ],
)
def test_a_file_that_is_not_sound_is_refused_before_its_numbers_are_read(content, words, tmp_path):
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


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.booleans())
def test_damage_is_an_error_or_other_numbers_and_nothing_else(length, place, value, cut):
    content = GOOD[:length] if cut else GOOD[:place] + bytes([value]) + GOOD[place + 1 :]
    try:
        tensors = Weights.read(content).tensors()
    except LenetError:
        return
    assert sum(tensor.nbytes for tensor in tensors.values()) == 32


def test_weights_go_into_the_network_they_are_of():
    model = build("lenet", seed=3)
    copy = blank()
    Weights.read(safetensors.torch.save(model.state_dict())).load_into(copy)
    assert all(torch.equal(model.state_dict()[name], weights) for name, weights in copy.state_dict().items())


def test_what_does_not_fit_is_named_with_both_shapes_before_memory_is_taken():
    state = build("lenet").state_dict()
    missing = {name: weights for name, weights in state.items() if name != "fc.0.bias"}
    for tensors, words in [
        (state | {"fc.4.weight": torch.zeros(10, 83)}, "its fc.4.weight is 10×83, the network's 10×84"),
        (missing, "it has no fc.0.bias, which the network has as 120"),
        (state | {"fc.9": torch.zeros(2, 3)}, "it has fc.9, float32 2×3, which the network has not"),
        (
            state | {"fc.0.bias": torch.zeros(120, dtype=torch.float64)},
            "its fc.0.bias is float64 120; expected float32",
        ),
        (state | {"fc.0.bias": torch.full((120,), float("nan"))}, "not numbers: fc.0.bias"),
        (state | {"fc.0.bias": torch.full((120,), float("-inf"))}, "not numbers: fc.0.bias"),
    ]:
        model = blank()
        with pytest.raises(RunError, match=words):
            Weights.read(safetensors.torch.save(tensors)).load_into(model)
        assert all(weights.is_meta for weights in model.parameters())


def test_a_file_that_is_replaced_between_header_and_numbers_is_refused(tmp_path):
    path = tmp_path / "good.safetensors"
    path.write_bytes(GOOD)
    weights = Weights.read(path)
    path.write_bytes(safetensors.torch.save({"a": torch.zeros(1 << 20)}))
    with pytest.raises(RunError, match="changed while it was read"):
        weights.tensors()
    path.write_bytes(GOOD[:-1])
    with pytest.raises(RunError, match="not a sound safetensors file"):
        weights.tensors()
