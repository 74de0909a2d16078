"""Where a training computes: versions, hardware, threads, commit; recorded with every run."""

import functools
import importlib.metadata
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from lenet.engines import kernels
from lenet.engines.threads import cores
from lenet.errors import EngineError
from lenet.files.untrusted import printable
from lenet.runs.records import Environment
from lenet.version import __version__

# What the last bits of a training's numbers depend on, beside its settings and its data.
DECIDING = ("lenet", "commit", "numpy", "processor", "kernels")
DECIDING_PYTORCH = ("torch", "gpu", "cuda", "threads")  # and what else, where PyTorch computes


def describe(fingerprint: str, threads: int, precision: str | None = None) -> Environment:
    """Describe where this process computes; of PyTorch, as much as is known without importing it.

    Args:
        fingerprint: of the data set.
        threads: that compute.
        precision: the arithmetic of the engine cuda, if it computes.
    """
    return Environment(
        lenet=__version__,
        commit=git_commit(Path(__file__).parent),
        python=platform.python_version(),
        torch=torch_version(),
        numpy=np.__version__,
        safetensors=importlib.metadata.version("safetensors"),
        platform=platform.platform(),
        processor=processor(),
        cores=cores(),
        threads=threads,
        kernels=kernels_build(),
        gpu=_gpu(),
        cuda=_cuda(),
        precision=precision,
        command=(Path(sys.argv[0]).name, *sys.argv[1:]),
        data_fingerprint=fingerprint,
    )


def differences(before: Environment, now: Environment, engine: str) -> list[str]:
    """Return what has changed of all that decides the last bits of a training's numbers on an engine, as text."""
    names = DECIDING if engine == "cpu" else (*DECIDING, *DECIDING_PYTORCH)
    values = {name: (getattr(before, name), getattr(now, name)) for name in names}
    return [
        f"{name} {printable(one or 'none')} → {printable(other or 'none')}"
        for name, (one, other) in values.items()
        if one != other
    ]


def torch_version() -> str | None:
    """Return the version of PyTorch without importing it, or None if it is not installed."""
    if "torch" in sys.modules:
        return str(sys.modules["torch"].__version__)
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return None


def _gpu() -> str | None:
    """The name of the GPU, if PyTorch is imported and sees one."""
    torch: Any = sys.modules.get("torch")
    return str(torch.cuda.get_device_name()) if torch and torch.cuda.is_available() else None


def _cuda() -> str | None:
    """What computes on the GPU, if PyTorch is imported and sees one: "CUDA 12.8, cuDNN 91002, driver 570.86"."""
    torch: Any = sys.modules.get("torch")
    if not torch or not torch.cuda.is_available():
        return None
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=5, check=True).stdout
        driver = f", driver {printable(answer.splitlines()[0])}"
    except (OSError, IndexError, subprocess.SubprocessError):
        driver = ""
    return f"CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}{driver}"


def kernels_build() -> str | None:
    """Return the CPU engine's variant on this processor, and what its library was built from; None without a library."""
    try:
        return f"{kernels.variant_name()} {kernels.library().lenet_build().decode()}"
    except EngineError:
        return None


def processor() -> str:
    """Return the processor's name, as far as the system reports it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


@functools.cache
def git_commit(folder: Path) -> str | None:
    """Return the commit that a folder of lenet's repository is at, with `+` if files differ from it; else None."""
    try:
        top, commit, changes = (
            subprocess.run(
                ["git", "-C", str(folder), *command], capture_output=True, text=True, timeout=5, check=True
            ).stdout.strip()
            for command in (
                ["rev-parse", "--show-toplevel"],
                ["rev-parse", "HEAD"],
                ["status", "--porcelain", "--untracked-files=no"],
            )
        )
    except (OSError, subprocess.SubprocessError):
        return None
    if not (Path(top) / "src" / "lenet").is_dir():  # the repository is another project's
        return None
    return f"{commit}+" if changes else commit
