"""The CPU engine beside the reference, on networks with the same weights; and the reference in float64."""

from typing import Any

from engines import cpu_engine, network_for
from made_up import network_of
from torch import Tensor

from lenet.config import TrainConfig
from lenet.configuration import configure
from lenet.data.dataset import Dataset
from lenet.data.plan import Plan
from lenet.engines.cpu import CpuEngine
from lenet.images.preprocess import Preprocessing
from lenet.pytorch.reference import ReferenceEngine
from lenet.pytorch.trainable import trainable


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
    if kind is CpuEngine:
        return cpu_engine(config, dataset, variant)
    network, preprocessing = network_for(config), Preprocessing.of(dataset, normalize=config.normalize)
    return kind(trainable(network).double() if kind is Float64Engine else network, dataset, config, preprocessing)


class Float64Engine(ReferenceEngine):
    """The specification in float64."""

    def _batch(self, plan: Plan, positions: Any) -> tuple[Tensor, Tensor]:
        images, labels = super()._batch(plan, positions)
        return images.double(), labels
