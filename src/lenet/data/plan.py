"""Randomness is data: everything that chance decides in an epoch, computed from (seed, epoch) and nothing else.

The same plan drives every engine, every device and every resumed run, so no state of a random generator is ever saved.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.config import TrainConfig

# The first number of each generator's seed keeps the streams apart: the validation pictures do not follow from the order.
_ORDER, _VALIDATION = 0, 1

WARM_UP = 0.3  # share of the one-cycle schedule in which the rate rises
START = 1 / 25  # the rate at its first step, as a share of the peak


@dataclass(frozen=True, eq=False)
class Plan:
    """One epoch, decided. Position i of `order`, `flips` and `shifts` is the i-th picture to be seen.

    order: int64 `(N,)`, indices into the training set; flips: bool `(N,)` or None; shifts: int64 `(N, 2)`, down and
    right in pixels, or None; learning_rates: float64 `(num_steps,)`.
    """

    order: NDArray[np.int64]
    flips: NDArray[np.bool_] | None
    shifts: NDArray[np.int64] | None
    learning_rates: NDArray[np.float64]
    batch_size: int

    @property
    def num_steps(self) -> int:
        """Steps in the epoch; the last may be a smaller batch."""
        return len(self.learning_rates)

    def batch(self, step: int) -> slice:
        """The positions of the pictures of a step, `0 <= step < num_steps`."""
        return slice(step * self.batch_size, min((step + 1) * self.batch_size, len(self.order)))


def plan(config: TrainConfig, epoch: int, num_images: int) -> Plan:
    """The plan of `epoch`, counted from 0, for a training set of `num_images`."""
    random = np.random.default_rng([_ORDER, config.seed, epoch])
    order = random.permutation(num_images)
    flips = random.random(num_images) < 0.5 if config.flip else None
    shifts = random.integers(-config.shift, config.shift, (num_images, 2), endpoint=True) if config.shift else None
    return Plan(order, flips, shifts, learning_rates(config, epoch, num_images), config.batch_size)


def learning_rates(config: TrainConfig, epoch: int, num_images: int) -> NDArray[np.float64]:
    """The learning rate of each step of `epoch`, shape `(num_steps,)`.

    one-cycle (Smith and Topin, 2018, arXiv 1708.07120): half a cosine from 1/25 of the peak up to the peak during the
    first 30 % of all steps, then half a cosine down to zero.
    """
    num_steps = math.ceil(num_images / config.batch_size)
    if config.schedule == "constant":
        return np.full(num_steps, config.learning_rate)
    done = (epoch * num_steps + np.arange(num_steps) + 0.5) / (config.epochs * num_steps)
    up = START + (1 - START) * (1 - np.cos(np.pi * done / WARM_UP)) / 2
    down = (1 + np.cos(np.pi * (done - WARM_UP) / (1 - WARM_UP))) / 2
    return config.learning_rate * np.where(done < WARM_UP, up, down)


def hold_out(config: TrainConfig, num_images: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the pictures to train on and of those held out for validation, both ascending."""
    shuffled = np.random.default_rng([_VALIDATION, config.seed]).permutation(num_images)
    return np.sort(shuffled[config.validation :]), np.sort(shuffled[: config.validation])
