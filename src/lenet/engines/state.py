"""The state of an engine, in the one form that all engines write and read: `model.NAME`, `optimizer.NAME.KEY`."""

from contextlib import AbstractContextManager

import numpy as np
import torch
from torch import Tensor, nn

from lenet.engines.optimizer import Optimizer
from lenet.pytorch.memory import SAVING, memory_explained


class Snapshot:
    """A copy of an engine's state at one moment, in the machine's memory.

    A trainer takes one before each chunk of steps: in a tenth of a millisecond, for these are a few long vectors, copied into
    memory that is there already. Only `state_dict` goes through the parameters by name.
    """

    def __init__(self, model: nn.Module, optimizer: Optimizer) -> None:
        """Takes the state of now. Raises EngineError if there is no room for it."""
        self._optimizer = optimizer
        buffers = {f"model.{name}": value for name, value in model.state_dict().items() if name not in optimizer.names}
        self._sources = {"weights": optimizer.weights} | optimizer.moments | buffers
        with self._explained():
            self._copies = {name: torch.empty_like(source, device="cpu") for name, source in self._sources.items()}
        self.take()

    def take(self) -> None:
        """Takes the state of now, in place of the one before. Raises EngineError if the device is lost."""
        with self._explained():
            # Copied by NumPy: PyTorch would wake its threads for 48,000 numbers, and wait for them where cores are shared.
            for name, source in self._sources.items():
                np.copyto(self._copies[name].numpy(), source.detach().cpu().numpy())
        self._num_steps = self._optimizer.num_steps

    def state_dict(self) -> dict[str, Tensor]:
        """All parts by their names, sharing the memory of the snapshot."""
        optimizer, copies = self._optimizer, self._copies
        moments = optimizer.named(self._num_steps, {key: copies[key] for key in optimizer.moments})
        return (
            {f"model.{name}": weights for name, weights in optimizer.by_name(copies["weights"]).items()}
            | {name: copy for name, copy in copies.items() if name.startswith("model.")}
            | {f"optimizer.{name}": value for name, value in moments.items()}
        )

    def _explained(self) -> AbstractContextManager[None]:
        doing = "copying the weights into the machine's memory, to be saved"
        return memory_explained(self._optimizer.weights.device, SAVING, doing)


class Stateful:
    """An engine's state: what all engines have, as they train one `model` by one `optimizer`."""

    model: nn.Module
    optimizer: Optimizer

    def snapshot(self) -> Snapshot:
        """A copy of the state of now, to which a training can go back."""
        return Snapshot(self.model, self.optimizer)

    def state_dict(self) -> dict[str, Tensor]:
        """Weights and optimiser state, flat, CPU tensors: `model.NAME`, `optimizer.NAME.KEY`."""
        return self.snapshot().state_dict()

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """The inverse of `state_dict`. Raises KeyError or RuntimeError for the state of another network."""
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "optimizer": {}}
        for name, value in state.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = value
        self.model.load_state_dict(parts["model"])
        self.optimizer.load_state_dict(parts["optimizer"])
