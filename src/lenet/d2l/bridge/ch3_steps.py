"""Steps for the training functions of chapter 3, whose network, loss and updater may be functions."""

from typing import Any

import torch
from torch import Tensor, nn

from lenet.d2l.bridge.batches import pair
from lenet.d2l.bridge.evaluation import initialize_lazy, outputs
from lenet.d2l.bridge.kernel_steps import is_cross_entropy
from lenet.d2l.bridge.measuring import accuracy, number
from lenet.d2l.bridge.optimizers import TorchOptim
from lenet.d2l.bridge.steps import Steps, announce, choose_steps
from lenet.d2l.bridge.torch_steps import Forward, TorchSteps


def ch3_steps(net: Any, train_iter: Any, loss: Any, updater: Any, summed: bool) -> Steps:
    """Choose the steps of a training of chapter 3, and write which engine computes to stderr.

    Args:
        net: an nn.Module, or a function.
        train_iter: the training batches.
        loss: a mean, or one number for each image.
        updater: an optimiser of torch.optim, or a function of the number of images in the batch.
        summed: whether an optimiser follows the gradient of the sum of the losses, where the loss gives one for each image.
    """
    is_optimizer = isinstance(updater, torch.optim.Optimizer)
    if isinstance(net, nn.Module):
        initialize_lazy(net, train_iter)
        if is_optimizer and not (summed and getattr(loss, "reduction", "none") != "mean"):
            device = next(net.parameters()).device
            return choose_steps(net, train_iter, loss, TorchOptim(updater, net), device)

    def forward(batch: Any) -> Forward:
        inputs, labels = pair(batch)
        scores = outputs(net, inputs)
        value = loss(scores, labels)
        mean = number(value.mean())
        objective: Tensor = value.mean() if is_optimizer and not summed else value.sum()
        return Forward(objective, mean, accuracy(scores, labels), inputs, labels)

    def update(result: Forward) -> None:
        if is_optimizer:
            updater.zero_grad()
        result.loss.backward()
        if is_optimizer:
            updater.step()
        else:
            updater(result.labels.numel())

    steps = TorchSteps(train_iter, forward, update, net, updater)
    steps.takes_logits = is_cross_entropy(loss)
    steps.name = f"PyTorch ({'a loss or an updater' if isinstance(net, nn.Module) else 'a network'} of the user's own)"
    announce(steps)
    return steps
