"""What evaluation, prediction and the lab share: an engine for a trained network, and the probabilities that it computes."""

from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray

from lenet.config import TrainConfig
from lenet.data.dataset import Images
from lenet.engines import Engine
from lenet.engines.choice import choose_device, choose_engine, make_engine
from lenet.engines.memory import EVALUATION, memory_explained
from lenet.extras import has_torch
from lenet.metrics import softmax
from lenet.networks import Network
from lenet.networks.embedding import up_to
from lenet.networks.trained import TrainedNetwork
from lenet.runs.opening import Computes, Trained, logits, network_of
from lenet.runs.run import Run


def computes(trained: Trained, device: str) -> Computes:
    """Return what computes the logits of a trained network: an engine; a module computes its own, where it is."""
    return engine_for(trained, device) if isinstance(trained, Run | TrainedNetwork) else trained


def engine_for(trained: Run | TrainedNetwork, device: str) -> Engine:
    """Return an engine with the trained weights: the kind it was trained with if this machine has it, else another."""
    return engine_for_network(trained, network_of(trained).network, device)


def embedder_for(trained: Run | TrainedNetwork, device: str) -> Engine | None:
    """Return an engine whose logits are the embedding that the network's calibration looks at; None without one."""
    network = network_of(trained)
    if network.calibration is None:
        return None
    layer = next(each for each in network.architecture.layers if each.name == network.calibration.layer)
    return engine_for_network(trained, up_to(network.network, layer), device)


def engine_for_network(trained: Run | TrainedNetwork, network: Network, device: str) -> Engine:
    """Return an engine for other layers and weights, chosen as for the trained network."""
    device = choose_device(device).name
    wanted = "reference" if isinstance(trained, Run) and trained.resolved.engine == "reference" else "auto"
    wanted = wanted if has_torch() else "auto"
    engine = choose_engine(wanted, network.architecture, device).name
    config = trained.config if isinstance(trained, Run) else TrainConfig()  # logits do not depend on it
    return make_engine(engine, network, None, config, trained.preprocessing, device)


def probabilities(trained: Trained, images: Images, device: str) -> NDArray[np.float64]:
    """Return the probabilities (N, num_classes) of uint8 images (N, height, width) in the network's size."""
    return softmax(logits(trained, computes(trained, device), images))


def memory_guard(device: str, doing: str) -> AbstractContextManager[None]:
    """Turn a lack of memory, or a lost device, into an EngineError that says what helps; doing: "in an evaluation", say."""
    return memory_explained(choose_device(device).name, EVALUATION, doing)
