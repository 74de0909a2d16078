"""CPU engines on small data, for tests that need no PyTorch."""

from typing import Any

from made_up import network_of, taught

from lenet.config import MODEL_FIELDS, TrainConfig
from lenet.data.dataset import Dataset
from lenet.engines.cpu import CpuEngine
from lenet.images.preprocess import Preprocessing
from lenet.networks import Network

STILL = 1e-30  # a learning rate that moves no weight
RECIPES: list[dict[str, Any]] = [
    {"recipe": "book-sgd"},
    {"recipe": "book-sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.01, "learning_rate": 0.05},
    {"recipe": "book-sgd", "momentum": 0.9, "learning_rate": 0.05},
    {"recipe": "book-adam", "weight_decay": 0.1},
    {"recipe": "fast"},
    {"recipe": "fast", "label_smoothing": 0.1, "flip": True, "shift": 3},
    {"recipe": "fast", "flip": True, "augment": "strong"},
    {"recipe": "fast", "model": "mlp"},
    {"recipe": "fast", "clip_norm": 0.5, "ema": 0.9},
    {"recipe": "fast", "class_weights": "balanced", "label_smoothing": 0.1},
    {"recipe": "fast", "temperature": 2.0, "teacher_weight": 0.7, "flip": True, "class_weights": "balanced"},
    {"recipe": "book-sgd", "momentum": 0.9, "learning_rate": 0.3, "clip_norm": 0.2, "weight_decay": 0.01},
]


def training_set(settings: dict[str, Any], dataset: Dataset) -> Dataset:
    """The data set for one of RECIPES: with soft targets if they have a temperature."""
    return taught(dataset) if "temperature" in settings else dataset


def network_for(config: TrainConfig) -> Network:
    """The network of a config, with its initial weights."""
    arguments = {name: getattr(config, name) for name in MODEL_FIELDS if getattr(config, name) is not None}
    return network_of(config.model, config.init, config.seed, **arguments)


def cpu_engine(config: TrainConfig, dataset: Dataset, variant: str | None = None) -> CpuEngine:
    """A CPU engine with the network of a config."""
    preprocessing = Preprocessing.of(dataset, normalize=config.normalize)
    return CpuEngine(network_for(config), dataset, config, preprocessing, variant=variant)
