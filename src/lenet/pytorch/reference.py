"""The reference engine: plain PyTorch, the specification of what every other engine computes. Read this first.

    engine = ReferenceEngine(model, dataset, config, preprocessing)
    stats = engine.train_steps(plan, 0, plan.num_steps)
    logits = engine.logits(test.images)

The whole training set is one uint8 tensor on the device; a batch becomes float32 when its step is taken.
"""

import ctypes
import dataclasses
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from lenet.config import TrainConfig
from lenet.data.dataset import Dataset, Images
from lenet.data.plan import Plan
from lenet.engines import Stats
from lenet.engines.optimizer import Optimizer
from lenet.engines.state import Stateful
from lenet.errors import EngineError
from lenet.images.preprocess import Preprocessing
from lenet.models import evaluating
from lenet.pytorch.memory import (
    ANY,
    EVALUATION,
    FIRST_TOUCH,
    STEP,
    explained,
    give_back,
    halved,
    in_chunks,
    is_out_of_memory,
    let_go,
    memory_explained,
)

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # the numbers of glibc's malloc.h
LARGEST_BLOCK, KEPT_BYTES = 1 << 25, 1 << 28  # older versions refuse a larger first one
EVALUATION_BATCH = 1000  # pictures; keeps the activations of an evaluation at a few megabytes


class ReferenceEngine(Stateful):
    """Trains `model`, in place, on `dataset` as `config` says, and computes its logits.

    The pictures reach the network as `(pixel / 255 - mean) / std` with the mean and deviation of `preprocessing`.
    `dataset` may be None for an engine that only computes logits.

    Where a step does not fit into memory it is taken again in parts of `micro_batch` pictures, half as many as before, and
    so are all steps after it. Raises EngineError if not even one picture fits, or if the device is lost.
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
        self.preprocessing = preprocessing
        self.config = config
        self.micro_batch: int | None = None
        with memory_explained(self.device, FIRST_TOUCH, "for the network"):
            self.model = model.to(self.device)
        if dataset is not None:
            with memory_explained(self.device, FIRST_TOUCH, "for the training set"):
                self.images = torch.from_numpy(dataset.images).to(self.device)  # (N, H, W) uint8
                self.labels = torch.from_numpy(dataset.labels).to(self.device)  # (N,) int64
            with memory_explained(self.device, FIRST_TOUCH, "for the optimiser's state"):
                self.optimizer = Optimizer(self.model, config)
        # A lost device costs a training the steps since its checkpoint, and any other evaluation nothing.
        self._evaluation = EVALUATION if dataset is None else dataclasses.replace(EVALUATION, lost=STEP.lost)

    def train_steps(self, plan: Plan, start: int, stop: int) -> Stats:
        """Takes the steps `start` to `stop - 1` of the plan, changing the weights in place."""
        self.model.train()
        began = time.perf_counter()
        sizes = []
        with memory_explained(self.device, STEP, "in the training's steps"):
            losses = torch.zeros(stop - start, device=self.device)
            correct = torch.zeros((), dtype=torch.int64, device=self.device)
            for step in range(start, stop):
                positions = plan.batch(step)
                losses[step - start], right = self._gradient(plan, positions)
                self.optimizer.step(float(plan.learning_rates[step]))
                correct += right
                sizes.append(positions.stop - positions.start)
            means = losses.cpu().double().numpy()  # waits for the device; from here on float64
            num_correct = int(correct)
        return Stats(means, np.array(sizes), num_correct, time.perf_counter() - began)

    def logits(self, images: Images) -> Tensor:
        """Logits `(N, num_classes)`, float32 on the CPU, of uint8 pictures `(N, height, width)`; keeps the mode."""

        def compute(chunk: Tensor) -> Tensor:
            logits: Tensor = self.model(to_input(chunk.to(self.device), self.preprocessing))
            return logits.cpu()

        with (
            memory_explained(self.device, self._evaluation, "in an evaluation"),
            evaluating(self.model),
            torch.inference_mode(),
        ):
            return torch.cat(in_chunks(compute, torch.from_numpy(images), EVALUATION_BATCH))

    def _gradient(self, plan: Plan, positions: slice) -> tuple[Tensor, Tensor]:
        """Mean loss of a batch and how many it names rightly; their gradient is the optimiser's. In parts, if it has to be.

        What fails for want of memory is computed again in smaller parts: no weight has been moved yet.
        """
        while True:
            size = min(self.micro_batch or len(plan.order), positions.stop - positions.start)
            try:
                return self._summed(plan, positions, size)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                if size == 1:
                    raise explained(error, self.device, STEP, "in a step of one picture at a time") from error
                if layer := over_the_batch(self.model):
                    doing = f"in a step of {size} pictures, which {layer} keeps from being divided"
                    raise explained(error, self.device, ANY, doing) from error
                let_go(error)
            give_back()
            self.micro_batch = halved(size)

    def _summed(self, plan: Plan, positions: slice, size: int) -> tuple[Tensor, Tensor]:
        """`_gradient` in parts of `size`: the loss is a mean, so each part's counts by its share of the batch."""
        count = positions.stop - positions.start
        if size < count and (layer := over_the_batch(self.model)):
            raise EngineError(
                f"a batch of {count} pictures is not the sum of its parts: {layer} computes over all of it"
            )
        self.optimizer.gradient.zero_()
        starts = range(positions.start, positions.stop, size)
        parts = [self._part(plan, slice(start, min(start + size, positions.stop)), count) for start in starts]
        losses, corrects = zip(*parts, strict=True)
        return sum(losses[1:], losses[0]), sum(corrects[1:], corrects[0])

    def _part(self, plan: Plan, positions: slice, count: int) -> tuple[Tensor, Tensor]:
        """What these pictures of `count` add to its mean loss, and how many are named rightly; adds their gradient."""
        images, labels = self._batch(plan, positions)
        logits = self.model(images)
        loss = F.cross_entropy(logits, labels, label_smoothing=self.config.label_smoothing)
        share = len(labels) / count
        loss.backward(torch.full_like(loss, share))
        loss = loss.detach()
        return loss if share == 1 else loss * share, (logits.argmax(1) == labels).sum()

    def _batch(self, plan: Plan, positions: slice) -> tuple[Tensor, Tensor]:
        """The pictures of these positions as the network takes them, `(B, 1, H, W)` float32, and their labels `(B,)`."""
        index = torch.from_numpy(plan.order[positions]).to(self.device)
        images = self.images[index]  # (B, H, W) uint8
        if plan.flips is not None:
            flips = torch.from_numpy(plan.flips[positions]).to(self.device)
            flips = flips.view(-1, *[1] * (images.ndim - 1))
            images = torch.where(flips, images.flip(2), images)
        if plan.shifts is not None:
            images = shifted(images, torch.from_numpy(plan.shifts[positions]).to(self.device))
        return to_input(images, self.preprocessing), self.labels[index]


def over_the_batch(model: nn.Module) -> str | None:
    """The first layer of a model in training that computes over all pictures of a batch at once, by name and class."""
    for name, layer in model.named_modules():
        has_statistics = isinstance(layer, _BatchNorm) or getattr(layer, "track_running_stats", False)
        if has_statistics and layer.training:
            return f"{name or 'the network'} ({type(layer).__name__})"
    return None


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
