"""Which engine computes, and on which device: decided once, with the reason, which is printed and recorded.

An explicit choice that is impossible is an error; only `auto` falls back, and says why.
"""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lenet.config import TrainConfig
from lenet.data.dataset import Dataset
from lenet.engines import Engine, gpu, kernels
from lenet.engines.lowering import lowered
from lenet.errors import EngineError
from lenet.extras import has_torch, require_torch
from lenet.images.preprocess import Preprocessing
from lenet.networks import Architecture, Network
from lenet.registry import ENGINES, resolve


@dataclass(frozen=True)
class Choice:
    """A decision made for the user, and why."""

    name: str
    reason: str


def devices() -> list[str]:
    """Return the devices of this machine, by the names that PyTorch and `--device` take. Imports PyTorch if it is there."""
    if not has_torch():
        return ["cpu"]
    return ["cpu", *gpu.gpu_names()]


def choose_device(requested: str, engine: str = "auto") -> Choice:
    """Return the device to compute on; `auto` takes a GPU where there is one.

    Args:
        requested: "auto", or a device's name.
        engine: the engine that was asked for: cpu computes on the CPU, and cuda on a GPU.

    Raises:
        EngineError: if the device is not on this machine, or needs PyTorch, which is not installed.
    """
    if requested == "cpu":
        return Choice("cpu", "as requested")
    if requested == "auto" and engine == "cpu":
        return Choice("cpu", "auto: where the engine cpu computes")
    if requested == "auto" and engine == "cuda":
        require_torch("the engine cuda")
        return Choice(choose_device("cuda").name, "auto: where the engine cuda computes")
    if requested == "auto":
        if may_have_gpu() and "cuda:0" in devices():
            return Choice("cuda:0", "auto: found a GPU")
        return Choice("cpu", "auto: found no GPU")
    wanted = "cuda:0" if requested == "cuda" else requested
    if wanted.partition(":")[0] in ("cuda", "mps"):
        require_torch(f"the device {requested}")
    if wanted not in (present := devices()):
        raise gpu.missing(requested, present)
    return Choice(wanted, "as requested")


def choose_engine(requested: str, architecture: Architecture, device: str) -> Choice:
    """Return the engine for a network: lenet's own kernels if they can compute it, else PyTorch.

    Args:
        requested: "auto" or a name in registry.ENGINES.
        architecture: the network.
        device: such as "cpu" or "cuda:0".

    Raises:
        EngineError: if no engine can compute it, saying why.
    """
    if requested == "reference":
        require_torch("the engine reference")
        return Choice("reference", "as requested")
    if requested == "cuda":
        require_torch("the engine cuda")
        if not device.startswith("cuda"):
            raise EngineError(f"the engine cuda does not compute on {device}", hint="add --device cuda")
        return Choice("cuda", "as requested" if gpu.MEASURED else f"as requested; {gpu.NOT_MEASURED}")
    try:
        if device != "cpu":
            raise EngineError(f"the engine cpu does not compute on {device}", hint="add --device cpu")
        kernels.variant_number()
        lowered(architecture)
    except EngineError as error:
        if requested == "cpu":
            raise
        return Choice("reference", f"auto: {_reason(error, device)}")
    kind = f"own kernels for {kernels.variant_name()}"
    return Choice("cpu", f"auto: {kind}" if requested == "auto" else f"as requested, {kind}")


MakeEngine: TypeAlias = Callable[[str, Network, Dataset | None, TrainConfig, Preprocessing, str], Engine]


def make_engine(
    name: str,
    network: Network,
    dataset: Dataset | None,
    config: TrainConfig,
    preprocessing: Preprocessing,
    device: str = "cpu",
) -> Engine:
    """Return the engine of that name in registry.ENGINES; see CpuEngine for the arguments."""
    engine: Engine = resolve(ENGINES, name)(network, dataset, config, preprocessing, device)
    return engine


def _reason(error: EngineError, device: str) -> str:
    """Why PyTorch computes instead of the kernels; raises EngineError with both ways out if PyTorch is not installed."""
    if device == "cpu" and not has_torch():
        other = 'or install PyTorch, which computes any network: pip install "lenet[torch]"'
        hint = error.hint if isinstance(error, kernels.KernelsMissing) else None
        raise EngineError(error.message, hint=f"{hint}; {other}" if hint else other.removeprefix("or ")) from error
    if device != "cpu":
        return "plain PyTorch"
    return f"{error.message}; {error.hint}" if isinstance(error, kernels.KernelsMissing) else error.message


def may_have_gpu() -> bool:
    """Return whether a driver for GPUs that PyTorch can use is installed; importing PyTorch to ask it would take seconds."""
    if "torch" in sys.modules:
        return True
    return Path("/proc/driver/nvidia").exists() or Path("/dev/kfd").exists() or shutil.which("nvidia-smi") is not None
