"""The outputs of any nn.Module's activation layers, recorded by hooks, for the doctor's checks of units."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lenet.doctor.observation import Activations
from lenet.pytorch.layers import ACTIVATION_MODULES
from lenet.pytorch.modules import evaluating

_FUNCTIONS: dict[type[nn.Module], str] = {kind: name for name, kind in ACTIVATION_MODULES.items()}


def record(module: nn.Module, inputs: Tensor) -> tuple[NDArray[np.floating[Any]], dict[str, Activations]]:
    """Return a module's outputs, and those of its activation layers by name; the module keeps its mode.

    Args:
        module: a network.
        inputs: as the module takes them.
    """
    activations: dict[str, Activations] = {}

    def keep(name: str, function: str, output: Tensor) -> None:
        activations[name] = Activations(function, output.detach().cpu().numpy())

    hooks = [
        layer.register_forward_hook(lambda layer, _, output, name=name: keep(name, _FUNCTIONS[type(layer)], output))
        for name, layer in module.named_modules()
        if type(layer) in _FUNCTIONS
    ]
    try:
        with evaluating(module), torch.no_grad():
            outputs: Tensor = module(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return outputs.detach().cpu().numpy(), activations


def functions(module: nn.Module) -> frozenset[str]:
    """Return the names of the activation functions among a module's layers."""
    return frozenset(_FUNCTIONS[type(layer)] for layer in module.modules() if type(layer) in _FUNCTIONS)
