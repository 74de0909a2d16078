"""Why a GPU cannot be used, in one line with what to do; and whether the engine for GPUs has been measured on one.

PyTorch is imported only where a GPU was asked for.
"""

import contextlib
import importlib
import os
import re
import warnings
from collections.abc import Iterator
from typing import Any

from lenet.errors import EngineError, LenetError

# True once bench/records/gpu.log, the record of bench/gpu.sh, is there; a test compares. Until then `auto` never chooses the
# engine cuda.
MEASURED = False
NOT_MEASURED = "not measured on a GPU yet"

ON_THE_CPU = "--device cpu computes without a GPU"
BUILDS = "https://pytorch.org/get-started/locally lists the commands"


def gpu_names() -> list[str]:
    """Return the GPUs that PyTorch can use, such as "cuda:0", and "mps" of a Mac. Imports PyTorch."""
    torch = importlib.import_module("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the driver is too old, which `missing` says in our words
        number = torch.cuda.device_count() if torch.cuda.is_available() else 0
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return [*(f"cuda:{each}" for each in range(number)), *mps]


def missing(requested: str, present: list[str]) -> EngineError:
    """Return the error for a device that is not on this machine, which says why if it is an NVIDIA GPU.

    Args:
        requested: as the user wrote it.
        present: the devices that there are.
    """
    message = f"no device {requested!r} on this machine"
    choices = f"choose from {', '.join(present)}; --device auto picks one"
    if requested.partition(":")[0] != "cuda" or "cuda:0" in present:
        return EngineError(message, hint=choices)
    why, hint = _why_no_gpu()
    return EngineError(f"{message}: {why}", hint=f"{hint}; {ON_THE_CPU}")


@contextlib.contextmanager
def first_use(device: str) -> Iterator[None]:
    """Turn an error of a GPU that PyTorch sees but cannot use into an EngineError that explains it.

    Args:
        device: its name, such as "cuda:0".

    Raises:
        EngineError: what is wrong and what to do. Other errors pass unchanged.
    """
    try:
        yield
    except LenetError:
        raise
    except (RuntimeError, AssertionError) as error:
        if explanation := unusable(error, device):
            raise explanation from error
        raise


def unusable(error: BaseException, device: str) -> EngineError | None:
    """Return the EngineError for an error by which PyTorch refuses a GPU; None for any other error."""
    said = str(error)
    if "no kernel image is available" in said:
        torch = importlib.import_module("torch")
        message = f"PyTorch {torch.__version__} has no code for {device}{_model(torch, device)}"
        return EngineError(message, hint=f"install a PyTorch built for this GPU ({BUILDS}); {ON_THE_CPU}")
    if known := _known(said):
        return EngineError(f"{device} cannot be used: {known[0]}", hint=f"{known[1]}; {ON_THE_CPU}")
    return None


def _why_no_gpu() -> tuple[str, str]:
    """Why PyTorch sees no NVIDIA GPU, and what to do."""
    torch = importlib.import_module("torch")
    if torch.version.cuda is None and getattr(torch.version, "hip", None) is None:
        return f"PyTorch {torch.__version__} was built without support for GPUs", f"install another build ({BUILDS})"
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:
        said = str(error)
        return _known(said) or (said.splitlines()[0], "nvidia-smi shows what the driver sees")
    return "PyTorch finds none", "nvidia-smi shows what the driver sees"


def _known(said: str) -> tuple[str, str] | None:
    """What a message of PyTorch or CUDA says, and what to do; None for an unknown one."""
    torch = importlib.import_module("torch")
    built = torch.version.cuda
    if "driver on your system is too old" in said or "driver version is insufficient" in said:
        found = re.search(r"found version (\d+)", said)
        number = int(found[1]) if found else 0
        most = f"{number // 1000}.{number % 1000 // 10}" if number else ""
        why = (
            f"the NVIDIA driver is too old: it supports CUDA {most}, and " if most else "the NVIDIA driver is too old: "
        )
        older = f"CUDA {most}" if most else "an older CUDA"
        return f"{why}PyTorch {torch.__version__} needs {built}", f"update the driver, or install a PyTorch for {older}"
    if "Found no NVIDIA driver" in said:
        return "there is no NVIDIA driver", "install the driver of the GPU, if there is one"
    if "No CUDA GPUs are available" in said or "no CUDA-capable device is detected" in said:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        hidden = "" if visible is None else f", and CUDA_VISIBLE_DEVICES is {visible!r}"
        return f"the NVIDIA driver shows no GPU{hidden}", "nvidia-smi lists them; unset CUDA_VISIBLE_DEVICES shows all"
    if "system not yet initialized" in said:
        return "the driver's fabric manager does not run", "start the service nvidia-fabricmanager"
    if "forward compatibility was attempted" in said:
        return "the NVIDIA driver's libraries are of another version than the driver", "update the driver, and restart"
    if "driver shutting down" in said or "driver/library version mismatch" in said.lower():
        return "the driver was updated while it was in use", "restart the machine"
    return None


def _model(torch: Any, device: str) -> str:
    """A GPU's name and compute capability in parentheses, as far as they are known."""
    try:
        major, minor = torch.cuda.get_device_capability(device)
        return f" ({torch.cuda.get_device_name(device)}, compute capability {major}.{minor})"
    except (RuntimeError, AssertionError):
        return ""
