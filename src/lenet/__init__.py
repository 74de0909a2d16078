"""LeNet as a tool: train, evaluate and use the small convolutional networks of the LeNet family.

    import lenet

    run = lenet.train("fashion-mnist")
    print(run.test_accuracy, lenet.predict(run, "boot.png"))

Names are loaded when they are first used: `import lenet` does not import PyTorch.
"""

import importlib
from typing import TYPE_CHECKING, Any

from lenet.version import __version__

if TYPE_CHECKING:
    from lenet import d2l, data, models
    from lenet.analysis.evaluation import Evaluation, evaluate
    from lenet.analysis.prediction import Prediction, predict
    from lenet.config import RECIPES, TrainConfig, configure
    from lenet.data.dataset import Dataset, Splits
    from lenet.errors import LenetError, SaveError
    from lenet.pytorch.import_weights import import_weights
    from lenet.runs.run import Run, load
    from lenet.training.parallel import ManyInterrupted, train_many
    from lenet.training.train import Interrupted, resume, train

_HOMES = {
    "Dataset": "lenet.data.dataset",
    "Evaluation": "lenet.analysis.evaluation",
    "Interrupted": "lenet.training.train",
    "LenetError": "lenet.errors",
    "ManyInterrupted": "lenet.training.parallel",
    "Prediction": "lenet.analysis.prediction",
    "RECIPES": "lenet.config",
    "Run": "lenet.runs.run",
    "SaveError": "lenet.errors",
    "Splits": "lenet.data.dataset",
    "TrainConfig": "lenet.config",
    "configure": "lenet.config",
    "evaluate": "lenet.analysis.evaluation",
    "import_weights": "lenet.pytorch.import_weights",
    "load": "lenet.runs.run",
    "predict": "lenet.analysis.prediction",
    "resume": "lenet.training.train",
    "train": "lenet.training.train",
    "train_many": "lenet.training.parallel",
}
_MODULES = ("d2l", "data", "models")

__all__ = [
    "RECIPES",
    "Dataset",
    "Evaluation",
    "Interrupted",
    "LenetError",
    "ManyInterrupted",
    "Prediction",
    "Run",
    "SaveError",
    "Splits",
    "TrainConfig",
    "__version__",
    "configure",
    "d2l",
    "data",
    "evaluate",
    "import_weights",
    "load",
    "models",
    "predict",
    "resume",
    "train",
    "train_many",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"lenet.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'lenet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
