"""What was trained, by its name, its path or as a module: a run, a weights file, an nn.Module; and its logits."""

import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet import ready
from lenet.data.dataset import Images
from lenet.errors import RunError, RunWarning, quoted
from lenet.files import signatures
from lenet.files.safetensors import PICKLES, SUFFIX
from lenet.images.preprocess import Preprocessing
from lenet.networks.trained import TrainedNetwork
from lenet.runs import naming
from lenet.runs.hub.address import is_address
from lenet.runs.run import Run

if TYPE_CHECKING:
    from lenet.pytorch.modules import nn
    from lenet.pytorch.trained import ModuleNetwork

Trained: TypeAlias = "Run | TrainedNetwork | ModuleNetwork"
Source: TypeAlias = "str | os.PathLike[str] | Run | TrainedNetwork | nn.Module | ModuleNetwork"

LARGE_OUTPUT = 8000  # values a layer computes from an image; LeNet's largest are 4,704
MAX_VALUES = 1 << 20  # of such a layer, for all images of one call: 4 MB
# How images begin that files/signatures.py does not describe: TIFF, PPM; AVIF and HEIC after four bytes.
IMAGE_STARTS = (b"II*\0", b"MM\0*", b"P5\n", b"P6\n", b"P5 ", b"P6 ")
IMAGE_BRANDS = (b"ftypavif", b"ftyphei", b"ftypmif1")


class Computes(Protocol):
    """What computes logits: an engine, or a module with its preprocessing."""

    def logits(self, images: Images) -> NDArray[np.float32]:
        """Return logits (N, num_classes) of uint8 images (N, height, width) or (N, height, width, 3)."""


def load(run: str | os.PathLike[str] | Run) -> Run:
    """Open a run.

        lenet.load("runs/boots").test_accuracy

    The network of a run that has not finished is that of its newest checkpoint, and a warning says so.

    Args:
        run: the run directory, or the name of a ready-made network (`lenet.ready.NAMES`) if there is no such folder; a Run is
            checked again.

    Returns:
        The run.

    Raises:
        RunError: if there is no run, or one of another version, or one that has not finished and has no checkpoint.
    """
    return _load(_located(run))


def open_trained(
    source: Source,
    *,
    finished: bool = False,
    classes: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
) -> Trained:
    """Open a run directory, a ready-made network, a weights file, a network on the Hub, or a module.

    Args:
        source: its path or name, its address (hf://user/name@revision), or the module; a run is checked again.
        finished: whether to refuse a run that has not finished; otherwise its network is that of its newest checkpoint.
        classes: names of a module's outputs, if it does not have them as `classes`.
        preprocessing: of a module, if it does not have it as `preprocessing`.

    Raises:
        RunError: if it cannot be read.
        ModelError: if the classes of a module are not known, or it does not take images.
    """
    if is_module(source):
        from lenet.pytorch.trained import open_module

        return open_module(source, classes, preprocessing)  # type: ignore[arg-type]
    if isinstance(source, TrainedNetwork) or _is_opened(source):
        return source  # type: ignore[return-value]
    if not isinstance(source, str | os.PathLike):
        raise RunError(
            f"the network is a {type(source).__name__}; expected a run, its directory, a weights file or an nn.Module",
            hint="the network comes first, then the image: lenet.predict(run, image)",
        )
    if is_address(source):
        from lenet.runs.hub.fetch import open_hub  # with huggingface_hub

        return open_hub(source)
    path = _located(source)
    if is_image_file(path):
        raise RunError(
            f"{path} is an image; expected a run directory or a weights file",
            hint=f"the run comes first: lenet predict RUN {quoted(path)}",
        )
    is_other = os.path.lexists(path) and not os.path.isdir(path)  # noqa: PTH112 (Path.is_dir raises where this is False)
    if path.suffix.lower() in (SUFFIX, *PICKLES) or is_other:
        return TrainedNetwork.load(path)
    return Run.load(path) if finished else _load(path)


