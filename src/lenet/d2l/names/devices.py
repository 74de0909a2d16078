"""The book's functions for devices."""

import torch


def cpu() -> torch.device:
    """Return the CPU: the book's `cpu`.

    Returns:
        The device.
    """
    return torch.device("cpu")


def gpu(i: int = 0) -> torch.device:
    """Return GPU number `i`, whether it exists or not: the book's `gpu`.

    Args:
        i: number of the GPU, from 0.

    Returns:
        The device.
    """
    return torch.device(f"cuda:{i}")


def num_gpus() -> int:
    """Return the number of GPUs: the book's `num_gpus`.

    Returns:
        The number of GPUs that PyTorch can use.
    """
    return torch.cuda.device_count()


def try_gpu(i: int = 0) -> torch.device:
    """Return GPU number `i` if it exists, else the CPU: the book's `try_gpu`.

    Args:
        i: number of the GPU, from 0.

    Returns:
        The device.
    """
    return gpu(i) if num_gpus() >= i + 1 else cpu()


def try_all_gpus() -> list[torch.device]:
    """Return all GPUs, or the CPU alone: the book's `try_all_gpus`.

    Returns:
        The devices.
    """
    return [gpu(i) for i in range(num_gpus())] or [cpu()]
