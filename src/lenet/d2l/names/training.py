"""The book's training functions: one loop, and what each of them prints or draws.

    train_ch5(net, train_iter, test_iter, batch_size, optimizer, device, num_epochs)  # a line for each epoch
    train_ch6(net, train_iter, test_iter, num_epochs, lr, device)  # a chart, two lines at the end

lenet's kernels compute what they can, PyTorch the rest; stderr says which, and why.
"""

from typing import Any

import torch
from torch import nn

from lenet.d2l.bridge.batches import check_batches, first_inputs
from lenet.d2l.bridge.devices import find_device
from lenet.d2l.bridge.evaluation import try_network
from lenet.d2l.bridge.loop import check_num_epochs, on_device, points
from lenet.d2l.bridge.optimizers import PlainSgd, TorchOptim
from lenet.d2l.bridge.steps import choose_steps
from lenet.d2l.names.canvas import Line
from lenet.d2l.names.devices import try_gpu
from lenet.d2l.names.reporting import draw_training, print_or_show
from lenet.pytorch.modules import xavier_uniform


def train_ch5(
    net: nn.Module,
    train_iter: Any,
    test_iter: Any,
    batch_size: int,
    optimizer: torch.optim.Optimizer,
    device: Any,
    num_epochs: int,
) -> None:
    """Train with cross-entropy and print a line for each epoch: the port's `train_ch5`.

    A second call continues the training. Ctrl-C leaves the weights of the last finished step.

    Fixed here: the published loss is divided by the number of images, in some copies by a count of batches that is never
    reset; here it is the mean over this epoch's batches. An evaluation leaves the network in the mode in which it was.

    Args:
        net: the network; its weights are changed in place.
        train_iter: the training batches.
        test_iter: the test batches.
        batch_size: not used; the iterator has its own.
        optimizer: changes the weights; its state is kept for a second call.
        device: where to compute.
        num_epochs: how many epochs to train.

    Raises:
        EngineError: if there is no such device, or its memory is full.
        ModelError: if the network does not take the images.
        DataError: if an iterator has no batches.
        TrainingError: if the loss becomes NaN or infinite; network and optimiser then have their last good state.
        ConfigError: for arguments of another kind.
    """
    device = find_device(device)
    print(f"training on {device}", flush=True)
    with on_device(net, train_iter, device), Line() as line:
        steps = choose_steps(net, train_iter, nn.CrossEntropyLoss(), TorchOptim(optimizer, net), device)
        for point in points(net, steps, test_iter, num_epochs, device):
            print_or_show(point, line, num_epochs, point.progress.batch_loss, timed=True)


def train_cuda_cpu(
    net: nn.Module,
    train_iter: Any,
    test_iter: Any,
    batch_size: int,
    optimizer: torch.optim.Optimizer,
    device: Any,
    num_epochs: int,
) -> None:
    """Train as `train_ch5`, whose name in a private copy of the port this is.

    Fixed here: the published function evaluates and prints after every batch.

    Args:
        net: the network; its weights are changed in place.
        train_iter: the training batches.
        test_iter: the test batches.
        batch_size: not used; the iterator has its own.
        optimizer: changes the weights; its state is kept for a second call.
        device: where to compute.
        num_epochs: how many epochs to train.

    Raises:
        EngineError, ModelError, DataError, TrainingError, ConfigError: as `train_ch5`.
    """
    train_ch5(net, train_iter, test_iter, batch_size, optimizer, device, num_epochs)


def train(
    net: nn.Module,
    train_iter: Any,
    test_iter: Any,
    batch_size: int,
    optimizer: torch.optim.Optimizer,
    device: Any,
    num_epoch: int,
) -> None:
    """Train as `train_ch5`, whose name in another private copy of the port this is.

    Fixed here: the published function prints the shapes of every batch too.

    Args:
        net: the network; its weights are changed in place.
        train_iter: the training batches.
        test_iter: the test batches.
        batch_size: not used; the iterator has its own.
        optimizer: changes the weights; its state is kept for a second call.
        device: where to compute.
        num_epoch: how many epochs to train.

    Raises:
        EngineError, ModelError, DataError, TrainingError, ConfigError: as `train_ch5`.
    """
    train_ch5(net, train_iter, test_iter, batch_size, optimizer, device, num_epoch)


def train_ch6(
    net: nn.Module,
    train_iter: Any,
    test_iter: Any,
    num_epochs: int,
    lr: float,
    device: Any = None,
    init: bool = True,
) -> None:
    """Train by SGD with cross-entropy, draw a chart, and print the results at the end: the book's `train_ch6`.

    The chart shows loss and accuracy five times an epoch, and the test accuracy after each. As published, every call draws
    new Xavier weights for convolutions and dense layers; here only after network, iterators, device and images were found
    to fit.

    Fixed here: the published function divides by zero with fewer than five batches, shows its chart in notebooks only, and
    leaves the network in evaluation mode.

    Args:
        net: the network; its weights are changed in place.
        train_iter: the training batches.
        test_iter: the test batches.
        num_epochs: how many epochs to train.
        lr: learning rate.
        device: where to compute; None for a GPU if there is one.
        init: False to continue with the weights of the network.

    Raises:
        EngineError, ModelError, DataError, TrainingError, ConfigError: as `train_ch5`.
    """
    device = try_gpu() if device is None else find_device(device)
    check_num_epochs(num_epochs)
    check_batches(train_iter, "training")
    check_batches(test_iter, "test")
    with on_device(net, train_iter, device):
        if init:
            inputs = first_inputs(train_iter)
            if inputs is not None:
                try_network(net, inputs, device)
            net.apply(xavier_uniform)
        print(f"training on {device}", flush=True)
        steps = choose_steps(net, train_iter, nn.CrossEntropyLoss(), PlainSgd(net, lr), device)
        drawn = "xavier-uniform" if init else None
        last = draw_training(points(net, steps, test_iter, num_epochs, device, drawn), num_epochs, "train_ch6")
    tally = last.progress.tally
    print(f"loss {tally.loss:.3f}, train acc {tally.accuracy:.3f}, test acc {last.test_accuracy:.3f}")
    print(f"{last.num_images / last.steps_seconds:.1f} examples/sec on {device}")
