"""No memory left, or the device gone: recognised in any wording, cured by what was being done, explained with the way out.

    with memory_explained("cuda:0", STEP, "in a training step"):
        loss.backward()

The words of an error tell only that memory was short. What helps follows from the phase: when a device is first touched,
somebody else holds it; a step is taken in smaller parts (reference.py) and an evaluation in smaller chunks (`in_chunks`).
"""

import contextlib
import ctypes
import errno
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from lenet.errors import EngineError, LenetError

Result = TypeVar("Result")

# In lower case, as PyTorch, CUDA, its libraries and the C++ library put it.
NO_PRIMITIVE = "could not create a primitive"  # oneDNN, of whatever it fails to set up: hardly ever anything else
NO_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "status_alloc_failed",
    "bad_alloc",
    NO_PRIMITIVE,
)
NO_HOST_MEMORY = ("defaultcpuallocator", "bad_alloc", NO_PRIMITIVE)
TAKEN = "busy or unavailable"  # in a mode that gives the device to one program alone
LOST = (  # after these nothing can be computed on the device by this process
    "unspecified launch failure",
    "device-side assert",
    "illegal memory access",
    "illegal instruction",
    "misaligned address",
    "invalid program counter",
    "shared address space",
    "hardware stack error",
    "ecc error",
    "nvlink error",
    "launch timed out",
    "device lost",
    "device is lost",
    "gpu is lost",
    "context is destroyed",
    "no cuda-capable device is detected",
    "cuda error: unknown error",
    TAKEN,
)
NAMED = 4  # programs that hold a GPU
ASKED_SECONDS = 5  # that nvidia-smi may take

ON_THE_CPU = "compute on the CPU (--device cpu; in Python device='cpu')"
RESUME = "lenet train --resume RUN goes on from the last checkpoint"
START_ANEW = "a program that lost a device, and a notebook's kernel, has to be started anew to use it"


@dataclass(frozen=True)
class Phase:
    """What is being done, which decides the way out: for a GPU that is full, a machine that is, and a lost device."""

    gpu: str
    machine: str
    lost: str


ANY = Phase(
    gpu=f"{ON_THE_CPU}, or take smaller batches; nvidia-smi lists the programs that use a GPU, and a notebook keeps its "
    "memory until its kernel is shut down",
    machine="end other programs, or take smaller batches (--batch-size; in Python batch_size) or a smaller network",
    lost=f"{ON_THE_CPU}; {START_ANEW}",
)
FIRST_TOUCH = Phase(
    gpu=f"{ON_THE_CPU}, or end what holds it; a notebook keeps its memory until its kernel is shut down",
    machine="end other programs, or take a smaller network or fewer pictures",
    lost=f"{ON_THE_CPU}; {START_ANEW}",
)
STEP = Phase(
    gpu=f"{ON_THE_CPU}, or take a smaller network; {RESUME} once there is room",
    machine=f"end other programs, or take a smaller network; {RESUME} once there is room",
    lost=f"{RESUME}, on the same device once it is back; {START_ANEW}",
)
EVALUATION = Phase(
    gpu=f"{ON_THE_CPU}, or end what holds it",
    machine="end other programs, or take fewer pictures or a smaller network",
    lost=f"{ON_THE_CPU}; {START_ANEW}",
)
SAVING = Phase(gpu=STEP.gpu, machine=f"end other programs; {RESUME} once there is room", lost=STEP.lost)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception, or one that it came from, says that memory is short: a GPU's, PyTorch's on the CPU, Python's."""
    return not is_lost_device(error) and any(_is_short(each) for each in _chain(error))


def is_lost_device(error: BaseException) -> bool:
    """Whether an exception, or one that it came from, says that the device will compute nothing more for this process."""
    return any(isinstance(each, RuntimeError) and _says(each, LOST) for each in _chain(error))


@contextlib.contextmanager
def memory_explained(device: str | torch.device, phase: Phase = ANY, doing: str = "") -> Iterator[None]:
    """Turns a lack of memory, or a lost device, into an EngineError: who has it, as far as can be known, and the way out.

    doing: what was being done, such as "in a training step". Other errors, and those explained already, stay as they are.
    """
    try:
        yield
    except LenetError:
        raise
    except Exception as error:
        if is_lost_device(error) or is_out_of_memory(error):
            raise explained(error, torch.device(device), phase, doing) from error
        raise


