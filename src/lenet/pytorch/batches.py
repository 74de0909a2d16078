"""A training set on the device, and the batches that a plan makes of it."""

import numpy as np
import torch
from torch import Tensor

from lenet.data.dataset import Dataset
from lenet.data.plan import Plan
from lenet.images.preprocess import Preprocessing
from lenet.pytorch.tensors import flipped, of_images, shifted, to_input


class Batches:
    """A training set on the device: images uint8 (N, H, W), labels int64 (N,), and perhaps soft targets.

    Args:
        dataset: the training set.
        preprocessing: how images become the network's input.
        device: where the steps are computed.
    """

    def __init__(self, dataset: Dataset, preprocessing: Preprocessing, device: str) -> None:
        self.dataset, self.preprocessing, self.device = dataset, preprocessing, device
        self.images = of_images(dataset.images).to(device)
        self.labels = torch.from_numpy(dataset.labels).to(device)
        self.targets = None if dataset.targets is None else torch.from_numpy(dataset.targets).to(device)

    def labels_of(self, plan: Plan, positions: slice) -> Tensor:
        """Return the labels (B,) of the images at these positions of the plan."""
        return self.labels[self._index(plan, positions)]

    def targets_of(self, plan: Plan, positions: slice) -> Tensor | None:
        """Return the soft targets (B, num_classes) of these images, of a flipped one its mirror image's; or None."""
        if self.targets is None:
            return None
        targets = self.targets[self._index(plan, positions)]
        if targets.ndim == 2:
            return targets
        if plan.flips is None:
            return targets[:, 0]
        return torch.where(
            torch.from_numpy(plan.flips[positions]).to(self.device)[:, None], targets[:, 1], targets[:, 0]
        )

    def batch(self, plan: Plan, positions: slice) -> tuple[Tensor, Tensor]:
        """Return the images at these positions as the network takes them, float32 (B, 1, H, W), and their labels (B,)."""
        index = self._index(plan, positions)
        if plan.augmentation is not None:
            changed = torch.from_numpy(plan.augmented(self.dataset.images, positions, self.preprocessing.grey))
            return to_input(changed.to(self.device), self.preprocessing), self.labels[index]
        images = self.images[index]
        if plan.flips is not None:
            images = flipped(images, torch.from_numpy(plan.flips[positions]).to(self.device))
        if plan.shifts is not None:
            images = shifted(
                images, torch.from_numpy(plan.shifts[positions].astype(np.int64, copy=False)).to(self.device)
            )
        return to_input(images, self.preprocessing), self.labels[index]

    def _index(self, plan: Plan, positions: slice) -> Tensor:
        """The images at these positions of the plan, int64 (B,)."""
        return torch.from_numpy(plan.order[positions].astype(np.int64, copy=False)).to(self.device)
