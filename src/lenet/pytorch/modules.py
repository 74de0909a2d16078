"""The networks as plain nn.Modules, and networks as nn.Modules that share their memory.

module = to_module(network)  # its parameters and running statistics are views of network.weights
share(network, module)       # makes those of any module with the same names such views
"""

import contextlib
import inspect
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from lenet.config import model_name
from lenet.networks import Architecture, Network, baselines, convnets, lenet
from lenet.networks import build as build_architecture
from lenet.networks.initialization import initialized
from lenet.networks.matching import COUNTER
from lenet.networks.network import split
from lenet.pytorch.layers import layer_module


class LeNet(nn.Module):
    """The chapter's max-pooling LeNet: `.conv` (convolution, activation, 2×2 pooling in turn) and `.fc` (dense layers).

    Maps float32 (N, in_channels, height, width) to logits (N, num_classes). The arguments are the fields of
    lenet.networks.lenet.LeNet. Without arguments it has 44,426 parameters, with padding 2 it has 61,706.

    Raises:
        ModelError: for sizes that do not fit together, naming the layer.
    """

    __signature__ = inspect.signature(lenet.LeNet)  # for help(), notebooks and editors

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__()
        self._add_layers(lenet.LeNet(*arguments, **settings).architecture())

    def _add_layers(self, architecture: Architecture) -> None:
        modules = _modules(architecture)
        self.conv = nn.Sequential(*(module for name, module in modules.items() if name.startswith("conv.")))
        self.fc = nn.Sequential(*(module for name, module in modules.items() if name.startswith("fc.")))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (N, num_classes) of float32 images (N, in_channels, height, width)."""
        features = self.conv(images)
        logits: Tensor = self.fc(torch.flatten(features, 1))
        return logits


class LeNetAvg(nn.Sequential):
    """The chapter's average-pooling LeNet as one nn.Sequential, by default with padding 2: 61,706 parameters.

    Arguments, shapes and errors as for LeNet.
    """

    __signature__ = inspect.signature(lenet.LeNetAvg)  # for help(), notebooks and editors

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(_modules(lenet.LeNetAvg(*arguments, **settings).architecture()))


class MLP(nn.Sequential):
    """Dense layers over the flattened image; by default 784-256-10 with ReLU: 203,530 parameters.

    Maps float32 (N, in_channels, height, width) to logits (N, num_classes). The arguments are the fields of
    lenet.networks.baselines.MLP.
    """

    __signature__ = inspect.signature(baselines.MLP)  # for help(), notebooks and editors

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(_modules(baselines.MLP(*arguments, **settings).architecture()))


class Softmax(nn.Sequential):
    """Softmax regression: one dense layer over the flattened image, 7,850 parameters. The softmax is part of the loss.

    Maps float32 (N, in_channels, height, width) to logits (N, num_classes). The arguments are the fields of
    lenet.networks.baselines.Softmax.
    """

    __signature__ = inspect.signature(baselines.Softmax)  # for help(), notebooks and editors

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(_modules(baselines.Softmax(*arguments, **settings).architecture()))


class LeNetBN(LeNet):
    """LeNet with a BatchNorm between each convolution and its activation, by default with padding 2: 61,750 parameters.

    Maps float32 (N, in_channels, height, width) to logits (N, num_classes).

    Args:
        *arguments: the fields of lenet.networks.convnets.LeNetBN, in their order.
        **settings: the same fields by name.

    Raises:
        ModelError: for sizes that do not fit together, naming the layer.
    """

    __signature__ = inspect.signature(convnets.LeNetBN)  # for help(), notebooks and editors

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        nn.Module.__init__(self)
        self._add_layers(convnets.LeNetBN(*arguments, **settings).architecture())


class Small(nn.Sequential):
    """Convolutions with BatchNorm, the mean over all pixels, and one dense layer: 59,450 parameters.

    Maps float32 (N, in_channels, height, width) to logits (N, num_classes).

    Args:
        *arguments: the fields of lenet.networks.convnets.Small, in their order.
        **settings: the same fields by name.

    Raises:
        ModelError: for sizes that do not fit together, naming the layer.
    """

    __signature__ = inspect.signature(convnets.Small)  # for help(), notebooks and editors

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(_modules(convnets.Small(*arguments, **settings).architecture()))


class Tiny(nn.Sequential):
    """Small with fewer channels: 9,406 parameters.

    Args:
        *arguments: the fields of lenet.networks.convnets.Tiny, in their order.
        **settings: the same fields by name.

    Raises:
        ModelError: for sizes that do not fit together, naming the layer.
    """

    __signature__ = inspect.signature(convnets.Tiny)  # for help(), notebooks and editors

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(_modules(convnets.Tiny(*arguments, **settings).architecture()))


# The classes of models that have one of their own; any other becomes an nn.Sequential.
CLASSES: dict[str, type[nn.Module]] = {
    "lenet": LeNet,
    "lenet-avg": LeNetAvg,
    "softmax": Softmax,
    "mlp": MLP,
    "lenet-bn": LeNetBN,
    "small": Small,
    "tiny": Tiny,
}


def build(name: str, *, init: str = "default", seed: int | None = None, **arguments: Any) -> nn.Module:
    """Return a model with initial weights as an nn.Module.

    Args:
        name: a name in registry.MODELS.
        init: a name in registry.INITS.
        seed: decides the weights; by default PyTorch's generator does.
        **arguments: the model's settings; those that are None keep their defaults.

    Raises:
        ConfigError: for an unknown model.
        ModelError: for settings that do not fit together.
    """
    seed = int(torch.randint(1 << 62, ())) if seed is None else seed
    return to_module(initialized(build_architecture(name, **arguments), init, seed), model_name(name))


def to_module(network: Network, name: str | None = None) -> nn.Module:
    """Return a network as an nn.Module whose parameters and running statistics are views of its weights.

    Args:
        network: the network.
        name: the model's name, if it has a class of its own, such as "lenet-avg".
    """
    kind = CLASSES.get(name or "")
    architecture = network.architecture
    if kind is None:
        kind = LeNet if any(layer.name.startswith("conv.") for layer in architecture.layers) else nn.Sequential
    module = kind.__new__(kind)
    with torch.device("meta"):  # shapes without memory, which load_state_dict replaces
        nn.Module.__init__(module)
        if isinstance(module, LeNet):
            module._add_layers(architecture)
        else:
            for layer_name, layer in _modules(architecture).items():
                module.add_module(layer_name, layer)
    module.load_state_dict(split(torch.from_numpy(network.weights), architecture.tensor_shapes), assign=True)
    return module


def share(network: Network, module: nn.Module) -> None:
    """Make a module's parameters and running statistics views of the network's weights, whose values they take.

    Args:
        network: the network.
        module: its tensors have the network's names; some of the network's may be missing, such as biases that stay zero.
    """
    views = split(torch.from_numpy(network.weights), network.architecture.tensor_shapes)
    for name, tensor in network_tensors(module).items():
        tensor.data = views[name]


def network_tensors(module: nn.Module) -> dict[str, Tensor]:
    """Return what a Network holds of a module, by name: its parameters, then its running means and variances."""
    buffers = {name: buffer for name, buffer in module.named_buffers() if name.rpartition(".")[2] != COUNTER}
    return dict(module.named_parameters()) | buffers


def num_parameters(module: nn.Module) -> int:
    """Return how many numbers a module learns."""
    return sum(parameter.numel() for parameter in module.parameters())


@contextlib.contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Put a module into evaluation mode; afterwards each of its modules is in the mode it was in."""
    modes = [(each, each.training) for each in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for each, training in modes:
            each.training = training


def xavier_uniform(layer: nn.Module) -> None:
    """Draw the weights of a convolution or dense layer anew (Glorot and Bengio, 2010); for `module.apply`.

    Args:
        layer: its biases stay as they are, and so does a layer of another kind.
    """
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(layer.weight)


def _modules(architecture: Architecture) -> "OrderedDict[str, nn.Module]":
    """The layers as modules, by name."""
    return OrderedDict((layer.name, layer_module(layer)) for layer in architecture.layers)
