"""Engine and device of a training that leaves both to lenet: the fastest of one second's measurement, kept for this machine.

    device, engine = decide(config, network, train, preprocessing)

Only machines with a GPU that PyTorch can use are measured; on all others the CPU computes at once.
"""

import contextlib
import dataclasses
import hashlib
import importlib
import json
import platform
import sys
import threading
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from lenet.config import TrainConfig
from lenet.data.cache import cache_folder
from lenet.data.dataset import Dataset
from lenet.data.plan import plan
from lenet.engines import gpu, kernels
from lenet.engines.choice import Choice, choose_device, choose_engine, make_engine, may_have_gpu
from lenet.engines.threads import num_threads
from lenet.errors import DataError, EngineError, LenetError
from lenet.extras import has_torch
from lenet.files import durable
from lenet.images.preprocess import Preprocessing
from lenet.networks import Network
from lenet.version import __version__

SECONDS = 1.0  # of all measurements together, without the first steps of each
BATCHES = 8  # whose images are measured
STILL = 1e-30  # a learning rate that moves no weight
ON_MAC = sys.platform == "darwin" and platform.machine() == "arm64"

_one_at_a_time = threading.Lock()  # many trainings may begin at once


@dataclass(frozen=True)
class Candidate:
    """What may compute a training, and how fast it was.

    Attributes:
        engine: a name in registry.ENGINES.
        device: such as "cpu", "cuda:0" or "mps".
        rate: images per second of training steps; 0 if it failed.
    """

    engine: str
    device: str
    rate: float = 0.0


def decide(
    config: TrainConfig, network: Network, train: Dataset, preprocessing: Preprocessing
) -> tuple[Choice, Choice]:
    """Return the device and the engine of a training.

    Args:
        config: the settings; what they name is taken.
        network: what is trained; it stays as it is.
        train: the training set.
        preprocessing: how images become the network's input.

    Raises:
        EngineError: if what is named is not there, or nothing can compute the network.
    """
    names = gpus() if config.device == "auto" and config.engine in ("auto", "reference") else []
    if not names:
        is_auto = config.device == "auto" and config.engine in ("auto", "reference")
        device = Choice("cpu", "auto: found no GPU") if is_auto else choose_device(config.device, config.engine)
        return device, choose_engine(config.engine, network.architecture, device.name)
    with _one_at_a_time:
        candidates, is_kept = _measured(config, network, train, preprocessing, names[0])
    best = max(candidates, key=lambda candidate: candidate.rate)
    others = ", ".join(
        f"{each.engine} on {each.device} {_rounded(each.rate)}" for each in candidates if each is not best
    )
    kept = ", as measured before" if is_kept else ""
    device = Choice(best.device, f"auto: {_rounded(best.rate)} images/s measured; {others}{kept}")
    if best.engine == "cuda":
        return device, Choice("cuda", "auto: the fastest")
    return device, choose_engine(config.engine, network.architecture, best.device)


def gpus() -> list[str]:
    """Return the GPUs to be measured; a Mac's is not asked for, which would take PyTorch's import."""
    if not has_torch():
        return []
    if ON_MAC:
        return ["mps"]
    return gpu.gpu_names() if may_have_gpu() else []


def rate(
    candidate: Candidate,
    config: TrainConfig,
    network: Network,
    train: Dataset,
    preprocessing: Preprocessing,
    seconds: float,
) -> float:
    """Measure the training steps of an engine.

    Args:
        candidate: engine and device.
        config: the settings; no weight moves.
        network: copied.
        train: the training set, of which some batches are taken.
        preprocessing: how images become the network's input.
        seconds: how long.

    Returns:
        Images per second; 0 if the engine fails.
    """
    count = min(len(train), BATCHES * config.batch_size)
    some = dataclasses.replace(train.sample(count), targets=None)
    config = dataclasses.replace(config, class_weights=None, teacher=None)
    epoch = plan(config, 0, count)
    still = dataclasses.replace(epoch, learning_rates=np.full(epoch.num_steps, STILL))
    try:
        engine = make_engine(candidate.engine, network.copy(), some, config, preprocessing, candidate.device)
        engine.train_steps(still, 0, epoch.num_steps)  # chooses algorithms, captures graphs
        images, began = 0, time.perf_counter()
        while (taken := time.perf_counter() - began) < seconds or images == 0:
            images += engine.train_steps(still, 0, epoch.num_steps).num_images
    except (LenetError, RuntimeError, AssertionError, MemoryError):  # an AssertionError: PyTorch without CUDA
        return 0.0
    return images / max(taken, 1e-9)


