"""A trained module as a network of lenet's own layers, for exports.

trained = as_trained(open_module(net, classes=["cat", "dog"]))
"""

import copy
from dataclasses import replace

import torch
from torch import nn

from lenet.engines.lowering import REFUSAL
from lenet.errors import EngineError, ModelError
from lenet.files.untrusted import printable
from lenet.networks import Network
from lenet.networks.trained import TrainedNetwork
from lenet.pytorch.lowering import from_module
from lenet.pytorch.tracing import chain
from lenet.pytorch.trained import ModuleNetwork, TrainedModule

HINT = "lenet exports chains of the layers in docs/engines.md, of stride 1 and with 2×2 poolings"


def as_trained(module: ModuleNetwork) -> TrainedNetwork:
    """Return a module as a trained network with a copy of its weights.

    Raises:
        ModelError: if it is no chain of layers that lenet has, naming the first other one.
    """
    preprocessing, given = module.preprocessing, module.module
    if isinstance(given, TrainedModule):  # which normalises by itself
        preprocessing, given = replace(preprocessing, mean=float(given.mean), std=float(given.std)), given.network
    kind = type(given).__name__
    shape = (preprocessing.channels, *preprocessing.size)
    copied = copy.deepcopy(given).to("cpu", torch.float32).eval()
    try:
        layers = chain(copied, torch.rand(2, *shape, generator=torch.Generator().manual_seed(0)))
        network = _network(layers, copied, shape)
    except ModelError as error:
        raise ModelError(f"{kind} cannot be exported: {printable(error.message)}", hint=HINT) from error
    return TrainedNetwork(module.path, kind, {}, module.classes, preprocessing, loaded=network)


def _network(layers: nn.Sequential, model: nn.Module, shape: tuple[int, int, int]) -> Network:
    """The layers as a network. Raises ModelError, naming the first layer that lenet does not have."""
    try:
        return from_module(layers, shape)
    except EngineError as error:
        refused = error
    every = list(layers)
    for number in range(len(every)):
        try:  # with the layer after it, as a convolution may leave its bias to that
            from_module(nn.Sequential(*every[: number + 2]), shape)
        except EngineError:
            try:
                from_module(nn.Sequential(*every[: number + 1]), shape)
            except EngineError:
                break
    names = {id(each): name for name, each in model.named_modules()}
    name = names.get(id(every[number]), "")
    where = f"the layer {name} ({type(every[number]).__name__}): " if name else ""
    raise ModelError(where + refused.message.removeprefix(REFUSAL).replace("; they take ", "; expected ")) from refused
