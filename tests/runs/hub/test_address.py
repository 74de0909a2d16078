"""Addresses of networks on the Hub."""

from pathlib import Path

import pytest

from lenet.errors import RunError
from lenet.runs.hub.address import Address, is_address, name_in_cache

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hf://ann/boots", Address("ann/boots")),
        ("hf://ann/boots@v1.0", Address("ann/boots", "v1.0")),
        ("hf://ann/boots@refs/pr/1", Address("ann/boots", "refs/pr/1")),
        (f"hf://A-b_c/x.y@{COMMIT}", Address("A-b_c/x.y", COMMIT)),
    ],
)
def test_addresses(text, expected):
    assert Address.of(text) == expected
    assert str(Address.of(text)) == text
    assert Address.of(Path(text)) == expected  # of whose two slashes Path keeps one
    assert is_address(text)
    assert is_address(Path(text))


def test_only_a_whole_hash_is_a_commit():
    assert Address.of(f"hf://ann/boots@{COMMIT}").is_commit
    assert not Address.of(f"hf://ann/boots@{COMMIT[:7]}").is_commit
    assert not Address.of("hf://ann/boots").is_commit


NO_ADDRESSES = [
    *("hf://" + rest for rest in ("", "ann", "ann/", "/boots", "ann/boots/x", "ann/..", "-a/b", "a/b--c", "a/b.git")),
    *("hf://ann/boots" + rest for rest in ("@", "@../x", "@-x", "@a b", "?x=1", "#1", " c", "\x1b[2J", "b" * 96)),
    "hf://user:secret@host/name",
]


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_is_no_address(text):
    with pytest.raises(RunError, match="is no ") as caught:
        Address.of(text)
    assert caught.value.hint
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    "other", ["runs/first", "mnist", "hf", "hf.safetensors", "http://x/y", Path("x"), None, 3, b"hf://a/b"]
)
def test_others(other):
    assert not is_address(other)


def test_names_of_files_in_the_cache():
    assert name_in_cache(Path(f"/hub/models--ann--my-boots/snapshots/{COMMIT}/model.safetensors")) == "my-boots"
    assert name_in_cache(Path("runs/models--ann--boots/model.safetensors")) is None
