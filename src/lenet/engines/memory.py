"""Recognises out-of-memory errors and lost devices, and explains what the user can do about them.

    with memory_explained("cuda:0", STEP, "in a training step"):
        loss.backward()

An error's message says only that memory was short. What helps depends on the phase: when a device is first used, another
program holds it; a step is repeated in smaller parts (pytorch/reference.py), an evaluation in smaller chunks (`in_chunks`).

PyTorch is never imported here: an error of PyTorch's can only come from a process that has loaded it.
"""

import contextlib
import ctypes
import errno
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from lenet.engines.memory_report import gpu_memory, gpu_programs, machine_memory, torch_if_loaded
from lenet.errors import EngineError, LenetError

Result = TypeVar("Result")

# Parts of the messages of PyTorch, CUDA, its libraries and the C++ library, in lower case.
NO_PRIMITIVE = "could not create a primitive"  # oneDNN; hardly ever for another reason
NO_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "status_alloc_failed",
    "bad_alloc",
    NO_PRIMITIVE,
)
NO_HOST_MEMORY = ("defaultcpuallocator", "bad_alloc", NO_PRIMITIVE)
TAKEN = "busy or unavailable"  # a GPU in exclusive mode that another program uses
LOST = (  # after these errors this process cannot use the device any more
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

ON_THE_CPU = "compute on the CPU (--device cpu; in Python device='cpu')"
RESUME = "lenet train --resume RUN continues from the last checkpoint"
RESTART = "a program, or a notebook's kernel, that lost a device has to be restarted to use it"


@dataclass(frozen=True)
class Phase:
    """A phase of the work and its hints: for a full GPU, for a machine without memory, and for a lost device."""

    gpu: str
    machine: str
    lost: str


ANY = Phase(
    gpu=f"{ON_THE_CPU}, or take smaller batches; nvidia-smi lists the programs that use a GPU, and a notebook keeps its "
    "memory until its kernel is shut down",
    machine="end other programs, or take smaller batches (--batch-size; in Python batch_size) or a smaller network",
    lost=f"{ON_THE_CPU}; {RESTART}",
)
FIRST_TOUCH = Phase(
    gpu=f"{ON_THE_CPU}, or end what holds it; a notebook keeps its memory until its kernel is shut down",
    machine="end other programs, or take a smaller network or fewer images",
    lost=f"{ON_THE_CPU}; {RESTART}",
)
STEP = Phase(
    gpu=f"{ON_THE_CPU}, or take a smaller network; {RESUME} once there is room",
    machine=f"end other programs, or take a smaller network; {RESUME} once there is room",
    lost=f"{RESUME}, on the same device once it is back; {RESTART}",
)
EVALUATION = Phase(
    gpu=f"{ON_THE_CPU}, or end what holds it",
    machine="end other programs, or take fewer images or a smaller network",
    lost=f"{ON_THE_CPU}; {RESTART}",
)
SAVING = Phase(gpu=STEP.gpu, machine=f"end other programs; {RESUME} once there is room", lost=STEP.lost)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception, or one of its causes, says that memory is short, on a GPU or on the machine."""
    return not is_lost_device(error) and any(_is_short(each) for each in _chain(error))


def is_lost_device(error: BaseException) -> bool:
    """Return whether an exception, or one of its causes, says that this process cannot use the device any more."""
    return any(isinstance(each, RuntimeError) and _says(each, LOST) for each in _chain(error))


@contextlib.contextmanager
def memory_explained(device: object, phase: Phase = ANY, doing: str = "") -> Iterator[None]:
    """Turn an out-of-memory error or a lost device into an EngineError that explains it.

    Args:
        device: its name, such as "cpu" or "cuda:0", or a torch.device.
        phase: decides the hint.
        doing: what was being done, such as "in a training step".

    Raises:
        EngineError: which programs hold the memory, as far as known, and what to do. Other errors pass unchanged.
    """
    try:
        yield
    except LenetError:
        raise
    except Exception as error:
        if is_lost_device(error) or is_out_of_memory(error):
            raise explained(error, str(device), phase, doing) from error
        raise


def explained(error: Exception, device: str, phase: Phase = ANY, doing: str = "") -> EngineError:
    """Return the EngineError for an out-of-memory error or a lost device, and release what the error's frames hold."""
    release_frames(error)
    doing = f" {doing}" if doing else ""
    if is_lost_device(error):
        said = next(str(each) for each in _chain(error) if _says(each, LOST))
        if phase is FIRST_TOUCH and TAKEN in said.lower():
            return EngineError(f"{device} is taken by another program{gpu_programs(device)}", hint=phase.gpu)
        return EngineError(f"{device} was lost{doing}: {said.splitlines()[0]}", hint=phase.lost)
    of_machine = device.partition(":")[0] == "cpu" or any(_is_of_machine(each) for each in _chain(error))
    return_freed_memory()
    if of_machine:
        return EngineError(f"this program is out of memory{doing}{machine_memory()}", hint=phase.machine)
    return EngineError(f"{device} is out of memory{doing}{gpu_memory(device)}{gpu_programs(device)}", hint=phase.gpu)


def release_frames(error: BaseException) -> None:
    """Delete the variables of the frames of a failed computation, which its error would keep in memory.

    Where oneDNN found no memory for its code it fails in that thread from then on: PyTorch then computes without it, slower.
    """
    for each in _chain(error):
        traceback.clear_frames(each.__traceback__)
        if _says(each, (NO_PRIMITIVE,)) and (torch := torch_if_loaded()):
            torch.backends.mkldnn.enabled = False


def return_freed_memory() -> None:
    """Return freed memory that PyTorch keeps on a GPU, and glibc on the CPU (see keep_freed_memory in pytorch/reference.py).

    Call it outside of the `except` block: what closures hold is released only with the error itself.
    """
    if torch := torch_if_loaded():
        with contextlib.suppress(RuntimeError):
            torch.cuda.empty_cache()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)


def halved(size: int) -> int:
    """Return the next smaller number of images to try, at least 1."""
    return -(-size // 2)


def in_chunks(compute: Callable[[Any], Result], images: Any, size: int) -> list[Result]:
    """Return what `compute` gives for chunks of `size` images.

    Where memory is short the size is halved, down to one image.

    Args:
        compute: takes images (n, …).
        images: an array or a tensor (N, …).
        size: images in a chunk.
    """
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
            release_frames(error)
        return_freed_memory()
        size = halved(len(chunk))
    return results


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and its causes."""
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
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and _says(error, NO_MEMORY))


def _is_of_machine(error: BaseException) -> bool:
    """Whether it is the machine's own memory that is short, wherever the computation is."""
    return isinstance(error, MemoryError | OSError) or _says(error, NO_HOST_MEMORY)
