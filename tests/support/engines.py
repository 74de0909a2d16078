"""Engines on small data for tests: networks with the same weights, and images made from a seed."""

from typing import Any

from torch import Tensor

from lenet.config import MODEL_FIELDS, TrainConfig, configure
from lenet.data.dataset import Dataset
from lenet.data.plan import Plan
from lenet.engines.cpu import CpuEngine
from lenet.images.preprocess import Preprocessing
from lenet.networks import Network, build
from lenet.networks.initialization import initialized
from lenet.pytorch.modules import to_module
from lenet.pytorch.reference import ReferenceEngine

STILL = 1e-30  # a learning rate that moves no weight
RECIPES: list[dict[str, Any]] = [
    {"recipe": "book-sgd"},
    {"recipe": "book-sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.01, "learning_rate": 0.05},
    {"recipe": "book-sgd", "momentum": 0.9, "learning_rate": 0.05},
    {"recipe": "book-adam", "weight_decay": 0.1},
    {"recipe": "fast"},
    {"recipe": "fast", "label_smoothing": 0.1, "flip": True, "shift": 3},
    {"recipe": "fast", "model": "mlp"},
]


def network_of(name: str, init: str = "default", seed: int = 0, **arguments: Any) -> Network:
    """A model with its initial weights."""
    return initialized(build(name, **arguments), init, seed)


def both(
    dataset: Dataset, settings: dict[str, Any] | None = None, variant: str | None = None, **arguments: Any
) -> tuple[CpuEngine, ReferenceEngine]:
    """The two engines, on networks with the same weights."""
    config = configure(**{"recipe": "book-sgd", **(settings or {})})
    preprocessing = Preprocessing(dataset.size, mean=0.3, std=0.35)
    arguments = {"input_size": dataset.size, "num_classes": len(dataset.classes), **arguments}
    networks = [network_of(config.model, config.init, config.seed, **arguments) for _ in range(2)]
    return (
        CpuEngine(networks[0], dataset, config, preprocessing, variant=variant),
        ReferenceEngine(networks[1], dataset, config, preprocessing),
    )


def engine_of(kind: Any, config: TrainConfig, dataset: Dataset, variant: str | None = None) -> Any:
    """An engine of that class with the config's network; Float64Engine computes in float64."""
    arguments = {name: getattr(config, name) for name in MODEL_FIELDS if getattr(config, name) is not None}
    network = network_of(config.model, config.init, config.seed, **arguments)
    preprocessing = Preprocessing.of(dataset, normalize=config.normalize)
    if kind is CpuEngine:
        return CpuEngine(network, dataset, config, preprocessing, variant=variant)
    if kind is Float64Engine:
        return kind(to_module(network).double(), dataset, config, preprocessing)
    return kind(network, dataset, config, preprocessing)


class Float64Engine(ReferenceEngine):
    """The specification in float64."""

    def _batch(self, plan: Plan, positions: Any) -> tuple[Tensor, Tensor]:
        images, labels = super()._batch(plan, positions)
        return images.double(), labels
