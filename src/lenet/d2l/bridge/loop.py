"""The loop of the training functions."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from lenet.d2l.bridge.diagnosis import Diagnosis
from lenet.d2l.bridge.evaluation import evaluate_accuracy, initialize_lazy
from lenet.d2l.bridge.progress import EpochProgress
from lenet.d2l.bridge.steps import Steps
from lenet.engines.memory import FIRST_TOUCH, memory_explained
from lenet.errors import ConfigError


@dataclass(frozen=True)
class Point:
    """Where a training stands. epoch: counted from 0, with its part; progress: of this epoch; test_accuracy: at its end only.

    steps_seconds and num_images are of the whole training, the steps alone; epoch_seconds with the evaluation.
    """

    epoch: float
    progress: EpochProgress
    test_accuracy: float | None
    num_images: int
    steps_seconds: float
    epoch_seconds: float


def points(
    net: Any,
    steps: Steps,
    test_iter: Any,
    num_epochs: int,
    device: torch.device | None,
    init: str | None = None,
) -> Iterator[Point]:
    """The loop: trains, and tells where it stands after each fifth of an epoch and, evaluated, after each epoch.

    init: how the weights were drawn, for the doctor, as TrainConfig names it; None: not known.
    """
    check_num_epochs(num_epochs)
    num_images, steps_seconds = 0, 0.0
    diagnosis = Diagnosis(net, steps, test_iter, num_epochs, init)
    diagnosis.data()
    with steps:
        for epoch in range(num_epochs):
            began = time.perf_counter()
            if isinstance(net, nn.Module):
                net.train()
            for progress in steps.epoch():
                yield Point(
                    epoch + progress.done, progress, None, num_images, steps_seconds, time.perf_counter() - began
                )
            num_images += progress.tally.num_images
            steps_seconds += progress.tally.seconds
            test_accuracy = evaluate_accuracy(net, test_iter, device)
            seconds = time.perf_counter() - began
            yield Point(epoch + 1, progress, test_accuracy, num_images, steps_seconds, seconds)
            diagnosis.epoch(epoch + 1, progress, test_accuracy)


def check_num_epochs(num_epochs: Any) -> None:
    if isinstance(num_epochs, bool) or not isinstance(num_epochs, int) or num_epochs < 1:
        raise ConfigError(f"the number of epochs is {num_epochs!r}; expected a whole number, at least 1")


@contextlib.contextmanager
def on_device(net: nn.Module, train_iter: Any, device: torch.device) -> Iterator[None]:
    """The network on the device, with weights."""
    if not isinstance(net, nn.Module):
        raise ConfigError(f"the network is a {type(net).__name__}; expected an nn.Module")
    with memory_explained(device):
        with memory_explained(device, FIRST_TOUCH, "for the network"):
            net.to(device)
        initialize_lazy(net, train_iter)
        yield
