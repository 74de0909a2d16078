"""Devices by name, and an error for one that does not exist."""

from typing import Any

import torch

from lenet.engines.choice import devices
from lenet.errors import EngineError


def find_device(device: Any) -> torch.device:
    """Return a device of this machine.

    Args:
        device: a torch.device or its name.

    Raises:
        EngineError: if there is no such device; its hint lists those that exist.
    """
    try:
        wanted = torch.device(device)
    except (RuntimeError, TypeError):
        wanted = None
    available = devices()
    name = str(wanted) if wanted and wanted.index is not None else f"{wanted and wanted.type}:0"
    if wanted is None or name.removesuffix(":0") not in [each.removesuffix(":0") for each in available]:
        raise EngineError(
            f"no device {str(device)!r} on this machine",
            hint=f"available: {', '.join(available)}; d2l.try_gpu() returns a GPU if there is one, else the CPU",
        )
    return wanted
