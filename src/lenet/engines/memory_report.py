"""Who holds the memory of a GPU or of the machine, as a part of an error message; empty where that is unknown."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAMS_NAMED = 4  # that hold a GPU
TIMEOUT = 5  # seconds for nvidia-smi


def torch_if_loaded() -> Any:
    """Return PyTorch if this process has imported it, else None."""
    return sys.modules.get("torch")


def gpu_memory(device: str) -> str:
    """Return who holds a GPU's memory, or nothing if PyTorch cannot tell, as when there was too little to begin."""
    torch = torch_if_loaded()
    if torch is None:
        return ""
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


def gpu_programs(device: str) -> str:
    """Return the other programs that use a GPU, from nvidia-smi, or nothing where it is missing or does not answer."""
    if device.partition(":")[0] != "cuda" or (program := shutil.which("nvidia-smi")) is None:
        return ""
    query = [program, "--query-compute-apps=pid,process_name,used_memory", "--format=csv,noheader"]
    with contextlib.suppress(RuntimeError, ValueError, AssertionError, AttributeError):  # also without PyTorch
        torch = torch_if_loaded()
        query.append(f"--id=GPU-{torch.cuda.get_device_properties(device).uuid}")
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=TIMEOUT, check=True).stdout
    except (OSError, ValueError, MemoryError, subprocess.SubprocessError):
        return ""
    lines = [line.split(", ") for line in answer.splitlines() if line.count(", ") >= 2]
    others = [
        f"{Path(', '.join(name)).name} (process {number}, {used})"
        for number, *name, used in lines
        if number != str(os.getpid())
    ]
    more = f" and {len(others) - PROGRAMS_NAMED} more" if len(others) > PROGRAMS_NAMED else ""
    return f"; it is used by {', '.join(others[:PROGRAMS_NAMED])}{more}" if others else ""


def machine_memory() -> str:
    """Return how much of the machine's memory is free and this program's limit, or nothing where that is unknown."""
    try:
        import resource  # not on Windows

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        kilobytes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
        total, available = kilobytes["MemTotal"] / 1e6, kilobytes["MemAvailable"] / 1e6
    except (ImportError, OSError, MemoryError, ValueError, LookupError):
        return ""
    limited = "" if limit == resource.RLIM_INFINITY else f", and its limit is {limit / 1e9:.1f} (ulimit -v)"
    return f": of this machine's {total:.1f} GB {available:.1f} are free{limited}"