def explained(error: Exception, device: torch.device, phase: Phase = ANY, doing: str = "") -> EngineError:
    """The EngineError for one that `is_out_of_memory` or `is_lost_device`; its frames no longer hold their tensors."""
    let_go(error)
    doing = f" {doing}" if doing else ""
    if is_lost_device(error):
        said = next(str(each) for each in _chain(error) if _says(each, LOST))
        if phase is FIRST_TOUCH and TAKEN in said.lower():
            return EngineError(f"{device} is taken by another program{_programs(device)}", hint=phase.gpu)
        return EngineError(f"{device} was lost{doing}: {said.splitlines()[0]}", hint=phase.lost)
    of_machine = device.type == "cpu" or any(_is_of_machine(each) for each in _chain(error))
    give_back()
    if of_machine:
        return EngineError(f"this program is out of memory{doing}{_machine()}", hint=phase.machine)
    return EngineError(f"{device} is out of memory{doing}{_holders(device)}{_programs(device)}", hint=phase.gpu)


def let_go(error: BaseException) -> None:
    """Drops what a failed computation holds as long as its error lives: the variables of the frames it passed.

    oneDNN, where it found no room for its code, fails in that thread ever after: PyTorch then computes without it, slower.
    """
    for each in _chain(error):
        traceback.clear_frames(each.__traceback__)
        if _says(each, (NO_PRIMITIVE,)):
            torch.backends.mkldnn.enabled = False  # type: ignore[assignment]  # a property, of a module


def give_back() -> None:
    """Returns freed memory that PyTorch keeps on a GPU, and glibc on the CPU (see `keep_freed_memory` in reference.py).

    To be called outside of the `except` block: what closures hold goes only with the error itself.
    """
    with contextlib.suppress(RuntimeError):
        torch.cuda.empty_cache()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)


def halved(size: int) -> int:
    """The next smaller number of pictures to try, at least 1."""
    return -(-size // 2)


def in_chunks(compute: Callable[[Tensor], Result], images: Tensor, size: int) -> list[Result]:
    """What `compute` gives for images `(N, …)`, in chunks of `size`, halved, down to one picture, where memory is short."""
    results: list[Result] = []
    done = 0
    while done < len(images) or not results:
        chunk = images[done : done + size]
        try:
            results.append(compute(chunk))
            done += len(chunk)
            continue
        except Exception as error:
            if len(chunk) <= 1 or not is_out_of_memory(error):
                raise
            let_go(error)
        give_back()
        size = halved(len(chunk))
    return results


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and those it came from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _says(error: BaseException, words: tuple[str, ...]) -> bool:
    said = str(error).lower()
    return any(word in said for word in words)


def _is_short(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    is_named = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return is_named or (isinstance(error, RuntimeError) and _says(error, NO_MEMORY))


def _is_of_machine(error: BaseException) -> bool:
    """Whether it is the machine's own memory that is short, wherever the computation is."""
    return isinstance(error, MemoryError | OSError) or _says(error, NO_HOST_MEMORY)


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


def _programs(device: torch.device) -> str:
    """The other programs that use a GPU, by nvidia-smi; nothing where it is not there or does not answer."""
    if device.type != "cuda" or (program := shutil.which("nvidia-smi")) is None:
        return ""
    query = [program, "--query-compute-apps=pid,process_name,used_memory", "--format=csv,noheader"]
    with contextlib.suppress(RuntimeError, ValueError, AssertionError, AttributeError):
        query.append(f"--id=GPU-{torch.cuda.get_device_properties(device).uuid}")
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=ASKED_SECONDS, check=True).stdout
    except (OSError, ValueError, MemoryError, subprocess.SubprocessError):
        return ""
    lines = [line.split(", ") for line in answer.splitlines() if line.count(", ") >= 2]
    others = [
        f"{Path(', '.join(name)).name} (process {number}, {used})"
        for number, *name, used in lines
        if number != str(os.getpid())
    ]
    more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
    return f"; it is used by {', '.join(others[:NAMED])}{more}" if others else ""


def _machine() -> str:
    """How much of the machine's memory is free, and this program's limit if it has one; nothing where that is unknown."""
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
