"""Devices that are there and that are not."""

import pytest
import torch

from lenet.d2l.bridge.devices import find_device
from lenet.errors import EngineError


@pytest.mark.parametrize("device", ["cuda:77", torch.device("cuda:77"), "gpu", "nonsense", None, 3.5, "meta"])
def test_a_device_that_is_not_there_is_named_with_those_that_are(device):
    with pytest.raises(EngineError, match="no device") as raised:
        find_device(device)
    assert repr(str(device)) in raised.value.message
    assert "available: cpu" in raised.value.hint


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu"), "cpu:0"])
def test_the_cpu_is_there(device):
    assert find_device(device).type == "cpu"
