"""Weights and optimiser state of one network, or of K at once, as vectors on the device: a step reads nothing from the host.

What changes from step to step, such as the learning rate, is a row of a table on the device (`step_numbers`), so that a CUDA
graph of a step holds for every step. The formulas are those of pytorch/optimizer.py, the specification.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenet.config import TrainConfig
from lenet.engines.optimizer import BETA1, BETA2, EPSILON, Array, average_share, moment_names
from lenet.networks.layers import Shape

# The columns of the table: rate (for Adam divided by its first bias correction), 1 / root of the second correction, what
# AdamW multiplies the weights by, the weight decay that the others add to the gradient, momentum, and the share of the new
# weights in their average.
NUMBERS = 6


def step_numbers(config: TrainConfig, rates: NDArray[np.float64], num_steps: int) -> NDArray[np.float64]:
    """Return what changes from step to step.

    Args:
        config: the settings of the training.
        rates: float64 (n,), the learning rates of the next steps.
        num_steps: steps taken before.

    Returns:
        float64 (n, NUMBERS).
    """
    steps = num_steps + 1.0 + np.arange(len(rates))
    is_adam = config.optimizer != "sgd"
    is_decoupled = config.optimizer == "adamw"
    shares = [average_share(config, int(step)) for step in steps]
    columns = [
        rates / (1 - BETA1**steps) if is_adam else rates,
        (1 - BETA2**steps) ** -0.5,
        1 - rates * config.weight_decay if is_decoupled else np.ones_like(rates),
        np.full_like(rates, 0.0 if is_decoupled else config.weight_decay),
        np.full_like(rates, config.momentum),
        np.array(shares),
    ]
    return np.stack(columns, axis=1)


class Vectors:
    """The state of the training of one network, or of K, in one tensor.

    Args:
        weights: float (num_values,), or (K, num_values) of K networks: on the device, copied.
        config: the settings; of K networks, those that all have: optimizer, nesterov, clip_norm, ema or none.
        num_parameters: how many numbers at the beginning of a vector a step changes; running statistics follow.

    Attributes:
        state: (1 + moments + average, …, num_values): weights, moments and, if the training averages them, average weights.
        names: of its rows.
        weights: (…, num_values), a view of `state`, like `moments` and `average`.
        evaluated: (…, num_values), the average weights if there are any, else the weights.
        gradient: (…, num_parameters).
        kept: the state at the last `keep`.
    """

    def __init__(self, weights: Tensor, config: TrainConfig, num_parameters: int) -> None:
        self.config = config
        moments = moment_names(config)
        self.names = ("weights", *moments, *(() if config.ema is None else ("average",)))
        self.state = torch.zeros(len(self.names), *weights.shape, dtype=weights.dtype, device=weights.device)
        self.weights = self.state[0]
        self.moments = dict(zip(moments, self.state[1:], strict=False))
        self.average = None if config.ema is None else self.state[-1]
        self.evaluated = self.weights if self.average is None else self.average
        for vector in (self.weights, self.average):
            if vector is not None:
                vector.copy_(weights)
        self.gradient = torch.zeros_like(self.weights[..., :num_parameters])
        self._learned = self.weights[..., :num_parameters]
        self._moments = [moment[..., :num_parameters] for moment in self.moments.values()]
        self.kept = torch.empty_like(self.state)

    def keep(self) -> None:
        """Copy the state on the device, for `go_back`."""
        self.kept.copy_(self.state)

    def go_back(self) -> None:
        """Set the state back to what it was at the last `keep`."""
        self.state.copy_(self.kept)

    def update(self, numbers: Tensor) -> None:
        """Take a step along `gradient`.

        Args:
            numbers: (…, NUMBERS), a row of the table of `step_numbers`.
        """
        rate, root, kept, decay, momentum, share = numbers.unsqueeze(-1).unbind(-2)  # (…, 1) each
        config, gradient = self.config, self.gradient
        if config.clip_norm is not None:
            norm = torch.linalg.vector_norm(gradient, dim=-1, keepdim=True)
            gradient.mul_((config.clip_norm / (norm + 1e-6)).clamp(max=1.0))
        if config.weight_decay:
            if config.optimizer == "adamw":
                self._learned.mul_(kept)
            else:
                gradient = torch.addcmul(gradient, self._learned, decay)
        if config.optimizer == "sgd":
            self._sgd(gradient, rate, momentum)
        else:
            mean, square = self._moments
            mean.lerp_(gradient, 1 - BETA1)
            square.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
            change = mean / square.sqrt().mul_(root).add_(EPSILON)
            self._learned.addcmul_(change, rate, value=-1)
        if self.average is not None:
            self.average.lerp_(self.weights, share)

    def _sgd(self, gradient: Tensor, rate: Tensor, momentum: Tensor) -> None:
        if self._moments:
            velocity = self._moments[0]
            torch.addcmul(gradient, velocity, momentum, out=velocity)
            gradient = torch.addcmul(gradient, velocity, momentum) if self.config.nesterov else velocity
        self._learned.addcmul_(gradient, rate, value=-1)

    def of(self, number: int | None, shapes: Mapping[str, Shape]) -> "State":
        """Return the state of one network, as snapshots and checkpoints need it.

        Args:
            number: of the network, if there are K; None for the only one.
            shapes: of its tensors by name, in the order of the vector.
        """
        return State(self, number, shapes)


class State:
    """The state of one network in Vectors: an OptimizerState.

    Attributes:
        num_steps: steps taken so far.
        shapes: of its tensors by name, in the order of the vectors.
    """

    def __init__(self, vectors: Vectors, number: int | None, shapes: Mapping[str, Shape]) -> None:
        self.num_steps = 0
        self.shapes = shapes
        self._names = vectors.names
        self._state = vectors.state if number is None else vectors.state[:, number]  # (rows, num_values)

    def arrays(self) -> dict[str, Array]:
        """Return weights, moments and average, (num_values,) each; the device is waited for once."""
        return dict(zip(self._names, self._state.detach().cpu().numpy(), strict=True))

    def assign(self, arrays: Mapping[str, Array], num_steps: int) -> None:
        """Set all of these, and the number of steps."""
        self._state.copy_(torch.from_numpy(np.stack([arrays[name] for name in self._names])))
        self.num_steps = num_steps


def stacked(tables: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the tables of K networks, (n, NUMBERS) each, as one (n, K, NUMBERS)."""
    return np.stack(tables, axis=1)