def _load(path: Path) -> Run:
    """Open a run directory, with its newest checkpoint if it has not finished."""
    opened = Run.load(path, finished=False)
    if not opened.missing:
        return opened
    if opened.is_finished:
        return Run.load(opened)  # says what is missing
    from lenet.runs.stopped import find_stopped  # with what reads checkpoints

    stopped = find_stopped(opened)
    warnings.warn(stopped.notice, RunWarning, stacklevel=3)
    return Run(opened.path, stopped)


def _located(source: str | os.PathLike[str]) -> Path:
    """The path that a user means; a warning says which was taken where a run and a ready-made network have the same name."""
    if isinstance(source, Run):
        return source.path
    if is_address(source):
        raise RunError(
            f"{source} is a network on the Hub, not a run directory",
            hint="lenet predict, evaluate, export, card and serve take it",
        )
    named = naming.find(source)
    if named.notice:
        warnings.warn(named.notice, RunWarning, stacklevel=3)
    if not named.ready:
        naming.must_exist(source)
    return named.path


def is_module(source: Any) -> bool:
    """Return whether it is an nn.Module; PyTorch is not imported for it."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(source, torch.nn.Module)


def _is_opened(source: Any) -> bool:
    """Whether it is a module with its classes, or an unfinished run of which its user was warned."""
    if isinstance(source, Run):
        return source.stopped is not None
    trained = sys.modules.get("lenet.pytorch.trained")
    return trained is not None and isinstance(source, trained.ModuleNetwork)


def is_image_file(path: Path) -> bool:
    """Return whether a file begins as image files do."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            start = file.read(16)
    except (OSError, ValueError):
        return False
    if start.startswith(b"BM") and any(
        start[2:6]
    ):  # a BMP has its size there; the header of a weights file may begin so
        return True
    described = (signatures.describe(start) or "").endswith("image")
    return described or start.startswith(IMAGE_STARTS) or start[4:].startswith(IMAGE_BRANDS)


def is_run(path: Path) -> bool:
    """Return whether it is a run directory, a weights file or a ready-made network, by its names."""
    try:
        if (path / naming.CONFIG).is_file() or path.suffix.lower() == SUFFIX or is_address(path):
            return True
        return ready.find(path) is not None and not os.path.lexists(path)
    except (OSError, ValueError):
        return False


def network_of(trained: Trained) -> TrainedNetwork:
    """Return the trained network of a run, or the network itself.

    Raises:
        RunError: for a module, whose layers are PyTorch's own.
    """
    if isinstance(trained, Run):
        return trained.network
    if isinstance(trained, TrainedNetwork):
        return trained
    raise RunError(f"{trained.path} is an nn.Module; expected a run or a weights file")


def logits(trained: Trained, engine: Computes, images: Images, width: int | None = None) -> NDArray[np.float32]:
    """Compute the logits of images in the network's size.

    Args:
        trained: where the weights are from, for messages.
        engine: from `computes` or `engine_for`.
        images: uint8 (N, height, width).
        width: how many numbers the engine computes for an image, if they are no logits.

    Returns:
        float32 (N, num_classes), or (N, width).

    Raises:
        RunError: a logit is NaN or infinite.
    """
    largest = network_of(trained).architecture.largest_output if isinstance(trained, Run | TrainedNetwork) else 0
    at_once = max(1, MAX_VALUES // largest if largest > LARGE_OUTPUT else len(images))
    # Filled in place: small results kept between large temporary ones would leave holes in memory that nothing fits into.
    result = np.empty((len(images), width or len(trained.classes)), np.float32)
    for start in range(0, len(images), at_once):
        result[start : start + at_once] = engine.logits(images[start : start + at_once])
    if not np.isfinite(result).all():
        raise RunError(
            f"the network of {trained.path} computes NaN or infinite logits",
            hint="its weights are too large, as after a training that diverged",
        )
    return result
