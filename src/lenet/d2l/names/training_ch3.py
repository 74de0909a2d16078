"""The training functions of the chapters before LeNet: any loss, and networks that may be functions."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from lenet.d2l.bridge.ch3_steps import ch3_steps
from lenet.d2l.bridge.evaluation import device_of
from lenet.d2l.bridge.loop import points
from lenet.d2l.names.canvas import Line
from lenet.d2l.names.layers import sgd
from lenet.d2l.names.reporting import draw_training, print_or_show
from lenet.engines.memory import memory_explained
from lenet.errors import ConfigError


def train_ch3(
    net: Any,
    train_iter: Any,
    test_iter: Any,
    loss: Any,
    num_epochs: int,
    updater: Any = None,
    params: Any = None,
    lr: float | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    batch_size: int | None = None,
) -> None:
    """Train a network or a function of any loss: the book's and the port's `train_ch3`.

    The sixth argument tells which of the published signatures is meant:

        train_ch3(net, train_iter, test_iter, loss, num_epochs, updater)  # draws a chart
        train_ch3(net, train_iter, test_iter, loss, num_epochs, batch_size, params, lr, optimizer)  # prints lines

    Fixed here: the published functions divide a loss that is already a mean by the number of images, and the book's ends
    with an AssertionError if it has not learnt enough.

    Args:
        net: an nn.Module, or a function.
        train_iter: the training batches.
        test_iter: the test batches.
        loss: a mean, or one number for each image.
        num_epochs: how many epochs to train.
        updater: an optimiser of torch.optim, or a function of the number of images in the batch; of the port, the batch size.
        params: of the port without an optimizer: the tensors that `sgd` changes.
        lr: their learning rate.
        optimizer: of the port: an optimiser of torch.optim.
        batch_size: of the port.

    Raises:
        ConfigError: if nothing would change the weights.
        EngineError, ModelError, DataError, TrainingError: as `train_ch5`.
    """
    if isinstance(updater, int):
        updater, batch_size = None, updater
    charted = updater is not None
    updater = updater or optimizer or _own_sgd(params, lr, batch_size)
    with memory_explained(device_of(net) or "cpu"), Line() as line:
        steps = ch3_steps(net, train_iter, loss, updater, summed=not charted)
        all_points = points(net, steps, test_iter, num_epochs, None)
        if charted:
            draw_training(all_points, num_epochs, "train_ch3", every_fifth=False)
            return
        for point in all_points:
            print_or_show(point, line, num_epochs, point.progress.tally.loss, timed=False)


def train_epoch_ch3(net: Any, train_iter: Any, loss: Any, updater: Any) -> tuple[float, float]:
    """Train one epoch as `train_ch3` with an updater: the book's `train_epoch_ch3`.

    Args:
        net: an nn.Module, or a function.
        train_iter: the training batches.
        loss: a mean, or one number for each image.
        updater: an optimiser of torch.optim, or a function of the number of images in the batch.

    Returns:
        Training loss and accuracy.

    Raises:
        EngineError, ModelError, DataError, TrainingError, ConfigError: as `train_ch5`.
    """
    with memory_explained(device_of(net) or "cpu"):
        steps = ch3_steps(net, train_iter, loss, updater, summed=False)
        if isinstance(net, nn.Module):
            net.train()
        with steps:
            *_, progress = steps.epoch()
    return progress.tally.loss, progress.tally.accuracy


def _own_sgd(params: Any, lr: float | None, batch_size: int | None) -> Callable[[int], None]:
    if params is None or lr is None or batch_size is None:
        raise ConfigError(
            "train_ch3 has nothing that changes the weights",
            hint="pass an updater, an optimizer, or batch_size, params and lr",
        )
    params = list(params)
    for each in params:
        each.grad = None
    return lambda _: sgd(params, lr, batch_size)
