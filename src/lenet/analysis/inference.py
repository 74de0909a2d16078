"""What evaluation, prediction and the lab share: opening a trained network, an engine for it, and what it computes."""

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.config import TrainConfig
from lenet.data.dataset import Images
from lenet.engines import Engine
from lenet.engines.choice import choose_device, choose_engine, make_engine
from lenet.engines.memory import EVALUATION, memory_explained
from lenet.errors import RunError
from lenet.extras import has_torch
from lenet.files.safetensors import PICKLES, SUFFIX
from lenet.metrics import softmax
from lenet.networks.trained import TrainedNetwork
from lenet.runs.run import Run

Trained: TypeAlias = Run | TrainedNetwork
Source: TypeAlias = str | os.PathLike[str] | Run | TrainedNetwork

LARGE_OUTPUT = 8000  # values a layer computes from an image; LeNet's largest are 4,704
MAX_VALUES = 1 << 20  # of such a layer, for all images of one call: 4 MB


def open_trained(source: Source) -> Trained:
    """Return the finished run in a run directory, or the network in a weights file on its own."""
    if isinstance(source, Run | TrainedNetwork):
        return Run.load(source) if isinstance(source, Run) else source
    path = Path(source)
    if path.suffix.lower() in (SUFFIX, *PICKLES) or (os.path.lexists(path) and not os.path.isdir(path)):  # noqa: PTH112
        return TrainedNetwork.load(path)
    return Run.load(path)


def network_of(trained: Trained) -> TrainedNetwork:
    """Return the trained network of a run, or the network itself."""
    return trained.network if isinstance(trained, Run) else trained


def engine_for(trained: Trained, device: str) -> Engine:
    """Return an engine with the trained weights: the kind it was trained with if this machine has it, else another."""
    device = choose_device(device).name
    network = network_of(trained)
    wanted = "reference" if isinstance(trained, Run) and trained.resolved.engine == "reference" else "auto"
    wanted = wanted if has_torch() else "auto"
    engine = choose_engine(wanted, network.architecture, device).name
    config = trained.config if isinstance(trained, Run) else TrainConfig()  # logits do not depend on it
    return make_engine(engine, network.network, None, config, trained.preprocessing, device)


def logits(trained: Trained, engine: Engine, images: Images) -> NDArray[np.float32]:
    """Compute the logits of images in the network's size.

    Args:
        trained: where the weights are from, for messages.
        engine: from `engine_for`.
        images: uint8 (N, height, width).

    Returns:
        float32 (N, num_classes).

    Raises:
        RunError: a logit is NaN or infinite.
    """
    largest = network_of(trained).architecture.largest_output
    at_once = max(1, MAX_VALUES // largest if largest > LARGE_OUTPUT else len(images))
    # Filled in place: small results kept between large temporary ones would leave holes in memory that nothing fits into.
    result = np.empty((len(images), len(trained.classes)), np.float32)
    for start in range(0, len(images), at_once):
        result[start : start + at_once] = engine.logits(images[start : start + at_once])
    if not np.isfinite(result).all():
        raise RunError(
            f"the network of {trained.path} computes NaN or infinite logits",
            hint="its weights are too large, as after a training that diverged",
        )
    return result


def probabilities(trained: Trained, images: Images, device: str) -> NDArray[np.float64]:
    """Return the probabilities (N, num_classes) of uint8 images (N, height, width) in the network's size."""
    return softmax(logits(trained, engine_for(trained, device), images))


def memory_guard(device: str, doing: str) -> AbstractContextManager[None]:
    """Turn a lack of memory, or a lost device, into an EngineError that says what helps; doing: "in an evaluation", say."""
    return memory_explained(choose_device(device).name, EVALUATION, doing)
