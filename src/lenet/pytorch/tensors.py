"""Images as tensors, and what the reference engine sets for the process: threads and memory."""

import contextlib
import ctypes
import sys
import warnings
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from lenet.images.pixels import Pixels
from lenet.images.preprocess import Preprocessing

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # the numbers of glibc's malloc.h
LARGEST_BLOCK, KEPT_BYTES = 1 << 25, 1 << 28  # older versions refuse a larger first one


def of_images(images: Pixels) -> Tensor:
    """Return images as a tensor that shares their memory; nothing writes to it, so they may be mapped from a file."""
    if images.flags.writeable:
        return torch.from_numpy(images)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the array cannot be written
        return torch.from_numpy(images)


def layer_over_batch(model: nn.Module) -> str | None:
    """Return the first layer in training mode that computes over all images of a batch at once, by name and class."""
    for name, layer in model.named_modules():
        has_statistics = isinstance(layer, _BatchNorm) or getattr(layer, "track_running_stats", False)
        if has_statistics and layer.training:
            return f"{name or 'the network'} ({type(layer).__name__})"
    return None


def to_input(images: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Return what the network takes, float32 (B, C, H, W), of uint8 (B, H, W) or (B, H, W, C)."""
    pixels = images.to(torch.float32).div_(255)
    if preprocessing.std != 1 or preprocessing.mean != 0:
        pixels.sub_(preprocessing.mean).div_(preprocessing.std)
    # (B, H, W, C) viewed as (B, C, H, W): channels last, which PyTorch keeps through the convolutions. Only the order in
    # memory differs, and on a CPU it is faster.
    return (pixels if pixels.ndim == 4 else pixels.unsqueeze(3)).permute(0, 3, 1, 2)


def flipped(images: Tensor, flips: Tensor) -> Tensor:
    """Return the images (B, H, W) or (B, H, W, C), mirrored left to right where `flips` (B,) is true."""
    return torch.where(flips.view(-1, *[1] * (images.ndim - 1)), images.flip(2), images)


def shifted(images: Tensor, shifts: Tensor) -> Tensor:
    """Return the images (B, H, W) or (B, H, W, C), each moved down and right by its `shifts` (B, 2), filled with 0."""
    height, width = images.shape[1:3]
    reach = int(shifts.abs().max())
    padded = F.pad(images, (0, 0) * (images.ndim - 3) + (reach, reach, reach, reach))
    rows = torch.arange(height, device=images.device) + reach - shifts[:, :1]  # (B, H)
    columns = torch.arange(width, device=images.device) + reach - shifts[:, 1:]  # (B, W)
    which = torch.arange(len(images), device=images.device)[:, None, None]
    return padded[which, rows[:, :, None], columns[:, None, :]]


def keep_freed_memory() -> None:
    """Make glibc keep the memory that a step frees for the next step, in this process, from now on.

    By default it returns large blocks to the system and requests them again, zeroed page by page: 4,000 page faults in a step
    of LeNetAvg with batch 256, and a third of the speed lost (docs/log.md). Does nothing without glibc.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None and mallopt(M_MMAP_THRESHOLD, LARGEST_BLOCK):
            mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


@contextlib.contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Let PyTorch compute with that many threads in this thread; afterwards with as many as before."""
    before = torch.get_num_threads()
    if number == before:
        yield
        return
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
