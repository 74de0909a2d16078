"""Where to compute: the book's helpers, and plain words for a device that is not there."""

from typing import Any

import torch

from lenet.engines.choice import devices
from lenet.errors import EngineError


def cpu() -> torch.device:
    """The CPU."""
    return torch.device("cpu")


def gpu(i: int = 0) -> torch.device:
    """GPU number `i`, whether it is there or not; what computes on it will say."""
    return torch.device(f"cuda:{i}")


def num_gpus() -> int:
    """How many GPUs there are."""
    return torch.cuda.device_count()


def try_gpu(i: int = 0) -> torch.device:
    """GPU number `i` where there is one, else the CPU."""
    return gpu(i) if num_gpus() >= i + 1 else cpu()


def try_all_gpus() -> list[torch.device]:
    """All GPUs, or the CPU alone."""
    return [gpu(i) for i in range(num_gpus())] or [cpu()]


def present(device: Any) -> torch.device:
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
