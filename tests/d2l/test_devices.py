"""Devices that are there, that are not, and that have no room."""

import pytest
import torch

from lenet import d2l
from lenet.d2l.devices import memory_explained, present
from lenet.errors import EngineError


def test_try_gpu_falls_back_as_published():
    there = torch.cuda.device_count()
    assert d2l.num_gpus() == there
    assert d2l.try_gpu(there) == torch.device("cpu") == d2l.cpu()
    assert d2l.try_all_gpus() == [d2l.gpu(i) for i in range(there)] or [torch.device("cpu")]


@pytest.mark.parametrize("device", ["cuda:77", torch.device("cuda:77"), "gpu", "nonsense", None, 3.5, "meta"])
def test_a_device_that_is_not_there_is_named_with_those_that_are(device):
    with pytest.raises(EngineError, match="no device") as raised:
        present(device)
    assert repr(str(device)) in raised.value.message
    assert "there is cpu" in raised.value.hint


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu"), "cpu:0"])
def test_the_cpu_is_there(device):
    assert present(device).type == "cpu"


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory. Tried"), RuntimeError("CUDA error: out of memory\nCUDA kernel")],
)
def test_a_gpu_without_room_says_how_to_go_on(error):
    with pytest.raises(EngineError, match="out of memory") as raised, memory_explained(torch.device("cuda:0")):
        raise error
    assert "torch.device('cpu')" in raised.value.hint
    assert raised.value.__cause__ is error


def test_other_errors_stay_what_they_are():
    with pytest.raises(RuntimeError, match="shape"), memory_explained(torch.device("cpu")):
        raise RuntimeError("shape")
