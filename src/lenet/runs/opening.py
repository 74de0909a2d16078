"""What was trained, by its path: a run directory or a weights file; and its logits."""

import os
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images
from lenet.engines import Engine
from lenet.errors import RunError
from lenet.files.safetensors import PICKLES, SUFFIX
from lenet.networks.trained import TrainedNetwork
from lenet.runs.run import Run, load

Trained: TypeAlias = Run | TrainedNetwork
Source: TypeAlias = str | os.PathLike[str] | Run | TrainedNetwork

LARGE_OUTPUT = 8000  # values a layer computes from an image; LeNet's largest are 4,704
MAX_VALUES = 1 << 20  # of such a layer, for all images of one call: 4 MB


def open_trained(source: Source, *, finished: bool = False) -> Trained:
    """Open a run directory or a weights file.

    Args:
        source: its path; a run is checked again.
        finished: whether to refuse a run that has not finished; otherwise its network is that of its newest checkpoint.

    Raises:
        RunError: if it cannot be read.
    """
    if isinstance(source, TrainedNetwork):
        return source
    path = Path(source)
    is_other = os.path.lexists(path) and not os.path.isdir(path)  # noqa: PTH112 (Path.is_dir raises where this is False)
    if path.suffix.lower() in (SUFFIX, *PICKLES) or is_other:
        return TrainedNetwork.load(path)
    return Run.load(path) if finished else load(path)


def network_of(trained: Trained) -> TrainedNetwork:
    """Return the trained network of a run, or the network itself."""
    return trained.network if isinstance(trained, Run) else trained


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
