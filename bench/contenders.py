"""What is measured: training steps, evaluations and the processor's peak, each as a function of how long to compute.

    work = Work.of(configure("fast", threads=2), train)
    rate = cpu_steps(work)(1.0)  # images per second in one second of training steps

Every contender starts from a copy of the same weights and takes the same batches.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from ceiling import compile_ceiling
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lenet.config import MODEL_FIELDS, TrainConfig
from lenet.data.dataset import Dataset
from lenet.data.locate import locate
from lenet.data.plan import Plan, plan
from lenet.engines import Engine
from lenet.engines.cpu import CpuEngine
from lenet.images.preprocess import Preprocessing
from lenet.networks import Network, build
from lenet.networks.initialization import initialized
from lenet.pytorch.modules import to_module
from lenet.pytorch.reference import ReferenceEngine
from lenet.pytorch.tensors import to_input

Contender = Callable[[float], float]  # seconds to compute for, at least → images, or operations, per second


@dataclass(frozen=True, eq=False)
class Work:
    """What all contenders of a comparison compute: a network from its initial weights, and how it is trained."""

    config: TrainConfig
    train: Dataset
    network: Network
    preprocessing: Preprocessing

    @classmethod
    def of(cls, config: TrainConfig, train: Dataset) -> "Work":
        """The config's own network, on a data set without colours."""
        arguments = {name: getattr(config, name) for name in MODEL_FIELDS if getattr(config, name) is not None}
        network = initialized(build(config.model, **arguments), config.init, config.seed)
        return cls(config, train, network, Preprocessing.of(train, normalize=config.normalize))

    def module(self) -> nn.Module:
        """The network as PyTorch's module, each of its tensors with memory of its own."""
        module = to_module(self.network)
        for tensor in (*module.parameters(), *module.buffers()):
            tensor.data = tensor.data.clone()
        return module

    def plan(self) -> Plan:
        """The first epoch."""
        return plan(self.config, 0, len(self.train))


class Steps:
    """Training steps of one contender, on the batches of one epoch over and over."""

    def __init__(self, step: Callable[[int, int], object], epoch: Plan, chunk: int) -> None:
        self.step, self.epoch, self.chunk, self.position = step, epoch, chunk, 0

    def __call__(self, seconds: float) -> float:
        images, began = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds or not images:
            start = self.position % (self.epoch.num_steps - self.chunk)
            self.step(start, start + self.chunk)
            self.position += self.chunk
            images += self.chunk * self.epoch.batch_size
        return images / elapsed


def engine_steps(engine: Engine, epoch: Plan, images_at_once: int) -> Steps:
    """Steps of an engine, called for as many as have that many images."""
    chunk = max(1, min(images_at_once // epoch.batch_size, epoch.num_steps // 2))
    return Steps(lambda start, stop: engine.train_steps(epoch, start, stop), epoch, chunk)


def cpu_steps(work: Work, variant: str | None = None, images_at_once: int = 6000) -> Steps:
    """The CPU engine."""
    engine = CpuEngine(work.network.copy(), work.train, work.config, work.preprocessing, variant=variant)
    return engine_steps(engine, work.plan(), images_at_once)


def reference_steps(work: Work) -> Steps:
    """The reference engine."""
    engine = ReferenceEngine(work.network.copy(), work.train, work.config, work.preprocessing)
    return engine_steps(engine, work.plan(), 8 * work.config.batch_size)


def plain_steps(work: Work, *, channels_last: bool = False, fused: bool = False, compiled: bool = False) -> Steps:
    """Plain PyTorch: module, loss, torch.optim; all images as floats in memory."""
    images = to_input(torch.from_numpy(work.train.images), work.preprocessing)
    images = images.contiguous(memory_format=torch.channels_last if channels_last else torch.contiguous_format)
    labels = torch.from_numpy(work.train.labels)
    model: Any = work.module()
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
    if work.config.optimizer == "sgd":
        optimizer: torch.optim.Optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=fused)
    else:
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1, fused=fused)
    if compiled:
        model = torch.compile(model)
    epoch = work.plan()
    order = torch.from_numpy(epoch.order)

    def step(start: int, stop: int) -> None:
        for number in range(start, stop):
            chosen = order[epoch.batch(number)]
            optimizer.zero_grad()
            F.cross_entropy(model(images[chosen]), labels[chosen]).backward()
            optimizer.step()

    return Steps(step, epoch, 8)


def tutorial_steps(work: Work) -> Contender:
    """The tutorial's DataLoader over a per-image transform, without worker processes, and the book's loop."""
    import tutorial

    located = locate("fashion-mnist")
    assert located is not None
    dataset = tutorial.Images(Path(located.folder), "train")
    loader = torch.utils.data.DataLoader(dataset, work.config.batch_size, shuffle=True)
    model = work.module()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    batches = itertools.chain.from_iterable(itertools.repeat(loader))

    def run(seconds: float) -> float:
        images, began = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds or not images:
            pixels, labels = next(batches)
            optimizer.zero_grad()
            F.cross_entropy(model(pixels), labels).backward()
            optimizer.step()
            images += len(labels)
        return images / elapsed

    return run


def cpu_evaluation(work: Work, test: Dataset, variant: str | None = None) -> Contender:
    """The logits of all test images from the CPU engine, which folds BatchNorm into the convolutions."""
    engine = CpuEngine(work.network, None, work.config, work.preprocessing, variant=variant)
    return repeated(lambda: engine.logits(test.images), len(test))


def plain_evaluation(work: Work, test: Dataset, batch_size: int = 1000) -> Contender:
    """All test images through a channels-last module under inference_mode, BatchNorm folded into the convolutions."""
    model: Any = folded(work.module().eval())
    model = model.to(memory_format=torch.channels_last)
    pixels: Tensor = to_input(torch.from_numpy(test.images), work.preprocessing)
    pixels = pixels.contiguous(memory_format=torch.channels_last)

    def logits() -> None:
        with torch.inference_mode():
            torch.cat([model(part) for part in pixels.split(batch_size)])

    return repeated(logits, len(pixels))


def folded(model: nn.Module) -> nn.Module:
    """An nn.Sequential in evaluation mode with each BatchNorm folded into the convolution before it."""
    if not isinstance(model, nn.Sequential):
        assert not any(isinstance(layer, nn.BatchNorm2d) for layer in model.modules())
        return model
    layers: list[nn.Module] = []
    for layer in model:
        if isinstance(layer, nn.BatchNorm2d) and layers and isinstance(layers[-1], nn.Conv2d):
            layers[-1] = fuse_conv_bn_eval(layers[-1], layer)
        else:
            layers.append(layer)
    return nn.Sequential(*layers)


def repeated(task: Callable[[], object], images: int) -> Contender:
    """A task of so many images, over and over."""

    def run(seconds: float) -> float:
        count, began = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds or not count:
            task()
            count += 1
        return count * images / elapsed

    return run


def ceiling(threads: int, variant: str) -> Contender:
    """The loop of multiply-adds; operations per second."""
    operations_in = compile_ceiling(variant)

    def run(seconds: float) -> float:
        done, began = 0.0, time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds:
            done += operations_in(threads, 2_000_000)
        return done / elapsed

    return run
