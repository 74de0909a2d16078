"""A step as CUDA graphs: captured once for each number of images, then replayed. Elsewhere the step is called.

This is the only place where a GPU and another device differ in what is executed.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol

import torch

from lenet.engines.memory import is_out_of_memory
from lenet.errors import EngineError

UNROLLED = 8  # steps in the longer graph; a chunk is launched with an eighth of the calls
WARM_UP = 2  # steps before a capture, in which libraries choose their algorithms and allocate
UNCAPTURABLE = ("captur", "synchronizing")  # in PyTorch's messages on what a graph cannot hold


class Step(Protocol):
    """A step of a training, on tables and vectors of the device alone: no number comes from the host or goes to it.

    It reads the present row of its Stage and its Vectors, changes the vectors, and writes losses and logits with
    `Stage.write`, which goes to the next row. It allocates nothing that has to outlast it.
    """

    def __call__(self, count: int) -> None:
        """Take the step with the first `count` images of the row."""


class Replay:
    """Takes steps: on a GPU by replaying graphs, elsewhere by calling the step.

    Args:
        step: the step.
        device: where it computes.
        keep: copies all that a step changes, before the steps that only warm up.
        go_back: sets it back, and the stage to its first row.
    """

    def __init__(self, step: Step, device: torch.device, keep: Callable[[], None], go_back: Callable[[], None]) -> None:
        self.step, self.device = step, device
        self._keep, self._go_back = keep, go_back
        self._graphs: dict[tuple[int, int], torch.cuda.CUDAGraph] = {}  # by images of a step and steps
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._pool = torch.cuda.graph_pool_handle() if device.type == "cuda" else None

    def run(self, count: int, times: int) -> None:
        """Take `times` steps of `count` images; reading a result waits for them.

        Args:
            count: images of a step.
            times: steps.
        """
        if self._stream is None:
            for _ in range(times):
                self.step(count)
            return
        for number in (UNROLLED, 1):
            while times >= number:
                self._graph(count, number).replay()
                times -= number

    def prepare(self, count: int, times: int) -> None:
        """Capture the graphs that `run` will replay for up to `times` steps; does nothing if they are there.

        The steps that warm up change the state and the row of the stage, so this has to come before a stage is filled.

        Args:
            count: images of a step.
            times: the most steps of one `run`.
        """
        if self._stream is None:
            return
        for number in (UNROLLED, 1):  # the single step too: a later stage may be shorter
            if times >= number:
                self._graph(count, number)

    def _graph(self, count: int, number: int) -> torch.cuda.CUDAGraph:
        """The graph of so many steps of `count` images, captured if it is not there."""
        graph = self._graphs.get((count, number))
        if graph is None:
            self._keep()
            self._go_back()  # to the first row of the stage
            try:
                graph = self._graphs[count, number] = self._captured(count, number)
            except RuntimeError as error:
                if is_out_of_memory(error) or not any(word in str(error) for word in UNCAPTURABLE):
                    raise
                message = str(error).splitlines()[0]
                raise EngineError(
                    f"the steps of this network cannot be captured as a CUDA graph: {message}",
                    hint="--engine reference computes it; a forward pass must not read numbers from the GPU",
                ) from error
            finally:
                self._go_back()
        return graph

    def _captured(self, count: int, number: int) -> torch.cuda.CUDAGraph:
        stream, current = self._stream, torch.cuda.current_stream(self.device)
        if stream is None:
            raise TypeError(f"the device {self.device} has no graphs")
        stream.wait_stream(current)
        try:
            with torch.cuda.stream(stream):
                for left in reversed(range(WARM_UP)):
                    with contextlib.nullcontext() if left else _refusing_waits():
                        self.step(count)
                    self._go_back()
            _release_workspaces(self.device)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, self._pool, stream, capture_error_mode="thread_local"):
                for _ in range(number):
                    self.step(count)
            _release_workspaces(self.device)
        except RuntimeError:
            torch.cuda.set_stream(current)  # a capture that fails leaves its own
            raise
        finally:
            current.wait_stream(stream)  # before the state is set back
        return graph


@contextlib.contextmanager
def _refusing_waits() -> Iterator[None]:
    """Raise a RuntimeError where a step waits for the GPU.

    A capture would fail there too, but leave PyTorch's allocator and random generator in a capture that does not end.
    """
    mode = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(mode)


def _release_workspaces(device: torch.device) -> None:
    """Let cuBLAS allocate its workspaces anew.

    Before a capture, so that those that the graph uses lie in the graph's memory, and after it, so that nothing else uses
    them. Others, such as torch.compile, free workspaces that lie elsewhere while graphs still write to them.
    """
    release = getattr(torch._C, "_cuda_clearCublasWorkspaces", None)  # builds without CUDA lack it
    if release is not None:
        torch.cuda.synchronize(device)
        release()
