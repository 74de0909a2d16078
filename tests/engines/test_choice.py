import importlib.metadata
import importlib.util
import sys

import pytest

from lenet.engines import choice, kernels
from lenet.engines.choice import choose_device, choose_engine
from lenet.errors import EngineError, MissingExtra
from lenet.networks import build

LENET = build("lenet")
TOO_DEEP = build("mlp", hidden=(9,) * 16)


@pytest.fixture
def no_torch(monkeypatch):
    """As where PyTorch is not installed."""
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else real(name))


def test_auto_takes_a_gpu_if_there_is_one_and_says_why():
    chosen = choose_device("auto")
    assert chosen.reason == ("auto: found a GPU" if chosen.name == "cuda:0" else "auto: found no GPU")
    assert choose_device("cpu").reason == "as requested"


def test_without_a_driver_pytorch_is_not_imported_to_ask_for_a_gpu(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(choice, "devices", None)
    monkeypatch.setattr(choice.Path, "exists", lambda self: False)
    monkeypatch.setattr(choice.shutil, "which", lambda name: None)
    assert choose_device("auto").name == "cpu"


def test_auto_takes_the_cpu_engine_where_it_can():
    chosen = choose_engine("auto", LENET, "cpu")
    assert chosen.name == "cpu"
    assert chosen.reason == f"auto: own kernels for {kernels.variant_name()}"


@pytest.mark.torch
def test_what_is_requested_is_taken():
    assert choose_engine("reference", LENET, "cpu").reason == "as requested"
    assert choose_engine("cpu", LENET, "cpu").reason.startswith("as requested, own kernels for ")


@pytest.mark.torch
def test_auto_falls_back_to_pytorch_and_says_why():
    chosen = choose_engine("auto", TOO_DEEP, "cpu")
    assert chosen.name == "reference"
    assert chosen.reason.startswith("auto: the CPU kernels do not take 34 layers")
    assert choose_engine("auto", LENET, "cuda:0").reason == "auto: plain PyTorch"
    with pytest.raises(EngineError, match="do not take 34 layers"):
        choose_engine("cpu", TOO_DEEP, "cpu")
    with pytest.raises(EngineError, match="does not compute on mps"):
        choose_engine("cpu", LENET, "mps")


@pytest.mark.torch
@pytest.mark.parametrize("name", ["cuda:99", "tpu", "cuda:x", ""])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(EngineError) as caught:
        choose_device(name)
    assert caught.value.message.startswith(f"no device {name!r} on this machine")
    assert "choose from cpu" in caught.value.hint or "--device cpu computes without a GPU" in caught.value.hint


@pytest.mark.usefixtures("no_torch")
def test_what_needs_pytorch_says_so_where_it_is_missing():
    for name in ("cuda", "cuda:0", "mps"):
        with pytest.raises(MissingExtra, match=f"the device {name} needs PyTorch, which is not installed"):
            choose_device(name)
    with pytest.raises(MissingExtra) as caught:
        choose_engine("reference", LENET, "cpu")
    assert caught.value.hint == 'pip install "lenet[torch]"'
    assert choose_engine("auto", LENET, "cpu").name == "cpu"
    with pytest.raises(EngineError) as caught:
        choose_engine("auto", TOO_DEEP, "cpu")
    assert caught.value.hint == 'install PyTorch, which computes any network: pip install "lenet[torch]"'


@pytest.mark.usefixtures("no_torch", "no_kernels")
def test_without_kernels_and_pytorch_both_ways_out_are_named():
    with pytest.raises(EngineError) as caught:
        choose_engine("auto", LENET, "cpu")
    assert caught.value.message == "the CPU kernels are not built"
    assert kernels.REMEDY in caught.value.hint
    assert 'pip install "lenet[torch]"' in caught.value.hint


@pytest.mark.torch
def test_a_pytorch_that_is_too_old_is_named(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.13.1+cpu")
    with pytest.raises(
        MissingExtra, match=r"the engine reference needs PyTorch 2.6 or newer; 1.13.1\+cpu is installed"
    ):
        choose_engine("reference", LENET, "cpu")