def _measured(
    config: TrainConfig, network: Network, train: Dataset, preprocessing: Preprocessing, name: str
) -> tuple[list[Candidate], bool]:
    """The candidates with their rates, and whether they were measured before."""
    file, workload = _file(name), _workload(config, network)
    known = _read(file)
    candidates = _candidates(config, network, name)
    before = {(each.engine, each.device): each for each in known.get(workload, [])}
    if all((each.engine, each.device) in before for each in candidates):
        return [before[each.engine, each.device] for each in candidates], True
    candidates = [
        dataclasses.replace(each, rate=rate(each, config, network, train, preprocessing, SECONDS / len(candidates)))
        for each in candidates
    ]
    if not any(each.rate for each in candidates):
        names = " and ".join(f"{each.engine} on {each.device}" for each in candidates)
        raise EngineError(f"no engine computes this network here: {names} failed", hint="add --device cpu to see why")
    known[workload] = candidates
    content = {name: [dataclasses.asdict(each) for each in kept] for name, kept in known.items()}
    with contextlib.suppress(OSError, DataError):  # it is measured again the next time
        file.parent.mkdir(parents=True, exist_ok=True)
        durable.write(file, json.dumps(content, indent=1).encode())
    return candidates, False


def _candidates(config: TrainConfig, network: Network, name: str) -> list[Candidate]:
    """What may compute the training: the CPU, the GPU by plain PyTorch, and once it is measured by the engine cuda."""
    candidates = []
    for device in ("cpu", name):
        with contextlib.suppress(EngineError):
            candidates.append(Candidate(choose_engine(config.engine, network.architecture, device).name, device))
    if gpu.MEASURED and config.engine == "auto" and name.startswith("cuda"):
        candidates.append(Candidate("cuda", name))
    return candidates


def _workload(config: TrainConfig, network: Network) -> str:
    """What a rate depends on beside the machine, as 16 hexadecimal digits."""
    augments = config.flip or config.shift or config.rotation or config.scale or config.shear or config.erasing
    parts = (network.architecture, config.batch_size, config.optimizer, bool(augments), num_threads(config.threads))
    return hashlib.sha256(repr((parts, config.engine)).encode()).hexdigest()[:16]


def _file(name: str) -> Path:
    """Where the rates of this machine are kept; the file's name depends on the machine, its card and the versions."""
    card = "mps"
    if name.startswith("cuda"):
        torch = importlib.import_module("torch")
        card = f"{torch.cuda.get_device_name(name)}, CUDA {torch.version.cuda}"
    build = ""
    with contextlib.suppress(EngineError):
        build = f"{kernels.variant_name()} {kernels.library().lenet_build().decode()}"
    key = (platform.node(), platform.machine(), card, __version__, metadata.version("torch"), build)
    return cache_folder("engines") / f"{hashlib.sha256(repr(key).encode()).hexdigest()[:16]}.json"


def _read(file: Path) -> dict[str, list[Candidate]]:
    """The rates that are kept; none if there is no such file, or if it is damaged."""
    try:
        content: dict[str, Any] = json.loads(file.read_bytes())
        return {
            str(workload): [Candidate(str(each["engine"]), str(each["device"]), float(each["rate"])) for each in kept]
            for workload, kept in content.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _rounded(rate: float) -> str:
    """A rate with two digits that count, such as 98,000."""
    return f"{float(f'{rate:.2g}'):,.0f}" if rate else "failed"
