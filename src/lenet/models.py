"""The networks as plain nn.Modules: `lenet.models.LeNet(activation="relu")`. They need PyTorch and are loaded lazily."""

import importlib
from typing import TYPE_CHECKING, Any

from lenet.extras import require_torch

if TYPE_CHECKING:
    from lenet.pytorch.modules import MLP, LeNet, LeNetAvg, LeNetBN, Small, Softmax, Tiny, build, num_parameters

__all__ = ["MLP", "LeNet", "LeNetAvg", "LeNetBN", "Small", "Softmax", "Tiny", "build", "num_parameters"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'lenet.models' has no attribute {name!r}")
    require_torch(f"lenet.models.{name}")
    return getattr(importlib.import_module("lenet.pytorch.modules"), name)


def __dir__() -> list[str]:
    return list(__all__)
