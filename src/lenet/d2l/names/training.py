"""The books' training functions: one loop, and what each of them prints or draws.

    train_ch5(net, train_iter, test_iter, batch_size, optimizer, device, num_epochs)  # a line for each epoch
    train_ch6(net, train_iter, test_iter, num_epochs, lr, device)  # a chart, two lines at the end

What lenet's kernels know they compute; the rest is PyTorch's. Which it is stands on stderr, with the reason."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from lenet.d2l.bridge.batches import check_batches, first_inputs
from lenet.d2l.bridge.ch3_steps import ch3_steps
from lenet.d2l.bridge.devices import find_device
from lenet.d2l.bridge.evaluation import device_of, try_network
from lenet.d2l.bridge.loop import Point, check_num_epochs, on_device, points
from lenet.d2l.bridge.optimizers import PlainSgd, TorchOptim
from lenet.d2l.bridge.steps import choose_steps
from lenet.d2l.names.animator import Animator
from lenet.d2l.names.canvas import Line
from lenet.d2l.names.devices import try_gpu
from lenet.d2l.names.layers import sgd
from lenet.engines.memory import memory_explained
from lenet.errors import ConfigError
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
    """Trains with cross-entropy and prints a line for each epoch. batch_size is the iterator's; it is not looked at.

    Weights, and the optimiser's state, are changed in place; a second call goes on. Ctrl-C leaves those of the last finished
    step. Raises EngineError for a device that is not there or out of memory, ModelError if the network does not take
    the pictures, DataError without batches, TrainingError for a loss that is no longer a number; network and optimiser then
    have their last good state.

    Mended: the published loss is divided by the number of pictures, in some copies by a count of batches that is never
    reset; here it is the mean over this epoch's batches. After an evaluation the network is in the mode it was in.
    """
    device = find_device(device)
    print(f"training on {device}", flush=True)
    with on_device(net, train_iter, device), Line() as line:
        steps = choose_steps(net, train_iter, nn.CrossEntropyLoss(), TorchOptim(optimizer, net), device)
        for point in points(net, steps, test_iter, num_epochs, device):
            _print_or_show(point, line, num_epochs, point.progress.batch_loss, timed=True)


def train_cuda_cpu(
    net: nn.Module,
    train_iter: Any,
    test_iter: Any,
    batch_size: int,
    optimizer: torch.optim.Optimizer,
    device: Any,
    num_epochs: int,
) -> None:
    """`train_ch5` under a private copy's name. Mended: published, it evaluates and prints after every batch."""
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
    """`train_ch5` under another private copy's name. Mended: published, it prints the shapes of every batch too."""
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
    """Trains by SGD with cross-entropy, draws loss and accuracies five times an epoch, and prints them at the end.

    The weights of convolutions and dense layers are drawn anew, Xavier uniform, at every call, as the book documents;
    `init=False` goes on with those that are there. device: without one, a GPU if there is one. Errors as `train_ch5`, and
    before any weight is drawn where something can be known to be wrong by then.

    Mended: a training set of fewer than five batches divides by zero; the chart exists in notebooks only; the
    network is left in evaluation mode.
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
        last = _draw_training(points(net, steps, test_iter, num_epochs, device, drawn), num_epochs, "train_ch6")
    tally = last.progress.tally
    print(f"loss {tally.loss:.3f}, train acc {tally.accuracy:.3f}, test acc {last.test_accuracy:.3f}")
    print(f"{last.num_images / last.steps_seconds:.1f} examples/sec on {device}")


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
    """The training of the chapters before. Both published signatures, told apart by the sixth argument:

        train_ch3(net, train_iter, test_iter, loss, num_epochs, updater)  # draws a chart
        train_ch3(net, train_iter, test_iter, loss, num_epochs, batch_size, params, lr, optimizer)  # prints lines

    net: an nn.Module or a function; loss: a mean, or one number for each picture; updater: an optimiser, or a function of
    the batch's size; without an optimizer the second form steps by `sgd(params, lr, batch_size)`.

    Mended: the published ones divide a loss that is a mean already by the number of pictures, and the first ends with an
    AssertionError if it has not learnt enough.
    """
    if isinstance(updater, int):
        updater, batch_size = None, updater
    charted = updater is not None
    updater = updater or optimizer or _own_sgd(params, lr, batch_size)
    with memory_explained(device_of(net) or "cpu"), Line() as line:
        steps = ch3_steps(net, train_iter, loss, updater, summed=not charted)
        all_points = points(net, steps, test_iter, num_epochs, None)
        if charted:
            _draw_training(all_points, num_epochs, "train_ch3", every_fifth=False)
            return
        for point in all_points:
            _print_or_show(point, line, num_epochs, point.progress.tally.loss, timed=False)


def train_epoch_ch3(net: Any, train_iter: Any, loss: Any, updater: Any) -> tuple[float, float]:
    """One epoch of the first form of `train_ch3`; its training loss and accuracy."""
    with memory_explained(device_of(net) or "cpu"):
        steps = ch3_steps(net, train_iter, loss, updater, summed=False)
        if isinstance(net, nn.Module):
            net.train()
        with steps:
            *_, progress = steps.epoch()
    return progress.tally.loss, progress.tally.accuracy


def _print_or_show(point: Point, line: Line, num_epochs: int, loss: float, timed: bool) -> None:
    """The published line at the end of an epoch; before it, on a terminal, how far it is."""
    tally = point.progress.tally
    if point.test_accuracy is None:
        line.show(f"epoch {point.epoch:.1f}/{num_epochs}  loss {loss:.4f}  train acc {tally.accuracy:.3f}")
        return
    line.clear()
    text = (
        f"epoch {point.epoch:.0f}, loss {loss:.4f}, train acc {tally.accuracy:.3f}, test acc {point.test_accuracy:.3f}"
    )
    print(f"{text}, time {point.epoch_seconds:.1f} sec" if timed else text, flush=True)


def _draw_training(all_points: Iterator[Point], num_epochs: int, name: str, every_fifth: bool = True) -> Point:
    """Draws a training; its last point. What was drawn is kept, however it ends."""
    animator = Animator(
        xlabel="epoch", xlim=[0 if every_fifth else 1, num_epochs], legend=["train loss", "train acc", "test acc"]
    )
    animator.canvas.name = name
    try:
        for point in all_points:
            train = (point.progress.tally.loss, point.progress.tally.accuracy)
            if point.test_accuracy is None:
                if every_fifth:
                    animator.add(point.epoch, (*train, None))
            else:
                animator.add(point.epoch, (*((None, None) if every_fifth else train), point.test_accuracy))
    finally:
        animator.finish()
    return point


def _own_sgd(params: Any, lr: float | None, batch_size: int | None) -> Callable[[int], None]:
    if params is None or lr is None or batch_size is None:
        raise ConfigError(
            "train_ch3 needs something that moves the weights",
            hint="pass an updater, an optimizer, or batch_size, params and lr",
        )
    params = list(params)
    for each in params:
        each.grad = None
    return lambda _: sgd(params, lr, batch_size)
