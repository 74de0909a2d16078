"""SGD, Adam and AdamW over one vector of weights: their state, which all engines share.

The vectors are as long as the network's, with its running statistics at the end, which no optimiser moves: a step changes the
first num_parameters numbers. The average is that of the whole vector.

`average` is the exponential moving average of the weights, if the training keeps one. The formulas are in
pytorch/optimizer.py, the specification, and in kernels/optimizer.h.
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


def average_share(config: TrainConfig, step: int) -> float:
    """Return the share of the new weights in their average after a step, counted from 1: all of it after the first."""
    return 1.0 if step == 1 else 1 - (config.ema or 0.0)


class OptimizerState(Protocol):
    """What snapshots and checkpoints need of an optimiser.

    Attributes:
        num_steps: steps taken so far.
        shapes: the shapes of the parts by name, in the order of the vectors.
    """

    num_steps: int
    shapes: Mapping[str, Shape]

    def arrays(self) -> dict[str, Array]:
        """Return `weights`, the moments and `average`, (num_values,) each, as they are now; on the CPU without a copy."""

    def assign(self, arrays: Mapping[str, Array], num_steps: int) -> None:
        """Set all of these, and the number of steps."""


class Optimizer:
    """The optimiser's vectors in NumPy, (num_values,) each; `weights` is the network's own memory."""

    def __init__(self, network: Network, config: TrainConfig) -> None:
        self.config = config
        self.shapes: Mapping[str, Shape] = network.architecture.tensor_shapes
        self.weights = network.weights
        self.gradient = np.zeros_like(self.weights)
        self.moments = {name: np.zeros_like(self.weights) for name in moment_names(config)}
        self.average = self.weights.copy() if config.ema is not None else None
        self.num_steps = 0

    def arrays(self) -> dict[str, Array]:
        """Return `weights`, the moments and `average`, not copied."""
        return {"weights": self.weights, **self.moments, **({} if self.average is None else {"average": self.average})}

    def assign(self, arrays: Mapping[str, Array], num_steps: int) -> None:
        """Set all of these, and the number of steps."""
        for name, array in self.arrays().items():
            np.copyto(array, arrays[name])
        self.num_steps = num_steps
