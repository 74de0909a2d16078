"""K networks of one architecture trained at once: a step of all is a few launches, however many there are.

    many = CudaMany(networks, dataset, configs, preprocessing, "cuda:0")
    stats = many.train_steps({0: plan_of_0, 1: plan_of_1}, 0, 100)
    logits = many.logits(test.images)  # (K, N, num_classes)

Each training is the same as alone but for the last bits, which another order of sums changes.
"""

import dataclasses
import time
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenet.config import TrainConfig
from lenet.data.dataset import Dataset, Images
from lenet.data.plan import Plan
from lenet.engines import Stats
from lenet.engines.gpu import first_use
from lenet.engines.memory import EVALUATION, FIRST_TOUCH, STEP, in_chunks, memory_explained
from lenet.engines.threads import num_threads
from lenet.errors import EngineError
from lenet.images.preprocess import Preprocessing
from lenet.networks import Network
from lenet.pytorch.arithmetic import arithmetic, autocast, on
from lenet.pytorch.cuda.batched import Batched, frozen, tensors_of
from lenet.pytorch.cuda.chunk import Chunks, Result, num_good_steps
from lenet.pytorch.cuda.placing import Placed
from lenet.pytorch.cuda.replay import Replay
from lenet.pytorch.cuda.stage import Stage
from lenet.pytorch.cuda.vectors import State, Vectors
from lenet.pytorch.loss import Loss
from lenet.pytorch.tensors import of_images, to_input, torch_threads

EVALUATION_BYTES = 1 << 30  # of the largest layer's output of all networks for the images that are evaluated at once
FEWER = "take fewer trainings at once with workers="
STEPS, FIRST = (dataclasses.replace(phase, gpu=f"{FEWER}, or {phase.gpu}") for phase in (STEP, FIRST_TOUCH))
# What trainings that are taken together have in common; learning rates, weight decay, momentum and seeds may differ.
SHARED = (
    *("optimizer", "nesterov", "clip_norm", "batch_size", "epochs", "label_smoothing", "class_weights", "temperature"),
    *("teacher_weight", "teacher", "precision"),
)


# What changes images: trainings that are taken together have any of each, or none.
CHANGES = (("flip",), ("shift",), ("rotation", "scale", "shear"), ("brightness", "contrast"), ("erasing",))


def common(config: TrainConfig) -> tuple[object, ...]:
    """Return what a training must have in common with others to be taken together with them."""
    kinds = (config.ema is None, config.momentum == 0, config.weight_decay == 0)
    changes = (any(getattr(config, name) for name in names) for names in CHANGES)
    return (*kinds, *changes, *(getattr(config, name) for name in SHARED))


class ManyStep:
    """The step of K networks. See Step in replay.py.

    Args:
        batched: computes them.
        stage: the batches, of K networks.
        vectors: weights and optimiser state, of K networks.
        loss: of the trainings.
        precision: see arithmetic.py.
    """

    def __init__(self, batched: Batched, stage: Stage, vectors: Vectors, loss: Loss, precision: str) -> None:
        self.batched, self.stage, self.vectors, self.loss, self.precision = batched, stage, vectors, loss, precision
        shape = batched.architecture
        self._tensors = tensors_of(vectors.weights, shape)
        self._frozen = frozen(shape)
        self._learned = [name for name in shape.parameter_shapes if name not in self._frozen]
        self._zeros = {name: torch.zeros_like(self._tensors[name]) for name in self._frozen}

    def __call__(self, count: int) -> None:
        """Take the step with the first `count` images of each network's row."""
        images, labels, targets, keys, numbers = self.stage.batch(count)
        leaves = {name: self._tensors[name].detach().requires_grad_() for name in self._learned}
        with torch.enable_grad():
            with autocast(self.precision, images.device):
                logits = self.batched(images, self._tensors | leaves, training=True, keys=keys).float()
            losses = self.loss.values(logits, labels, targets)
            gradients = dict(zip(leaves, torch.autograd.grad(losses.sum(), list(leaves.values())), strict=True))
        parts = [(gradients | self._zeros)[name].flatten(1) for name in self.batched.architecture.parameter_shapes]
        torch.cat(parts, dim=1, out=self.vectors.gradient)
        self.vectors.update(numbers)
        self.stage.write(losses, logits)


