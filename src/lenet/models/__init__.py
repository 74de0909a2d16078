"""The networks, plain nn.Modules, and the one place that makes them by name."""

import contextlib
import inspect
import threading
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from lenet.config import model_name
from lenet.errors import ModelError
from lenet.files.safetensors import MAX_PARAMETERS
from lenet.models.baselines import MLP, Softmax
from lenet.models.lenet import LeNet, LeNetAvg

__all__ = ["MLP", "MODELS", "LeNet", "LeNetAvg", "Softmax", "build", "evaluating", "num_parameters", "xavier_uniform"]

_generator = threading.Lock()  # PyTorch's initialisers all draw from one, which threads would share

MODELS: dict[str, type[nn.Module]] = {"lenet": LeNet, "lenet-avg": LeNetAvg, "softmax": Softmax, "mlp": MLP}


def build(name: str, *, init: str = "default", seed: int | None = None, **arguments: Any) -> nn.Module:
    """The model of that name; arguments that are None are left to the model.

    init: "default" (PyTorch's) or "xavier-uniform" (Glorot and Bengio, 2010; weights of every convolution and dense
    layer, biases as PyTorch makes them). seed: initial weights from that seed, PyTorch's own generator untouched.
    """
    name = model_name(name)
    make = MODELS[name]
    arguments = {key: value for key, value in arguments.items() if value is not None}
    accepted = inspect.signature(make).parameters
    for key in arguments:
        if key not in accepted:
            raise ModelError(f"{name} has no {key.replace('_', '-')}", hint=f"it takes {', '.join(accepted)}")
    if torch.get_default_device().type != "meta":
        with torch.device("meta"):
            _must_be_moderate(name, num_parameters(make(**arguments)))
    with _generator, torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.manual_seed(seed)
        model = make(**arguments)
        if init == "xavier-uniform":
            model.apply(xavier_uniform)
    return model


@contextlib.contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The model in evaluation mode; afterwards each of its modules in the mode it was in."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def num_parameters(model: nn.Module) -> int:
    """How many numbers the model learns."""
    return sum(parameter.numel() for parameter in model.parameters())


def _must_be_moderate(name: str, size: int) -> None:
    if size > MAX_PARAMETERS:
        raise ModelError(
            f"{name} would have {size:,} parameters; expected at most {MAX_PARAMETERS:,}",
            hint="take fewer channels, or narrower hidden layers",
        )


def xavier_uniform(layer: nn.Module) -> None:
    """For `module.apply`: the weights of a convolution or a dense layer drawn anew (Glorot and Bengio, 2010)."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(layer.weight)
