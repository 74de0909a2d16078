"""Train, evaluate and use the small convolutional networks of the LeNet family.

    import lenet

    run = lenet.train("fashion-mnist")
    print(run.test_accuracy, lenet.predict(run, "boot.png"))

A name is imported when it is first used, so that `import lenet` takes a few milliseconds.
"""

import importlib
from typing import TYPE_CHECKING, Any

from lenet.version import __version__

if TYPE_CHECKING:
    from lenet import d2l, data, models, ready, sklearn
    from lenet.analysis.answer import Prediction
    from lenet.analysis.calibrate import calibrate
    from lenet.analysis.evaluated import Evaluation
    from lenet.analysis.evaluation import evaluate
    from lenet.analysis.evaluations import evaluate_many
    from lenet.analysis.prediction import predict, predict_many
    from lenet.config import TrainConfig
    from lenet.configuration import RECIPES, configure
    from lenet.data.dataset import Dataset, Splits
    from lenet.deploy.card.card import card
    from lenet.deploy.hub.push import push
    from lenet.deploy.targets import Exported, export
    from lenet.errors import LenetError, SaveError
    from lenet.explorer.export import explore
    from lenet.networks.importing import import_weights
    from lenet.runs.opening import load
    from lenet.runs.run import Run
    from lenet.sweeps.sweep import sweep
    from lenet.sweeps.tune.tune import tune
    from lenet.training.interrupts import Interrupted
    from lenet.training.parallel import ManyInterrupted, train_many
    from lenet.training.resume import resume
    from lenet.training.train import train

# The module of each public name. A test compares it with the imports above and with __all__.
_MODULES = {
    "Dataset": "lenet.data.dataset",
    "Evaluation": "lenet.analysis.evaluated",
    "Exported": "lenet.deploy.targets",
    "Interrupted": "lenet.training.interrupts",
    "LenetError": "lenet.errors",
    "ManyInterrupted": "lenet.training.parallel",
    "Prediction": "lenet.analysis.answer",
    "RECIPES": "lenet.configuration",
    "Run": "lenet.runs.run",
    "SaveError": "lenet.errors",
    "Splits": "lenet.data.dataset",
    "TrainConfig": "lenet.config",
    "calibrate": "lenet.analysis.calibrate",
    "card": "lenet.deploy.card.card",
    "configure": "lenet.configuration",
    "d2l": "lenet.d2l",
    "data": "lenet.data",
    "evaluate": "lenet.analysis.evaluation",
    "evaluate_many": "lenet.analysis.evaluations",
    "explore": "lenet.explorer.export",
    "export": "lenet.deploy.targets",
    "import_weights": "lenet.networks.importing",
    "load": "lenet.runs.opening",
    "models": "lenet.models",
    "predict": "lenet.analysis.prediction",
    "predict_many": "lenet.analysis.prediction",
    "push": "lenet.deploy.hub.push",
    "ready": "lenet.ready",
    "resume": "lenet.training.resume",
    "sklearn": "lenet.sklearn",
    "sweep": "lenet.sweeps.sweep",
    "train": "lenet.training.train",
    "train_many": "lenet.training.parallel",
    "tune": "lenet.sweeps.tune.tune",
}

__all__ = [
    "RECIPES",
    "Dataset",
    "Evaluation",
    "Exported",
    "Interrupted",
    "LenetError",
    "ManyInterrupted",
    "Prediction",
    "Run",
    "SaveError",
    "Splits",
    "TrainConfig",
    "__version__",
    "calibrate",
    "card",
    "configure",
    "d2l",
    "data",
    "evaluate",
    "evaluate_many",
    "explore",
    "export",
    "import_weights",
    "load",
    "models",
    "predict",
    "predict_many",
    "push",
    "ready",
    "resume",
    "sklearn",
    "sweep",
    "train",
    "train_many",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'lenet' has no attribute {name!r}")
    module = importlib.import_module(_MODULES[name])
    return module if module.__name__ == f"lenet.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return list(__all__)