class CudaMany:
    """Trains K networks at once.

    Args:
        networks: of one architecture; copied.
        dataset: what all are trained on.
        configs: the settings of each, alike in SHARED.
        preprocessing: how images become the networks' input.
        device: such as "cuda:0"; "cpu" for tests.

    Attributes:
        architecture: of each network.
        states: of each network's training, for snapshots and checkpoints.
        notice: what a user should know about how it computes; empty for nothing.

    Raises:
        EngineError: for networks or settings that differ too much, if memory is short, or if the device cannot be used.
    """

    def __init__(
        self,
        networks: Sequence[Network],
        dataset: Dataset,
        configs: Sequence[TrainConfig],
        preprocessing: Preprocessing,
        device: str = "cuda:0",
    ) -> None:
        self.device, self._device = device, torch.device(device)
        self.architecture = networks[0].architecture
        if any(each.architecture != self.architecture for each in networks[1:]):
            raise EngineError(
                "networks of several architectures cannot be trained at once", hint="train each kind by itself"
            )
        if any(common(each) != common(configs[0]) for each in configs[1:]):
            raise EngineError(
                f"trainings that differ in more than seed, rates, momentum and weight decay ({', '.join(SHARED)}, "
                "or what changes images)",
                hint="train those that are alike at once",
            )
        self.configs, self.preprocessing = list(configs), preprocessing
        self.threads = num_threads(configs[0].threads)
        shape = self.architecture
        with first_use(device), memory_explained(device, FIRST, f"for {len(networks)} networks"):
            self.placed = Placed(dataset, self._device)
            weights = torch.from_numpy(np.stack([each.weights for each in networks])).to(self._device)
            self.vectors = Vectors(weights, configs[0], shape.num_parameters)
        self.states: list[State] = [self.vectors.of(each, shape.tensor_shapes) for each in range(len(networks))]
        self._batched = Batched(shape)
        self._loss = Loss.of(configs[0], dataset, self.vectors.weights)
        self._chunks: Chunks | None = None
        self.notice = self.placed.notice

    def train_steps(self, plans: Mapping[int, Plan], start: int, stop: int) -> dict[int, Stats]:
        """Take the steps `start` to `stop - 1` of some of the networks; the others stay as they are.

        A loss that is not finite ends the chunk of its network alone: it is the last of its losses, and its step leaves the
        weights as they were.

        Args:
            plans: by the number of the network; of one batch size and number of images.
            start: the first step.
            stop: the step after the last.

        Returns:
            The results by the number of the network; each has the seconds of all.

        Raises:
            EngineError: if memory is short or the device is lost.
        """
        began = time.perf_counter()
        plan = next(iter(plans.values()))
        all_plans = [plans.get(number, plan) for number in range(len(self.states))]
        with (
            torch_threads(self.threads),
            on(self._device),
            arithmetic(self.configs[0].precision),
            memory_explained(self.device, STEPS, f"in the steps of {len(self.states)} networks"),
        ):
            self.vectors.keep()
            result = self._run(all_plans, start, stop)
            num_good = {number: num_good_steps(result.losses[:, number]) for number in plans}
            correct = {number: int(result.num_correct[number]) for number in plans}
            ended = self.vectors.state.clone()
            for number in set(range(len(self.states))) - set(plans):
                ended[:, number] = self.vectors.kept[:, number]
            for bad in {steps for steps in num_good.values() if steps < stop - start}:
                self.vectors.go_back()  # the same steps again, up to the bad one
                again = self._run(all_plans, start, start + bad) if bad else None
                for number in (number for number, steps in num_good.items() if steps == bad):
                    ended[:, number] = self.vectors.state[:, number]
                    correct[number] = int(again.num_correct[number]) if again else 0
            self.vectors.state.copy_(ended)
        seconds = time.perf_counter() - began
        sizes = np.minimum(plan.batch_size, len(plan.order) - np.arange(start, stop) * plan.batch_size)
        stats = {}
        for number, steps in num_good.items():
            self.states[number].num_steps += steps
            length = min(steps + 1, stop - start)
            stats[number] = Stats(result.losses[:length, number], sizes[:length], correct[number], seconds)
        return stats

    def logits(self, images: Images) -> NDArray[np.float32]:
        """Return logits (K, N, num_classes) of uint8 images (N, height, width) by the weights that are evaluated."""
        tensors = tensors_of(self.vectors.evaluated, self.architecture)
        count = len(self.states)

        def compute(chunk: Tensor) -> Tensor:
            inputs = to_input(chunk.to(self._device, non_blocking=True), self.preprocessing)
            with autocast(self.configs[0].precision, self._device):
                return self._batched(inputs.expand(count, *inputs.shape), tensors).float().transpose(0, 1)

        with (
            torch_threads(self.threads),
            memory_explained(self.device, EVALUATION, f"in an evaluation of {count} networks"),
            on(self._device),
            arithmetic(self.configs[0].precision),
            torch.inference_mode(),
        ):
            at_once = max(1, EVALUATION_BYTES // (4 * count * self.architecture.largest_output))
            parts = in_chunks(compute, of_images(images), at_once)
            logits: NDArray[np.float32] = torch.cat(parts).transpose(0, 1).contiguous().cpu().numpy()
            return logits

    def _run(self, plans: Sequence[Plan], start: int, stop: int) -> Result:
        return self._chunks_for(plans[0]).run(plans, start, stop, [state.num_steps for state in self.states])

    def _chunks_for(self, plan: Plan) -> Chunks:
        """What takes the steps of such plans; made anew for another size of batches."""
        if self._chunks is None or self._chunks.stage.batch_size != plan.batch_size:
            self._chunks = None  # releases its memory
            lead, num_classes = (len(self.states),), self.architecture.num_classes
            stage = Stage(self.placed, self.preprocessing, lead, plan.batch_size, num_classes, plan.num_steps)
            step = ManyStep(self._batched, stage, self.vectors, self._loss, self.configs[0].precision)
            replay = Replay(step, self._device, self.vectors.keep, self._rewind)
            self._chunks = Chunks(stage, self.vectors, replay, self.configs)
        return self._chunks

    def _rewind(self) -> None:
        self.vectors.go_back()
        if self._chunks is not None:
            self._chunks.stage.row.zero_()
