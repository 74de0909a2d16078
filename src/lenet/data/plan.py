"""Randomness is data: the order, augmentation and learning rates of an epoch follow from (seed, epoch) alone.

The same plan drives every engine, every device and every resumed run, so no state of a random generator is ever saved.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.config import TrainConfig
from lenet.data.augmentation import Augmentation, DrawnAugmentation, augmented, draw
from lenet.data.dataset import Images, Labels
from lenet.data.dropout import Keys, draw_keys
from lenet.data.mapped import scratch

# The first number of each generator's seed: order and validation set come from independent streams.
_ORDER, _VALIDATION = 0, 1

# Images of an epoch from which on its numbers are kept in small types, and in files where these are large.
MANY = 1 << 20
PART = 1 << 17  # images whose numbers are drawn, or widened, at a time

WARM_UP = 0.3  # share of the one-cycle schedule in which the rate rises
START = 1 / 25  # the rate at its first step, as a share of the peak


@dataclass(frozen=True, eq=False)
class Plan:
    """What happens in one epoch. Position i of each array of N belongs to the i-th image to train on.

    Args:
        order: int64 (N,), indices into the training set; of more than MANY images int32.
        flips: bool (N,), which images are mirrored; None if none is.
        shifts: int64 (N, 2), how far images are moved down and right, in pixels; None if none is; of many int8 or int16.
        learning_rates: float64 (num_steps,).
        batch_size: The images of a step.
        augmentation: What else changes the images; None for nothing.
        dropout_keys: uint32 (N,), which units Dropout layers drop, by data/dropout.py; None if they drop none.
    """

    order: NDArray[np.signedinteger[Any]]
    flips: NDArray[np.bool_] | None
    shifts: NDArray[np.signedinteger[Any]] | None
    learning_rates: NDArray[np.float64]
    batch_size: int
    augmentation: Augmentation | DrawnAugmentation | None = None
    dropout_keys: Keys | None = None

    @property
    def num_steps(self) -> int:
        """The steps of the epoch; the last may have a smaller batch."""
        return len(self.learning_rates)

    def batch(self, step: int) -> slice:
        """Return the positions of the images of a step, counted from 0."""
        return slice(step * self.batch_size, min((step + 1) * self.batch_size, len(self.order)))

    def augmented(self, images: Images, positions: slice, grey: int) -> Images:
        """Return the images at some positions, flipped, shifted and augmented.

        Args:
            images: the training set's, uint8 (N, height, width) or (N, height, width, C).
            positions: of a step, or of a part of one.
            grey: the value of erased pixels.

        Returns:
            uint8, of B images.
        """
        flips = None if self.flips is None else self.flips[positions]
        shifts = None if self.shifts is None else self.shifts[positions].astype(np.int64, copy=False)
        augmentation = (self.augmentation or Augmentation()).part(positions)
        return augmented(images[self.order[positions]], augmentation, flips, shifts, grey)

    def ordered(self, labels: Labels) -> NDArray[np.integer[Any]]:
        """Return the labels (N,) of the training set in the plan's order; of many images in a small type."""
        if len(self.order) <= MANY:
            ordered: Labels = labels[self.order]
            return ordered
        small = np.min_scalar_type(int(labels.max()))
        return _in_parts((len(self.order),), small, lambda part: labels[self.order[part]])


def plan(config: TrainConfig, epoch: int, num_images: int) -> Plan:
    """Make the plan of an epoch, counted from 0, for a training set of `num_images`."""
    random = np.random.default_rng([_ORDER, config.seed, epoch])
    order = _shuffled(random, num_images)
    flips = shifts = None
    if config.flip:
        flips = _drawn((num_images,), np.bool_, lambda shape: random.random(shape) < 0.5)
    if config.shift:
        most = config.shift
        small = np.int8 if most <= np.iinfo(np.int8).max else np.int16
        shifts = _drawn((num_images, 2), small, lambda shape: random.integers(-most, most, shape, endpoint=True))
    rates = learning_rates(config, epoch, num_images)
    augmentation = draw(config, epoch, num_images)
    keys = draw_keys(config.seed, epoch, num_images) if config.dropout else None
    return Plan(order, flips, shifts, rates, config.batch_size, augmentation, keys)


def learning_rates(config: TrainConfig, epoch: int, num_images: int) -> NDArray[np.float64]:
    """Compute the learning rate of each step of an epoch.

    `cosine` is half a cosine from the peak down to zero (Loshchilov and Hutter, 2017, arXiv 1608.03983, without restarts).
    `one-cycle` (Smith and Topin, 2018, arXiv 1708.07120) is half a cosine from 1/25 of the peak up to the peak during the
    first 30 % of all steps, then half a cosine down to zero. A warm-up rises in a straight line from zero; `cosine` then
    takes the steps that are left.

    Args:
        config: Has the schedule, the peak, the batch size and the number of epochs.
        epoch: The epoch, counted from 0.
        num_images: The size of the training set.

    Returns:
        float64 (num_steps,).
    """
    num_steps = math.ceil(num_images / config.batch_size)
    if not config.rates_depend_on_epochs:
        return np.full(num_steps, config.learning_rate)
    done = (epoch * num_steps + np.arange(num_steps) + 0.5) / (config.epochs * num_steps)
    one_cycle = config.schedule == "one-cycle"
    warm_up = WARM_UP if one_cycle else config.warm_up
    up = START + (1 - START) * (1 - np.cos(np.pi * done / warm_up)) / 2 if one_cycle else done / (warm_up or 1)
    down = 1.0 if config.schedule == "constant" else (1 + np.cos(np.pi * (done - warm_up) / (1 - warm_up))) / 2
    return config.learning_rate * np.where(done < warm_up, up, down)


def held_out(config: TrainConfig, num_images: int) -> NDArray[np.int64]:
    """Choose the images to hold out for validation: indices, ascending; the others are to train on.

    `Dataset.without` and `Dataset.subset` divide a training set by them.
    """
    if not config.validation:
        return np.empty(0, np.int64)
    shuffled = _shuffled(np.random.default_rng([_VALIDATION, config.seed]), num_images)
    return np.sort(shuffled[: config.validation]).astype(np.int64, copy=False)


def _shuffled(random: np.random.Generator, count: int) -> NDArray[np.signedinteger[Any]]:
    """The whole numbers below `count` in random order: the same ones in a small type, if they are many."""
    if count <= MANY or count > np.iinfo(np.int32).max:
        return random.permutation(count)
    order = scratch((count,), np.int32)
    for start in range(0, count, PART):
        order[start : start + PART] = np.arange(start, min(start + PART, count), dtype=np.int32)
    random.shuffle(order)
    return order


def _drawn(shape: tuple[int, ...], small: Any, draw: Callable[[tuple[int, ...]], NDArray[Any]]) -> NDArray[Any]:
    """Numbers that are drawn one after the other: if they are many, some at a time and kept in a small type."""
    if shape[0] <= MANY:
        return draw(shape)
    return _in_parts(shape, small, lambda part: draw((part.stop - part.start, *shape[1:])))


def _in_parts(shape: tuple[int, ...], small: Any, make: Callable[[slice], NDArray[Any]]) -> NDArray[Any]:
    values = scratch(shape, small)
    for start in range(0, shape[0], PART):
        part = slice(start, min(start + PART, shape[0]))
        values[part] = make(part)
    return values
