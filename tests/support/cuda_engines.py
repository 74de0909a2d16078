"""The engine cuda on small data, on the CPU or on a GPU."""

from typing import Any

from engines import network_for
from made_up import network_of

from lenet.config import TrainConfig
from lenet.configuration import configure
from lenet.data.dataset import Dataset
from lenet.images.preprocess import Preprocessing
from lenet.pytorch.cuda.engine import CudaEngine


def cuda_engine(config: TrainConfig, dataset: Dataset, device: str = "cpu") -> CudaEngine:
    """An engine with the network of a config."""
    preprocessing = Preprocessing.of(dataset, normalize=config.normalize)
    return CudaEngine(network_for(config), dataset, config, preprocessing, device)


def made_engine(dataset: Dataset, settings: dict[str, Any], device: str = "cpu", **arguments: Any) -> CudaEngine:
    """An engine with a model that fits the data set; the counterpart of `references.both`."""
    config = configure(**{"recipe": "book-sgd", **settings})
    arguments = {"input_size": dataset.size, "num_classes": len(dataset.classes), **arguments}
    network = network_of(config.model, config.init, config.seed, **arguments)
    return CudaEngine(network, dataset, config, Preprocessing(dataset.size, 0.3, 0.35), device)
