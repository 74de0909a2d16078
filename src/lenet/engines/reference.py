"""The reference engine: plain PyTorch, the specification of what every other engine computes. Read this first.

    engine = ReferenceEngine(model, dataset, config, preprocessing)
    stats = engine.train_steps(plan, 0, plan.num_steps)
    logits = engine.logits(test.images)

The whole training set is one uint8 tensor on the device; a batch becomes float32 when its step is taken.
"""

import ctypes
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lenet.config import TrainConfig
from lenet.data.batches import Plan
from lenet.data.dataset import Dataset, Images
from lenet.data.preprocess import Preprocessing
from lenet.engines import Stats
from lenet.engines.optimizer import Optimizer, load_state, state_of
from lenet.models import evaluating

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # the numbers of glibc's malloc.h
LARGEST_BLOCK, KEPT_BYTES = 1 << 25, 1 << 28  # older versions refuse a larger first one
EVALUATION_BATCH = 1000  # pictures; keeps the activations of an evaluation at a few megabytes


class ReferenceEngine:
    """Trains `model`, in place, on `dataset` as `config` says, and computes its logits.

    The pictures reach the network as `(pixel / 255 - mean) / std` with the mean and deviation of `preprocessing`.
    `dataset` may be None for an engine that only computes logits.
    """

    def __init__(
        self,
        model: nn.Module,
        dataset: Dataset | None,
        config: TrainConfig,
        preprocessing: Preprocessing,
        device: str = "cpu",
    ) -> None:
        self.device = torch.device(device)
        if self.device.type == "cpu":
            keep_freed_memory()
        self.model = model.to(self.device)
        self.preprocessing = preprocessing
        self.config = config
        if dataset is not None:
            self.images = torch.from_numpy(dataset.images).to(self.device)  # (N, H, W) uint8
            self.labels = torch.from_numpy(dataset.labels).to(self.device)  # (N,) int64
            self.optimizer = Optimizer(self.model, config)

    def train_steps(self, plan: Plan, start: int, stop: int) -> Stats:
        """Takes the steps `start` to `stop - 1` of the plan, changing the weights in place."""
        self.model.train()
        began = time.perf_counter()
        losses = torch.zeros(stop - start, device=self.device)
        correct = torch.zeros((), dtype=torch.int64, device=self.device)
        sizes = []
        for step in range(start, stop):
            images, labels = self._batch(plan, step)
            logits = self.model(images)
            loss = F.cross_entropy(logits, labels, label_smoothing=self.config.label_smoothing)
            self.optimizer.gradient.zero_()
            loss.backward()
            self.optimizer.step(float(plan.learning_rates[step]))
            losses[step - start] = loss.detach()
            correct += (logits.argmax(1) == labels).sum()
            sizes.append(len(labels))
        means = losses.cpu().double().numpy()  # waits for the device; from here on float64
        num_correct = int(correct)
        return Stats(means, np.array(sizes), num_correct, time.perf_counter() - began)

    def logits(self, images: Images) -> Tensor:
        """Logits `(N, num_classes)`, float32 on the CPU, of uint8 pictures `(N, height, width)`; keeps the mode."""
        with evaluating(self.model), torch.inference_mode():
            parts = [
                self.model(to_input(batch.to(self.device), self.preprocessing)).cpu()
                for batch in torch.from_numpy(images).split(EVALUATION_BATCH)
            ]
        return torch.cat(parts)

    def state_dict(self) -> dict[str, Tensor]:
        """Weights and optimiser state, flat, CPU tensors: `model.NAME`, `optimizer.NAME.KEY`."""
        return state_of(self.model, self.optimizer)

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """The inverse of `state_dict`."""
        load_state(self.model, self.optimizer, state)

    def _batch(self, plan: Plan, step: int) -> tuple[Tensor, Tensor]:
        """The pictures of a step as the network takes them, `(B, 1, H, W)` float32, and their labels `(B,)`."""
        positions = plan.batch(step)
        index = torch.from_numpy(plan.order[positions]).to(self.device)
        images = self.images[index]  # (B, H, W) uint8
        if plan.flips is not None:
            flips = torch.from_numpy(plan.flips[positions]).to(self.device)
            flips = flips.view(-1, *[1] * (images.ndim - 1))
            images = torch.where(flips, images.flip(2), images)
        if plan.shifts is not None:
            images = shifted(images, torch.from_numpy(plan.shifts[positions]).to(self.device))
        return to_input(images, self.preprocessing), self.labels[index]


def to_input(images: Tensor, preprocessing: Preprocessing) -> Tensor:
    """What the network sees: uint8 `(B, H, W)` or `(B, H, W, C)` → float32 `(B, C, H, W)`."""
    pixels = images.to(torch.float32).div_(255)
    if preprocessing.std != 1 or preprocessing.mean != 0:
        pixels.sub_(preprocessing.mean).div_(preprocessing.std)
    # (B, H, W, C) seen as (B, C, H, W): channels last, for PyTorch to keep through the convolutions. It is an order in
    # memory only; the sums are the same, and on a CPU it is faster.
    return (pixels if pixels.ndim == 4 else pixels.unsqueeze(3)).permute(0, 3, 1, 2)


def shifted(images: Tensor, shifts: Tensor) -> Tensor:
    """Each picture of `(B, H, W)` or `(B, H, W, C)` moved down and right by its `shifts` `(B, 2)`; what comes in is 0."""
    height, width = images.shape[1:3]
    reach = int(shifts.abs().max())
    padded = F.pad(images, (0, 0) * (images.ndim - 3) + (reach, reach, reach, reach))
    rows = torch.arange(height, device=images.device) + reach - shifts[:, :1]  # (B, H)
    columns = torch.arange(width, device=images.device) + reach - shifts[:, 1:]  # (B, W)
    which = torch.arange(len(images), device=images.device)[:, None, None]
    return padded[which, rows[:, :, None], columns[:, None, :]]


def keep_freed_memory() -> None:
    """Has glibc keep the memory that a step frees for the next step, in this process, from now on.

    By default it gives large blocks back to the system and takes them anew, zeroed page by page: 4,000 page faults in a
    step of LeNetAvg with batch 256, and two thirds of the speed (docs/log.md). Elsewhere a no-op.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None and mallopt(M_MMAP_THRESHOLD, LARGEST_BLOCK):
            mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
