"""Where a training ran: versions, hardware, threads, commit; recorded with every run, to judge its numbers by;
and how many threads PyTorch takes."""

import contextlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lenet.engines import kernels
from lenet.errors import EngineError
from lenet.version import __version__

# What the last bits of a training's numbers depend on, beside its settings and its data.
DECIDING = ("lenet", "commit", "torch", "numpy", "processor", "cpu_capability", "kernels", "gpu", "threads")


def describe(fingerprint: str) -> dict[str, Any]:
    """The content of environment.json; `fingerprint` is the data set's."""
    return {
        "lenet": __version__,
        "commit": git_commit(Path(__file__).parent),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "safetensors": importlib.metadata.version("safetensors"),
        "platform": platform.platform(),
        "processor": processor(),
        "cores": cores(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "kernels": kernels_build(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "data_fingerprint": fingerprint,
    }


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """In words, what is not as it was of all that decides the last bits of a training's numbers."""
    return [
        f"{name} {before.get(name) or 'none'} → {now.get(name) or 'none'}"
        for name in DECIDING
        if before.get(name) != now.get(name)
    ]


@contextlib.contextmanager
def pytorch_threads(number: int | None) -> Iterator[None]:
    """PyTorch with that many threads; afterwards with as many as before."""
    before = torch.get_num_threads()
    try:
        if number is not None:
            torch.set_num_threads(number)
        yield
    finally:
        torch.set_num_threads(before)


def kernels_build() -> str | None:
    """The CPU engine's variant here, and what its library was built from and with; None without one."""
    try:
        return f"{kernels.variant_name()} {kernels.library().lenet_build().decode()}"
    except EngineError:
        return None


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def git_commit(folder: Path) -> str | None:
    """The commit that `folder` is checked out at, with `+` if files differ from it; None outside its own repository."""
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
    if not (Path(top) / "src" / "lenet").is_dir():  # installed into somebody else's repository
        return None
    return f"{commit}+" if changes else commit
