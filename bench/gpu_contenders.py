"""What bench/gpu.py measures: training steps on a device, each contender as a function of how long to compute.

Every contender starts from a copy of the same weights, takes the same batches, and has all images on the device before the
clock starts. The device is waited for before the clock stops. All compute in fp32 unless their name says otherwise: PyTorch's
convolutions would by default use TF32. Plain PyTorch may take cuDNN's fastest algorithms, also such as do not give the same
bits run after run.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from contenders import Contender, Steps, Work
from gpu_ceilings import wait
from recording import Log
from torch import Tensor

from lenet.config import TrainConfig
from lenet.data.dataset import Dataset, Splits
from lenet.data.plan import plan
from lenet.engines import Engine
from lenet.pytorch.arithmetic import arithmetic
from lenet.pytorch.cuda.engine import CudaEngine
from lenet.pytorch.cuda.many import CudaMany
from lenet.pytorch.reference import ReferenceEngine
from lenet.pytorch.tensors import to_input

EAGER, COMPILED = "PyTorch eager", "torch.compile reduce-overhead"


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        repeats: measurements of each contender, in turns.
        seconds: of a measurement.
        epochs: of a whole training.
        seeds: trainings until an accuracy.
        networks: how many at once.
        matrix: rows and columns of the matrices whose product gives the limit of arithmetic.
        copied: float32 whose copy gives that of memory.
    """

    repeats: int = 5
    seconds: float = 0.5
    epochs: int = 10
    seeds: int = 5
    networks: tuple[int, ...] = (1, 8, 32, 128)
    matrix: int = 8192
    copied: int = 1 << 30


TINY = Sizes(repeats=2, seconds=0.0, epochs=1, seeds=1, networks=(1, 2), matrix=64, copied=1 << 10)


@dataclass(frozen=True, eq=False)
class Bench:
    """Where and how much is measured.

    Attributes:
        device: such as "cuda:0"; on "cpu" all runs too, for tests.
        splits: the data.
        sizes: how much.
        log: where the figures are printed.
        save: takes the figures that there are so far.
    """

    device: torch.device
    splits: Splits
    sizes: Sizes
    log: Log
    save: Callable[[dict[str, Any]], None] = lambda result: None

    def work(self, config: TrainConfig) -> Work:
        """Return what all contenders of a comparison compute."""
        return Work.of(config, self.splits.train)


def made_up(count: int = 600) -> Splits:
    """Return ten patterns under noise as a data set, for tests."""
    random = np.random.default_rng(0)
    labels = np.arange(count) % 10
    images = random.integers(0, 200, (10, 28, 28))[labels] + random.integers(0, 56, (count, 28, 28))
    dataset = Dataset("made up", images.astype(np.uint8), labels, tuple("0123456789"))
    return Splits(dataset, dataset, "made up")


def engine_of(bench: Bench, work: Work) -> CudaEngine:
    """Return a new engine."""
    return CudaEngine(work.network.copy(), work.train, work.config, work.preprocessing, str(bench.device))


