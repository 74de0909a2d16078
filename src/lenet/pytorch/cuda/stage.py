"""A stage: the batches of some steps, made on the device at once, in memory that stays where it is.

A CUDA graph holds addresses, so the steps of every chunk read the same tables, a row for each step.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenet.data.augmentation import Augmentation
from lenet.data.plan import Plan
from lenet.images.preprocess import Preprocessing
from lenet.pytorch.cuda.augmentation import Changes, changed
from lenet.pytorch.cuda.placing import Placed, free_memory
from lenet.pytorch.cuda.vectors import NUMBERS
from lenet.pytorch.tensors import to_input

STAGE_BYTES = 1 << 26  # of images as float32 in a stage, for each network; at least one step's
MOST_BYTES, MOST_SHARE = 1 << 32, 0.25  # of all networks, and of the device's free memory
SLAB_PIXELS = 1 << 22  # whose augmentation is computed at a time, which takes some eighty bytes a pixel
Array = NDArray[Any]


class Stage:
    """Tables on the device with a row for each of some steps. The dots stand for nothing, or for K networks at once.

    Args:
        placed: the training set.
        preprocessing: how images become the network's input.
        lead: () for one network, (K,) for K at once.
        batch_size: images of a step.
        num_classes: of the network.
        most_rows: steps of a stage at most, such as those of an epoch.

    Attributes:
        images: float32 (R, …, B, C, H, W), what the network takes.
        labels: int64 (R, …, B).
        targets: a teacher's logits (R, …, B, num_classes), or None.
        keys: int64 (R, …, B), dropout keys of the images; zeros where a plan has none.
        numbers: (R, …, NUMBERS), see vectors.py.
        losses: (R, …), which the steps write.
        logits: float32 (R, …, B, num_classes), which the steps write.
        row: int64 (1,), the row of the next step, which every step increases.
    """

    def __init__(
        self,
        placed: Placed,
        preprocessing: Preprocessing,
        lead: tuple[int, ...],
        batch_size: int,
        num_classes: int,
        most_rows: int,
    ) -> None:
        self.placed, self.preprocessing, self.lead, self.batch_size = placed, preprocessing, lead, batch_size
        shape = (*lead, batch_size, *placed.image_shape)
        device = placed.device
        size = min(STAGE_BYTES * math.prod(lead), MOST_BYTES, MOST_SHARE * free_memory(device))
        self.rows = max(1, min(most_rows, int(size) // (4 * math.prod(shape))))

        def table(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
            return torch.zeros(self.rows, *lead, *shape, dtype=dtype, device=device)

        self.images = torch.zeros(self.rows, *shape, device=device)
        self.labels = table(batch_size, dtype=torch.int64)
        self.targets = None if placed.targets is None else table(batch_size, num_classes)
        self.keys = table(batch_size, dtype=torch.int64)
        self.numbers = table(NUMBERS)
        self.losses = table()
        self.logits = table(batch_size, num_classes)
        self.row = torch.zeros(1, dtype=torch.int64, device=device)

    def fill(self, plans: Sequence[Plan], start: int, stop: int, numbers: NDArray[np.float64]) -> None:
        """Make the batches of the steps `start` to `stop - 1`, at most `rows`, and go to the first row.

        Args:
            plans: of the network, or of each of the K.
            start: the first step.
            stop: the step after the last.
            numbers: (stop - start, …, NUMBERS).
        """
        count = stop - start
        positions = slice(start * self.batch_size, min(stop * self.batch_size, len(plans[0].order)))
        order = self._joined(plans, count, lambda plan: plan.order[positions].astype(np.int64, copy=False))
        if order is None:
            raise ValueError("a plan without an order")
        index = order.ravel()  # (count · K · B,)
        chosen = self.placed.send(index)
        shape = (count, *self.lead, self.batch_size)
        self.labels[:count] = self.placed.labels[chosen].view(shape)
        arrays = self._changes(plans, count, positions)
        if self.targets is not None:
            self.targets[:count] = self._targets_of(chosen, arrays.get("flips")).view(*shape, -1)
        keys = self._joined(
            plans, count, lambda plan: None if plan.dropout_keys is None else plan.dropout_keys[positions]
        )
        if keys is not None:
            self.keys[:count] = self.placed.send(keys.astype(np.int64))
        self._fill_images(index, chosen, arrays)
        self.numbers[:count] = self.placed.send(numbers.reshape(count, *self.lead, -1))
        self.row.zero_()

    def batch(self, count: int) -> tuple[Tensor, Tensor, Tensor | None, Tensor, Tensor]:
        """Return the first `count` images of the present row with labels, targets, keys and numbers, read on the device."""

        def present(table: Tensor) -> Tensor:
            return table.index_select(0, self.row).squeeze(0)

        axis = 1 + len(self.lead)  # of the images of a batch
        parts = [each if each is None else present(each.narrow(axis, 0, count)) for each in self._tables()]
        images, labels, targets, keys = parts
        if images is None or labels is None or keys is None:
            raise ValueError("a stage without images")
        return images, labels, targets, keys, present(self.numbers)

    def write(self, losses: Tensor, logits: Tensor) -> None:
        """Write the loss (…) and the logits (…, count, num_classes) of the present row, and go to the next one."""
        axis = 1 + len(self.lead)
        self.losses.index_copy_(0, self.row, losses.detach().to(self.losses.dtype).unsqueeze(0))
        table = self.logits.narrow(axis, 0, logits.shape[axis - 1])
        table.index_copy_(0, self.row, logits.detach().float().unsqueeze(0))
        self.row.add_(1)

    def num_correct(self, count: int, last: int) -> Tensor:
        """Return how many images of the first `count` rows were classified correctly, int64 (…), on the device.

        Args:
            count: rows.
            last: images of the last of them; the others are full.
        """
        hits = self.logits[:count].argmax(-1) == self.labels[:count]  # (count, …, B)
        hits[-1, ..., last:] = False
        return hits.sum((0, -1))

    def _tables(self) -> tuple[Tensor, Tensor, Tensor | None, Tensor]:
        return self.images, self.labels, self.targets, self.keys

    def _fill_images(self, index: NDArray[np.int64], chosen: Tensor, arrays: dict[str, Array]) -> None:
        """Writes the images, some at a time."""
        flat = self.images.view(-1, *self.images.shape[-3:])  # (R · K · B, C, H, W)
        size = max(1, SLAB_PIXELS // (flat.shape[-1] * flat.shape[-2]))
        for first in range(0, len(index), size):
            part = slice(first, min(first + size, len(index)))
            tensors = {name: self.placed.send(array[part]) for name, array in arrays.items()}
            changes = Changes(**tensors, grey=self.preprocessing.grey)
            images = changed(self.placed.images(index[part], chosen[part]), changes)
            flat[part] = to_input(images, self.preprocessing)

    def _changes(self, plans: Sequence[Plan], count: int, positions: slice) -> dict[str, Array]:
        """What changes the images, by the names of Changes, (count · K · B, …) each."""
        parts = {id(plan): (plan.augmentation or Augmentation()).part(positions) for plan in plans}

        def of_augmentation(name: str, plan: Plan) -> Array | None:
            array: Array | None = getattr(parts[id(plan)], name)
            return array

        changes = {
            "flips": self._joined(plans, count, lambda plan: None if plan.flips is None else plan.flips[positions]),
            "shifts": self._joined(
                plans, count, lambda plan: None if plan.shifts is None else plan.shifts[positions].astype(np.int64)
            ),
        }
        for name in ("maps", "tones", "erased"):
            changes[name] = self._joined(plans, count, partial(of_augmentation, name))
        axes = 2 + len(self.lead)
        return {name: each.reshape(-1, *each.shape[axes:]) for name, each in changes.items() if each is not None}

    def _joined(self, plans: Sequence[Plan], count: int, part: Callable[[Plan], Array | None]) -> Array | None:
        """An array of all plans, (count, …, B, *), zeros where a last batch is smaller; None if they have none."""
        arrays = [part(plan) for plan in plans]
        present = [array for array in arrays if array is not None]
        if not present:
            return None
        if len(present) < len(arrays):
            raise ValueError("some plans change their images in a way that others do not")
        rows = []
        for array in present:
            full = np.zeros((count * self.batch_size, *array.shape[1:]), array.dtype)
            full[: len(array)] = array
            rows.append(full.reshape(count, self.batch_size, *array.shape[1:]))
        return np.stack(rows, axis=1) if self.lead else rows[0]

    def _targets_of(self, chosen: Tensor, flips: Array | None) -> Tensor:
        """The soft targets of some images (M, num_classes), of a flipped one its mirror image's."""
        if self.placed.targets is None:
            raise ValueError("a training set without targets")
        targets = self.placed.targets[chosen]
        if targets.ndim == 3:
            views = targets.unbind(1)
            targets = views[0] if flips is None else torch.where(self.placed.send(flips)[:, None], views[1], views[0])
        return targets.float()
