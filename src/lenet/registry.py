"""The names that users type and where each is defined: one line each.

Nothing is imported until a name is resolved, so the command line knows all choices without loading NumPy.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """A kind of activation or pooling: its number in engines/kernels/interface.h and its class in torch.nn."""

    code: int
    module: str


ACTIVATIONS = {
    "sigmoid": Kind(0, "Sigmoid"),
    "tanh": Kind(1, "Tanh"),
    "relu": Kind(2, "ReLU"),
    "scaled-tanh": Kind(3, "ScaledTanh"),  # 1.7159 tanh(2x/3), of LeCun et al. (1998); not in torch.nn
    "leaky-relu": Kind(4, "LeakyReLU"),  # slope 0.01 for negative numbers
}
POOLINGS = {"max": Kind(0, "MaxPool2d"), "avg": Kind(1, "AvgPool2d")}  # 2×2, stride 2
FITS = ("pad", "crop", "stretch")  # ways to bring an image to a size, in images/fit.py
OPTIMIZERS = {"sgd": 0, "adam": 1, "adamw": 2}  # their numbers in engines/kernels/interface.h

# Classes whose fields are a model's settings, with a method architecture().
MODELS = {
    "lenet": "lenet.networks.lenet:LeNet",
    "lenet-avg": "lenet.networks.lenet:LeNetAvg",
    "softmax": "lenet.networks.baselines:Softmax",
    "mlp": "lenet.networks.baselines:MLP",
    "lenet-bn": "lenet.networks.convnets:LeNetBN",
    "small": "lenet.networks.convnets:Small",
    "tiny": "lenet.networks.convnets:Tiny",
}

# Trained networks that come with lenet: run directories in lenet/ready/.
READY = ("fashion-mnist", "mnist", "digits")

# Functions that set the initial weights of a network.
INITS = {
    "default": "lenet.networks.initialization:default",
    "xavier-uniform": "lenet.networks.initialization:xavier_uniform",
    "pretrained": "lenet.ready.weights:pretrained",
}

# Classes with the methods of lenet.engines.Engine.
ENGINES = {
    "cpu": "lenet.engines.cpu:CpuEngine",
    "reference": "lenet.pytorch.reference:ReferenceEngine",
    "cuda": "lenet.pytorch.cuda.engine:CudaEngine",
}

# Functions that read the tensors of a file with this suffix, for lenet.networks.importing.
READERS = {
    ".safetensors": "lenet.networks.importing:read_safetensors",
    ".pt": "lenet.pytorch.pickles:read",
    ".pth": "lenet.pytorch.pickles:read",
    ".pkl": "lenet.pytorch.pickles:read",
    ".pickle": "lenet.pytorch.pickles:read",
    ".bin": "lenet.pytorch.pickles:read",
    ".ckpt": "lenet.pytorch.pickles:read",
    ".zip": "lenet.pytorch.pickles:read",
}


def resolve(table: Mapping[str, str], name: str) -> Any:
    """Import and return the object that a table names, such as `resolve(MODELS, "lenet")`."""
    module, _, attribute = table[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
