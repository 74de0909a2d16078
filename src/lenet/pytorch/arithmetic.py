"""How PyTorch multiplies on a GPU: float32 unless the training asks for less, and the same bits run after run."""

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch

# cuBLAS adds up in the same order only with a fixed workspace; it reads this when it is first used.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def on(device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """Select the GPU on which this thread makes streams, events and graphs. Does nothing for other devices."""
    return torch.cuda.device(device) if device.type == "cuda" else contextlib.nullcontext()


@contextlib.contextmanager
def arithmetic(precision: str, *, is_repeatable: bool = True) -> Iterator[None]:
    """Compute with a precision; afterwards PyTorch's settings are as before.

    Args:
        precision: "fp32"; "tf32", in which GPUs multiply matrices with 10 binary digits; or "bf16", in which they do so with
            7 and layers return bfloat16, while weights and optimiser stay float32.
        is_repeatable: whether cuDNN takes algorithms that give the same bits run after run, else the fastest.
    """
    cudnn, is_tf32 = torch.backends.cudnn, precision == "tf32"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # some versions of PyTorch call allow_tf32 deprecated
        restore = _restore()
        torch.set_float32_matmul_precision("high" if is_tf32 else "highest")
        cudnn.allow_tf32 = is_tf32
        for owner in _newer():  # "none", which the older settings leave, means that of all backends
            owner.fp32_precision = "tf32" if is_tf32 else "ieee"
        cudnn.deterministic, cudnn.benchmark = is_repeatable, not is_repeatable
    try:
        yield
    finally:
        for setting in restore:
            setting()


def _restore() -> list[Callable[[], None]]:
    """What sets PyTorch's settings back. The older ones change the newer, which come last."""
    cudnn = torch.backends.cudnn
    attributes = [(cudnn, "allow_tf32"), (cudnn, "deterministic"), (cudnn, "benchmark")]
    attributes += [(owner, "fp32_precision") for owner in _newer()]
    settings: list[tuple[Callable[[], Any], Callable[[Any], None], Any]] = [
        (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "highest"),
        *((partial(getattr, *each), partial(setattr, *each), None) for each in attributes),
    ]
    restore: list[Callable[[], None]] = []
    for read, write, default in settings:
        try:
            value = read()
        except RuntimeError:  # the older settings do not agree with the newer, so only those were set
            value = default
        if value is not None:
            restore.append(partial(write, value))
    return restore


def _newer() -> list[Any]:
    """What has the newer setting `fp32_precision`; nothing in PyTorch before 2.9."""
    backends: Any = torch.backends
    if not hasattr(backends.cudnn, "conv"):
        return []
    return [backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn, backends.mkldnn.matmul]


def exactly(device: str) -> contextlib.AbstractContextManager[None]:
    """Compute in float32 on a GPU, where PyTorch's convolutions by default do not; elsewhere it always does.

    Args:
        device: its name, such as "cuda:0".
    """
    return arithmetic("fp32") if device.startswith("cuda") else contextlib.nullcontext()


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Return the context in which a forward pass computes with this precision."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16", cache_enabled=False)
