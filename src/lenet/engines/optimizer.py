"""SGD, Adam and AdamW over one vector of weights: their state, which all engines share.

The formulas are in pytorch/optimizer.py, the specification, and in kernels/optimizer.h.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lenet.config import TrainConfig
from lenet.networks import Network
from lenet.networks.layers import Shape

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
Array = NDArray[Any]

# What each optimiser keeps for every weight, by torch.optim's names.
MOMENTS = {"sgd": ("momentum_buffer",), "adam": ("exp_avg", "exp_avg_sq"), "adamw": ("exp_avg", "exp_avg_sq")}


def moment_names(config: TrainConfig) -> tuple[str, ...]:
    """Return the names of the vectors that the optimiser of `config` keeps."""
    return () if config.optimizer == "sgd" and not config.momentum else MOMENTS[config.optimizer]


class OptimizerState(Protocol):
    """What snapshots and checkpoints need of an optimiser.

    Attributes:
        num_steps: steps taken so far.
        shapes: the shapes of the parameters by name, in the order of the vectors.
    """

    num_steps: int
    shapes: Mapping[str, Shape]

    def arrays(self) -> dict[str, Array]:
        """Return `weights` and the moments as they are now, (num_parameters,) each; on the CPU without a copy."""

    def assign(self, arrays: Mapping[str, Array], num_steps: int) -> None:
        """Set `weights`, the moments and the number of steps."""


class Optimizer:
    """The optimiser's vectors in NumPy, (num_parameters,) each; `weights` is the network's own memory."""

    def __init__(self, network: Network, config: TrainConfig) -> None:
        self.config = config
        self.shapes: Mapping[str, Shape] = network.architecture.parameter_shapes
        self.weights = network.weights
        self.gradient = np.zeros_like(self.weights)
        self.moments = {name: np.zeros_like(self.weights) for name in moment_names(config)}
        self.num_steps = 0

    def arrays(self) -> dict[str, Array]:
        """Return `weights` and the moments, not copied."""
        return {"weights": self.weights, **self.moments}

    def assign(self, arrays: Mapping[str, Array], num_steps: int) -> None:
        """Set `weights`, the moments and the number of steps."""
        for name, array in self.arrays().items():
            np.copyto(array, arrays[name])
        self.num_steps = num_steps