def step_contenders(bench: Bench, work: Work) -> dict[str, Contender]:
    """Return all that take training steps but torch.compile, by name; those that cannot be made are printed and left out."""
    epoch = work.plan()
    half, tenth = max(1, epoch.num_steps // 2), max(1, epoch.num_steps // 10)
    makers: dict[str, Callable[[], Contender]] = {
        "lenet cuda": lambda: _engine_steps(engine_of(bench, work), work, half),
        "lenet cuda, ten calls an epoch": lambda: _engine_steps(engine_of(bench, work), work, tenth),
        "lenet cuda, tf32": lambda: _engine_steps(engine_of(bench, _with_precision(work, "tf32")), work, half),
        "lenet cuda, bf16": lambda: _engine_steps(engine_of(bench, _with_precision(work, "bf16")), work, half),
        "lenet reference": lambda: _engine_steps(_reference(bench, work), work, min(half, 20)),
        EAGER: lambda: plain_steps(bench, work),
    }
    return made(makers, bench.log)


def made(makers: Mapping[str, Callable[[], Contender]], log: Log) -> dict[str, Contender]:
    """Make contenders and let each compute once; one that fails is printed and left out, so that the others are measured."""
    contenders = {}
    for name, make in makers.items():
        began = time.perf_counter()
        try:
            contender = make()
            contender(0.0)
        except Exception as error:
            first = next(iter(str(error).strip().splitlines()), "")
            log.say(f"{name}: failed: {type(error).__name__}: {first}")
            continue
        log.say(f"{name}: ready after {time.perf_counter() - began:.2f} s")
        contenders[name] = contender
    return contenders


def many_steps(bench: Bench, work: Work, count: int, chunk: int) -> Contender:
    """The steps of K networks with seeds of their own, some in a call; model·images per second."""
    configs = [dataclasses.replace(work.config, seed=seed) for seed in range(count)]
    works = [bench.work(config) for config in configs]
    many = CudaMany([each.network for each in works], work.train, configs, work.preprocessing, str(bench.device))
    plans = dict(enumerate(each.plan() for each in works))
    epoch = plans[0]
    steps = Steps(lambda start, stop: many.train_steps(plans, start, stop), epoch, chunk)
    return lambda seconds: count * steps(seconds)


def plain_steps(bench: Bench, work: Work, *, compiled: bool = False) -> Steps:
    """Plain PyTorch: module, loss, torch.optim; all images as floats on the device."""
    trainer = Plain(bench, work, compiled=compiled)
    epoch = work.plan()
    order = torch.from_numpy(epoch.order).to(bench.device)

    def step(start: int, stop: int) -> None:
        trainer.steps(order, start, stop)
        wait(bench.device)

    return Steps(step, epoch, max(1, min(epoch.num_steps // 2, 50)))


class Plain:
    """A training in plain PyTorch with all data on the device.

    Args:
        bench: where.
        work: what.
        compiled: the forward and backward pass by torch.compile with mode="reduce-overhead", and a fused optimiser.
    """

    def __init__(self, bench: Bench, work: Work, *, compiled: bool = False) -> None:
        device, train = bench.device, work.train
        self.images = to_input(torch.from_numpy(train.images).to(device), work.preprocessing)
        self.labels = torch.from_numpy(train.labels).to(device)
        self.model = work.module().to(device)
        self.batch_size = work.config.batch_size
        rate = work.config.learning_rate
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=rate, fused=compiled or None)
        self._loss: Callable[[Tensor, Tensor], Tensor] = self._plain_loss
        self._begin: Callable[[], object] = lambda: None
        if compiled:
            compile_it: Any = torch.compile
            self._loss = compile_it(self._plain_loss, mode="reduce-overhead")
            self._begin = torch.compiler.cudagraph_mark_step_begin

    def steps(self, order: Tensor, start: int, stop: int) -> None:
        """Take the steps `start` to `stop - 1` with the images in an order (N,) on the device; nothing is awaited."""
        with arithmetic("fp32", is_repeatable=False):
            for number in range(start, stop):
                chosen = order[number * self.batch_size : (number + 1) * self.batch_size]
                self._begin()
                self.optimizer.zero_grad()
                self._loss(self.images[chosen], self.labels[chosen]).backward()
                self.optimizer.step()

    def num_correct(self, images: Tensor, labels: Tensor) -> int:
        """Return how many images on the device are classified correctly."""
        with arithmetic("fp32", is_repeatable=False), torch.inference_mode():
            return int((self.model(images).argmax(1) == labels).sum())

    def epoch(self, config: TrainConfig, number: int) -> None:
        """Take the steps of an epoch."""
        planned = plan(config, number, len(self.labels))
        self.steps(torch.from_numpy(planned.order).to(self.labels.device), 0, planned.num_steps)

    def _plain_loss(self, images: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(self.model(images), labels)


def _engine_steps(engine: Engine, work: Work, chunk: int) -> Steps:
    epoch = work.plan()
    return Steps(lambda start, stop: engine.train_steps(epoch, start, stop), epoch, chunk)


def _reference(bench: Bench, work: Work) -> ReferenceEngine:
    return ReferenceEngine(work.network.copy(), work.train, work.config, work.preprocessing, str(bench.device))


def _with_precision(work: Work, precision: str) -> Work:
    return dataclasses.replace(work, config=dataclasses.replace(work.config, engine="cuda", precision=precision))
