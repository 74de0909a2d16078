"""The state of an engine, in the one form that all engines write and read.

By name: `model.NAME` for each tensor of the network, `optimizer.NAME.KEY` for each moment and the average, and
`optimizer.step`.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.engines.memory import SAVING, memory_explained
from lenet.engines.optimizer import OptimizerState
from lenet.networks.layers import Shape
from lenet.networks.network import split

Array = NDArray[Any]


class Stateful:
    """The state of an engine: what all engines have, as they train one network by one optimiser."""

    device: str
    optimizer: OptimizerState
    notice: str = ""  # what a user should know about how the engine computes

    def buffers(self) -> dict[str, Array]:
        """Return what a module that is no Network holds beside its parameters, such as running means, by name."""
        return {}

    def load_buffers(self, buffers: Mapping[str, Array]) -> None:
        """Set what `buffers` returns."""

    def snapshot(self) -> "Snapshot":
        """Return a copy of the present state, to which a training can go back."""
        return Snapshot(self)

    def state_dict(self) -> dict[str, Array]:
        """Return a copy of the present state, by names."""
        return self.snapshot().state_dict()

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Set the state, as `state_dict` returned it.

        Raises:
            KeyError: for a part that is missing or unknown.
            ValueError: for a part of another shape.
        """
        buffers = self.buffers()
        known = {f"model.{name}" for name in (*self.optimizer.shapes, *buffers)}
        if unknown := {name for name in state if name.startswith("model.")} - known:
            raise KeyError(min(unknown))
        arrays = {key: _joined(state, self.optimizer.shapes, key) for key in self.optimizer.arrays()}
        self.load_buffers({name: state[f"model.{name}"] for name in buffers})
        self.optimizer.assign(arrays, int(state["optimizer.step"]))


class Snapshot:
    """A copy of an engine's state at one moment, in the machine's memory.

    A training takes one before each chunk of steps, in a tenth of a millisecond: a few long vectors are copied into memory
    that is already there. Only `state_dict` goes through the parameters by name.
    """

    def __init__(self, engine: Stateful) -> None:
        """Take the present state.

        Raises:
            EngineError: if memory is short.
        """
        self._engine = engine
        with self._explained():
            self._copies = {name: np.empty_like(array) for name, array in self._arrays().items()}
        self.take()

    def take(self) -> None:
        """Take the present state in place of the one before.

        Raises:
            EngineError: if the device is lost.
        """
        with self._explained():
            for name, array in self._arrays().items():
                np.copyto(self._copies[name], array)
        self._num_steps = self._engine.optimizer.num_steps

    def state_dict(self) -> dict[str, Array]:
        """Return all parts by their names, sharing the memory of the snapshot."""
        shapes = self._engine.optimizer.shapes
        state: dict[str, Array] = {}
        moments: dict[str, Array] = {"optimizer.step": np.array(self._num_steps, np.int64)}
        for key, copy in self._copies.items():
            if key == "weights":
                state |= {f"model.{name}": part for name, part in split(copy, shapes).items()}
            elif key.startswith("model."):
                state[key] = copy
            else:
                moments |= {f"optimizer.{name}.{key}": part for name, part in split(copy, shapes).items()}
        return state | moments

    def _arrays(self) -> dict[str, Array]:
        buffers = {f"model.{name}": array for name, array in self._engine.buffers().items()}
        return self._engine.optimizer.arrays() | buffers

    def _explained(self) -> AbstractContextManager[None]:
        doing = "copying the weights into the machine's memory, to be saved"
        return memory_explained(self._engine.device, SAVING, doing)


def _joined(state: Mapping[str, Array], shapes: Mapping[str, Shape], key: str) -> Array:
    """One vector, (num_values,), of its parts."""
    parts = []
    for name, shape in shapes.items():
        part = state[f"model.{name}" if key == "weights" else f"optimizer.{name}.{key}"]
        if part.shape != shape:
            raise ValueError(f"{name} has the shape {part.shape}; expected {shape}")
        parts.append(part.ravel())
    return np.concatenate(parts)
