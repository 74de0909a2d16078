"""Where to compute: the book's helpers, and plain words for a device that is not there."""

import torch


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
