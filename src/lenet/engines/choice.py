"""Which engine computes, and where: decided once, with the reason, which is printed and recorded.

An explicit choice that cannot be had is an error; only `auto` falls back, and says why. That a GPU has no room
shows only when it computes: then `memory_explained` says so in plain words.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from lenet.config import TrainConfig
from lenet.data.dataset import Dataset
from lenet.data.preprocess import Preprocessing
from lenet.engines import Engine, cpu, kernels
from lenet.engines.cpu import CpuEngine
from lenet.engines.reference import ReferenceEngine
from lenet.errors import EngineError


@dataclass(frozen=True)
class Choice:
    """A decision made for the user, and why."""

    name: str
    reason: str


def devices() -> list[str]:
    """The devices of this machine, by the names that PyTorch and `--device` take."""
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return ["cpu", *(f"cuda:{number}" for number in range(gpus)), *mps]


def choose_device(requested: str) -> Choice:
    """The device to compute on; `auto` takes a GPU where there is one. Raises EngineError if it is not there."""
    present = devices()
    if requested == "auto":
        if "cuda:0" in present:
            return Choice("cuda:0", "auto: a GPU is there")
        return Choice("cpu", "auto: --device mps is there, but untried" if "mps" in present else "auto: no GPU found")
    wanted = "cuda:0" if requested == "cuda" else requested
    if wanted not in present:
        raise EngineError(
            f"no device {requested!r} on this machine", hint=f"there is {', '.join(present)}; --device auto picks one"
        )
    return Choice(wanted, "as asked")


def choose_engine(requested: str, model: nn.Module, size: tuple[int, int], device: str) -> Choice:
    """The engine for `model` on pictures of `size`, (height, width): the CPU's own kernels wherever they can, else PyTorch.

    Raises EngineError if `cpu` is asked for and cannot be, saying why.
    """
    if requested == "reference":
        return Choice("reference", "as asked")
    try:
        if device != "cpu":
            raise EngineError(f"the engine cpu does not compute on {device}", hint="add --device cpu")
        kernels.variant_number()
        cpu.network_of(model, size)
    except EngineError as error:
        if requested == "cpu":
            raise
        way_out = f"; {error.hint}" if isinstance(error, kernels.KernelsMissing) else ""
        why = "plain PyTorch" if device != "cpu" else f"{error.message}{way_out}"
        return Choice("reference", f"auto: {why}")
    kind = f"own kernels for {kernels.variant_name()}"
    return Choice("cpu", f"auto: {kind}" if requested == "auto" else f"as asked, {kind}")


def make_engine(
    name: str, model: nn.Module, dataset: Dataset | None, config: TrainConfig, preprocessing: Preprocessing, device: str
) -> Engine:
    """The engine of that name; see ReferenceEngine for the arguments."""
    if name == "cpu":
        return CpuEngine(model, dataset, config, preprocessing)
    return ReferenceEngine(model, dataset, config, preprocessing, device)


@contextlib.contextmanager
def memory_explained(device: str | torch.device) -> Iterator[None]:
    """Turns a GPU's lack of memory into an EngineError that says who has it, as far as can be known, and how to go on."""
    try:
        yield
    except RuntimeError as error:  # torch.OutOfMemoryError is one; CUDA itself raises it as a plain one
        if not isinstance(error, torch.OutOfMemoryError) and "out of memory" not in str(error):
            raise
        raise EngineError(
            f"{device} is out of memory{_holders(torch.device(device))}",
            hint="go on on the CPU (--device cpu; in Python device='cpu'), or take smaller batches; nvidia-smi lists the "
            "programs that use a GPU, and a notebook keeps its memory until its kernel is shut down",
        ) from error


def _holders(device: torch.device) -> str:
    """Who holds a GPU's memory; nothing if it cannot be asked, as when there was too little even to begin."""
    try:
        free, total = torch.cuda.mem_get_info(device)
        own = torch.cuda.memory_reserved(device)
    except (RuntimeError, ValueError, AssertionError):
        return ""
    others = max(0, total - free - own)
    return (
        f": of its {total / 1e9:.1f} GB this program's tensors hold {own / 1e9:.1f}, other programs and the driver "
        f"{others / 1e9:.1f}, and {free / 1e9:.1f} are free"
    )
