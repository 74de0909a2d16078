"""How PyTorch multiplies on a GPU: float32 unless the training asks for less, and the same bits run after run."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import torch

# cuBLAS adds up in the same order only with a fixed workspace; it reads this when it is first used.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def on(device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """Make a GPU the one that streams, events and graphs are made on, in this thread; of another device, nothing."""
    return torch.cuda.device(device) if device.type == "cuda" else contextlib.nullcontext()


@contextlib.contextmanager
def arithmetic(precision: str) -> Iterator[None]:
    """Compute with a precision, deterministically; afterwards PyTorch's settings are as before.

    Args:
        precision: "fp32"; "tf32", in which GPUs multiply matrices with 10 binary digits; or "bf16", in which they do so with
            7 and layers return bfloat16, while weights and optimiser stay float32.
    """
    is_tf32 = precision == "tf32"
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = is_tf32
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=is_tf32):
            yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


def exactly(device: str) -> contextlib.AbstractContextManager[None]:
    """Compute in float32 on a GPU, where PyTorch's convolutions by default do not; elsewhere it always does.

    Args:
        device: its name, such as "cuda:0".
    """
    return arithmetic("fp32") if device.startswith("cuda") else contextlib.nullcontext()


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Return the context in which a forward pass computes with this precision."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16", cache_enabled=False)
