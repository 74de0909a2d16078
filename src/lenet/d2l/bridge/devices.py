"""Devices by name, and an error for one that is not there."""

from typing import Any

import torch

from lenet.engines.choice import devices
from lenet.errors import EngineError


def find_device(device: Any) -> torch.device:
    """The device, which may be given by name. Raises EngineError, naming what there is, if it is not on this machine."""
    try:
        wanted = torch.device(device)
    except (RuntimeError, TypeError):
        wanted = None
    there = devices()
    name = str(wanted) if wanted and wanted.index is not None else f"{wanted and wanted.type}:0"
    if wanted is None or name.removesuffix(":0") not in [each.removesuffix(":0") for each in there]:
        raise EngineError(
            f"no device {str(device)!r} on this machine",
            hint=f"there is {', '.join(there)}; d2l.try_gpu() takes a GPU where there is one, else the CPU",
        )
    return wanted
