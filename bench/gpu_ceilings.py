"""What a GPU can do at most, measured: arithmetic, memory, launches; and what training steps need of each.

    ceilings = measure(torch.device("cuda:0"))
    shares = ceilings.shares(needs, seconds)  # how near a step is to each limit; 1 would be the limit

The fewest bytes are those of a step that keeps everything but images, labels and weights on the chip, so no step moves fewer.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from recording import Log
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from turns import operations

from lenet.data.dataset import Dataset
from lenet.networks import Architecture
from lenet.pytorch.arithmetic import arithmetic

LABEL_BYTES = 8
WEIGHT_BYTES = 2 * 4  # each weight read and written as float32


@dataclass(frozen=True)
class Needs:
    """What a training step needs.

    Attributes:
        operations: floating-point, two for each multiply-add.
        num_bytes: the fewest through the device's memory.
        launches: kernels; None where they could not be counted.
        busy_seconds: the kernels' own time; None likewise.
    """

    operations: float
    num_bytes: float
    launches: float | None = None
    busy_seconds: float | None = None


@dataclass(frozen=True)
class Ceilings:
    """What the device did at most, each the median of some measurements.

    Attributes:
        fp32: floating-point operations per second in a product of float32 matrices.
        tf32: the same with the factors rounded to 10 binary digits.
        bf16: the same of bfloat16 matrices.
        num_bytes: per second in a copy, counting those read and those written.
        launch_seconds: of an empty kernel in a CUDA graph.
        call_seconds: of an empty kernel that PyTorch launches.
    """

    fp32: float
    tf32: float
    bf16: float
    num_bytes: float
    launch_seconds: float
    call_seconds: float

    def shares(self, needs: Needs, seconds: float, precision: str = "fp32") -> dict[str, float | None]:
        """Return the least time that each need takes, as a share of the measured seconds."""
        launches = needs.launches
        return {
            "operations": needs.operations / getattr(self, precision) / seconds,
            "bytes": needs.num_bytes / self.num_bytes / seconds,
            "launches": None if launches is None else launches * self.launch_seconds / seconds,
            "busy": None if needs.busy_seconds is None else needs.busy_seconds / seconds,
        }

    def say(self, log: Log) -> None:
        """Print all of them."""
        log.say(
            f"limits, measured: {self.fp32 / 1e12:.1f} TFLOP/s in fp32, {self.tf32 / 1e12:.1f} in tf32, "
            f"{self.bf16 / 1e12:.1f} in bf16; {self.num_bytes / 1e12:.2f} TB/s; an empty kernel takes "
            f"{self.launch_seconds * 1e6:.2f} µs in a graph, {self.call_seconds * 1e6:.2f} µs launched by PyTorch"
        )

    def as_dict(self) -> dict[str, float]:
        """Return all of them by name."""
        return asdict(self)


def measure(device: torch.device, matrix: int = 8192, numbers: int = 1 << 30, repeats: int = 5) -> Ceilings:
    """Measure the limits of a device.

    Args:
        device: the device.
        matrix: rows and columns of the matrices.
        numbers: float32 that are copied; several times the caches.
        repeats: measurements of each, of which the median counts.
    """

    def product(precision: str) -> float:
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        left, right = (torch.randn(matrix, matrix, dtype=dtype, device=device) for _ in range(2))
        with arithmetic(precision):
            return 2 * matrix**3 / median_seconds(lambda: left @ right, device, repeats)

    rates = {precision: product(precision) for precision in ("fp32", "tf32", "bf16")}
    source = torch.randn(numbers, device=device)
    copy = torch.empty_like(source)
    num_bytes = 2 * 4 * numbers / median_seconds(lambda: copy.copy_(source), device, repeats)
    launch, call = _kernel_seconds(device, repeats)
    return Ceilings(**rates, num_bytes=num_bytes, launch_seconds=launch, call_seconds=call)


def step_needs(architecture: Architecture, train: Dataset, batch_size: int) -> Needs:
    """Count what a training step of a network needs, launches aside."""
    return Needs(
        batch_size * operations(architecture, training=True),
        batch_size * (train.images[0].nbytes + LABEL_BYTES) + WEIGHT_BYTES * architecture.num_values,
    )


def profiled(work: Callable[[], object], device: torch.device, steps: int, log: Log) -> tuple[float, float] | None:
    """Count the kernels of some steps, and print which take the most time.

    Args:
        work: takes the steps.
        device: where.
        steps: how many.
        log: where the kernels are printed.

    Returns:
        Kernels, and their own seconds, of a step; None where the profiler sees none.
    """
    is_gpu = device.type == "cuda"
    try:
        with profile(activities=[ProfilerActivity.CUDA if is_gpu else ProfilerActivity.CPU]) as profiling:
            work()
            wait(device)
        kind = torch.autograd.DeviceType.CUDA if is_gpu else torch.autograd.DeviceType.CPU
        kernels = [event for event in profiling.events() or [] if event.device_type == kind]
    except Exception as error:  # figures without kernels are better than none
        log.say(f"the profiler failed: {type(error).__name__}: {error}")
        return None
    if not kernels:
        log.say("the profiler saw no kernel")
        return None
    times: dict[str, list[float]] = {}
    for event in kernels:
        times.setdefault(event.name, []).append(event.time_range.elapsed_us())
    log.say(f"kernels of {steps} steps by time: {len(kernels)}")
    for name, each in sorted(times.items(), key=lambda item: -sum(item[1]))[:12]:
        log.say(f"{sum(each) / steps:>10.2f} µs a step, {len(each) / steps:>6.2f} times: {name[:90]}")
    return len(kernels) / steps, sum(map(sum, times.values())) * 1e-6 / steps


def median_seconds(work: Callable[[], object], device: torch.device, repeats: int, times: int = 1) -> float:
    """Return the seconds of a task, the median of some measurements after one that does not count.

    Args:
        work: the task.
        device: where it computes.
        repeats: measurements.
        times: how often the task is done in each.
    """
    seconds = []
    for _ in range(repeats + 1):
        wait(device)
        began = time.perf_counter()
        for _ in range(times):
            work()
        wait(device)
        seconds.append((time.perf_counter() - began) / times)
    return statistics.median(seconds[1:])


def wait(device: torch.device) -> None:
    """Wait until the device has done all that was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _kernel_seconds(device: torch.device, repeats: int, count: int = 1000) -> tuple[float, float]:
    """The seconds of a kernel that does next to nothing: in a graph, and launched by PyTorch."""
    number = torch.zeros(1, device=device)

    def launch() -> Tensor:
        return number.add_(1)

    call = median_seconds(launch, device, repeats, count)
    if device.type != "cuda":
        return call, call
    graph: Any = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(count):
            launch()
    return median_seconds(graph.replay, device, repeats) / count, call
