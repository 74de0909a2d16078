"""What depends on whether PyTorch is installed."""

import importlib.metadata
import importlib.util
import re

import pytest

from lenet.errors import MissingExtra
from lenet.extras import has_torch, require_torch


def test_whether_pytorch_is_there_is_what_python_says():
    """Were it always no, the tests that need PyTorch would be left out, and all others would pass."""
    assert has_torch() == (importlib.util.find_spec("torch") is not None)


@pytest.mark.parametrize("find", ["absent", "broken"])
def test_without_pytorch_what_needs_it_is_refused_with_the_way_to_install_it(monkeypatch, find):
    def find_spec(name):
        if find == "broken":
            raise ValueError("torch.__spec__ is None")
        return

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    assert not has_torch()
    with pytest.raises(MissingExtra, match="the engine reference needs PyTorch, which is not installed") as caught:
        require_torch("the engine reference")
    assert "lenet[torch]" in caught.value.hint


@pytest.mark.parametrize(
    ("version", "is_enough"),
    [
        ("2.6.0", True),
        ("2.6.0+cpu", True),
        ("2.13.0", True),
        ("3.0", True),
        ("2.5.1", False),
        ("1.13.1+cu117", False),
        ("own", True),
    ],
)
def test_pytorch_must_be_new_enough_if_its_version_is_known(monkeypatch, version, is_enough):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: {"torch": object()}[name])
    monkeypatch.setattr(importlib.metadata, "version", lambda name: {"torch": version}[name])
    assert has_torch() == is_enough
    if not is_enough:
        with pytest.raises(MissingExtra, match=rf"^x needs PyTorch 2\.6 or newer; {re.escape(version)} is installed"):
            require_torch("x")


def test_a_pytorch_of_unknown_version_is_taken(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: {"torch": object()}[name])
    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert has_torch()
