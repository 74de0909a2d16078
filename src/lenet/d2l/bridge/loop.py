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
from lenet.d2l.bridge.naming import name_outputs
from lenet.d2l.bridge.progress import EpochProgress
from lenet.d2l.bridge.steps import Steps
from lenet.engines.memory import FIRST_TOUCH, memory_explained
from lenet.errors import ConfigError


@dataclass(frozen=True)
class Point:
    """Where a training stands.

    Attributes:
        epoch: epochs done, with the share of the present one.
        progress: of the present epoch.
        test_accuracy: at the end of an epoch, else None.
        num_images: of all finished epochs.
        steps_seconds: duration of the steps of all finished epochs.
        epoch_seconds: duration of the present epoch, evaluation included.
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
    """Train; yield a point after each fifth of an epoch, and one after its evaluation.

    Args:
        net: the network, an nn.Module or a function.
        steps: train an epoch.
        test_iter: the test batches.
        num_epochs: how many epochs to train.
        device: where to evaluate; None for the network's own device.
        init: how the initial weights were drawn, as TrainConfig names it, for the doctor; None if that is not known.

    Raises:
        ConfigError: if `num_epochs` is not a whole number above 0.
    """
    check_num_epochs(num_epochs)
    name_outputs(net, steps.train_iter)
    num_images, steps_seconds = 0, 0.0
    diagnosis = Diagnosis(net, steps, test_iter, num_epochs, init)
    diagnosis.data()
    with steps:
        for epoch in range(num_epochs):
            began = time.perf_counter()
            if isinstance(net, nn.Module):
                net.train()
            for progress in steps.epoch():
                seconds = time.perf_counter() - began
                yield Point(epoch + progress.done, progress, None, num_images, steps_seconds, seconds)
            num_images += progress.tally.num_images
            steps_seconds += progress.tally.seconds
            test_accuracy = evaluate_accuracy(net, test_iter, device)
            seconds = time.perf_counter() - began
            yield Point(epoch + 1, progress, test_accuracy, num_images, steps_seconds, seconds)
            diagnosis.epoch(epoch + 1, progress, test_accuracy)


def check_num_epochs(num_epochs: Any) -> None:
    """Check a number of epochs.

    Raises:
        ConfigError: if it is not a whole number above 0.
    """
    if isinstance(num_epochs, bool) or not isinstance(num_epochs, int) or num_epochs < 1:
        raise ConfigError(f"the number of epochs is {num_epochs!r}; expected a whole number, at least 1")


@contextlib.contextmanager
def on_device(net: nn.Module, train_iter: Any, device: torch.device) -> Iterator[None]:
    """Move a network to the device and initialise its lazy layers; explain memory errors of the device in the block.

    Raises:
        ConfigError: if it is not an nn.Module.
        EngineError: if the device has too little memory.
    """
    if not isinstance(net, nn.Module):
        raise ConfigError(f"the network is a {type(net).__name__}; expected an nn.Module")
    with memory_explained(device):
        with memory_explained(device, FIRST_TOUCH, "for the network"):
            net.to(device)
        initialize_lazy(net, train_iter)
        yield
