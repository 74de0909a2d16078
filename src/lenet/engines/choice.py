"""Which engine computes, and where: decided once, with the reason, which is printed and recorded.

An explicit choice that cannot be had is an error; only `auto` falls back, and says why. That a GPU has no room
shows only when it computes: memory.py says so in plain words.
"""

from dataclasses import dataclass

import torch
from torch import nn

from lenet.config import TrainConfig
from lenet.data.dataset import Dataset
from lenet.engines import Engine, cpu, kernels
from lenet.engines.cpu import CpuEngine
from lenet.errors import EngineError
from lenet.images.preprocess import Preprocessing
from lenet.pytorch.reference import ReferenceEngine


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
