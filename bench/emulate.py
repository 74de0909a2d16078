"""Runs the kernels for ARM64 under qemu, and compares them with this processor's: `make emulate`.

    python bench/emulate.py      (needs ziglang and qemu-aarch64, Debian's package qemu-user or qemu-user-static)

Trains networks for some steps in both, from the same weights and the same plan: losses, weights and logits must agree as
closely as float32 can be expected to. It is slow and measures no speed.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.config import MODEL_FIELDS
from lenet.configuration import configure
from lenet.data.augmentation import Augmentation
from lenet.data.dataset import Dataset
from lenet.data.plan import Plan, plan
from lenet.engines import kernels
from lenet.engines.arguments import plan_argument, targets_argument
from lenet.engines.cpu import CpuEngine
from lenet.engines.kernels.build import FLAGS, FOLDER, zig
from lenet.images.preprocess import Preprocessing
from lenet.networks import build
from lenet.networks.initialization import initialized

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/support"))
from made_up import noise, taught

NETWORKS: dict[str, dict[str, Any]] = {
    "LeNetAvg, SGD": {"recipe": "book-sgd", "momentum": 0.9, "learning_rate": 0.05},
    "LeNet, AdamW, flips and shifts": {"recipe": "fast", "flip": True, "shift": 2},
    "LeNet, AdamW, augmented": {"recipe": "fast", "flip": True, "augment": "strong"},
    "LeNet, AdamW, clipped": {"recipe": "fast", "clip_norm": 0.1},
    "kernel 7, tanh, Adam": {"recipe": "book-adam", "kernel_size": 7, "channels": (5, 9), "activation": "tanh"},
    "three blocks of 3": {"recipe": "fast", "kernel_size": 3, "channels": (3, 7, 5), "hidden": (33,)},
    "LeNet with batch normalization, dropout": {"recipe": "fast", "model": "lenet-bn", "dropout": 0.3},
    "small": {"recipe": "fast", "model": "small"},
    "mlp, soft targets, flips": {"recipe": "fast", "model": "mlp", "flip": True, "temperature": 3},
    "softmax": {"recipe": "book-sgd", "model": "softmax"},
    "averaged weights": {"recipe": "fast", "ema": 0.9},
    "weights of the classes": {"recipe": "fast", "class_weights": "balanced", "label_smoothing": 0.1},
    "soft targets, weights of the classes": {"recipe": "fast", "temperature": 2, "class_weights": "balanced"},
}
MOST = 1e-4  # a few steps from the same weights, in float32
HERE = Path(__file__).parent
STEPS, BATCH, IMAGES, THREADS = 5, 37, 200, 2


def compiled(folder: Path) -> Path:
    """The program for ARM64, with all it needs in it."""
    program = folder / "emulate"
    target = ["-target", "aarch64-linux-musl"]
    objects = []
    for source in (HERE / "standalone.cpp", *(FOLDER / f"{name}.cpp" for name in ("engine", "threads", "variant"))):
        objects.append(str(folder / f"{source.stem}.o"))
        compile_it = [*zig(), *target, *FLAGS, "-DVARIANT=neon", f"-I{FOLDER}", "-c", str(source), "-o", objects[-1]]
        subprocess.run(compile_it, check=True)
    # Linked as C: nothing of the C++ library is needed.
    subprocess.run([*zig()[:-1], "cc", *target, "-static", *objects, "-o", str(program)], check=True)
    return program


def pair(settings: dict[str, Any], command: list[str], threads: int = THREADS) -> tuple[list[Any], list[Any]]:
    """Losses, weights, their average if there is one, and logits: here, and of the program that the command runs.

    settings: those of the training; "architecture" instead of a model trains that.
    """
    settings = {**settings}
    architecture = settings.pop("architecture", None)
    config = configure(**settings, batch_size=BATCH, threads=threads)
    arguments = {name: getattr(config, name) for name in MODEL_FIELDS if getattr(config, name) is not None}
    network = initialized(architecture or build(config.model, **arguments), config.init, config.seed)
    channels, height, width = network.architecture.input_shape
    dataset = noise(IMAGES, (height, width), network.architecture.num_classes, channels)
    if "temperature" in settings:
        dataset = taught(dataset, np.float16)
    engine = CpuEngine(network, dataset, config, Preprocessing((height, width), mean=0.3, std=0.35))
    epoch = plan(config, 0, len(dataset))
    sent = b"".join(map(bytes, structures(engine, epoch) + arrays(engine, dataset, epoch)))
    result = subprocess.run(command, input=sent, capture_output=True, check=True).stdout
    here: list[Any] = [engine.train_steps(epoch, 0, STEPS).losses, engine.optimizer.weights]
    here += [array for array in [engine.optimizer.average] if array is not None]
    here.append(engine.logits(dataset.images).ravel())
    there, at = [], 0
    for array in here:
        there.append(np.frombuffer(result, array.dtype, array.size, at))
        at += array.nbytes
    assert at == len(result)
    return here, there


def structures(engine: CpuEngine, epoch: Plan) -> list[Any]:
    """What standalone.cpp reads first. Every pointer that is not NULL is replaced over there."""
    images = kernels.Images(1, 1, *engine._normalization, *targets_argument(engine._targets))
    order, _kept = plan_argument(epoch, 0, STEPS, len(engine._images), engine.preprocessing.grey)
    optimizer, _kept_too = engine._optimizer(epoch.learning_rates[:STEPS])
    counts = np.array([engine._images.size, len(engine._images), engine.optimizer.weights.size, STEPS, engine.threads])
    return [engine._lowered, images, order, optimizer, counts]


def arrays(engine: CpuEngine, dataset: Dataset, epoch: Plan) -> list[NDArray[Any]]:
    """The arrays that standalone.cpp reads then, in its order."""
    extra, state = (epoch.augmentation or Augmentation()).part(slice(None)), engine.optimizer
    _, kept = engine._optimizer(epoch.learning_rates[:STEPS])
    rates, first_corrections, second_corrections, *shares = kept
    changes = [epoch.flips, epoch.shifts, extra.maps, extra.tones, extra.erased, epoch.dropout_keys]
    parts = [dataset.images, dataset.labels, dataset.targets, epoch.order, *changes]
    parts += [state.weights, state.gradient, *state.moments.values(), rates, first_corrections, second_corrections]
    parts += [state.average, *shares, engine._class_weights]
    return [np.ascontiguousarray(part) for part in parts if part is not None]


def main() -> int:
    argparse.ArgumentParser(description="Runs the kernels for ARM64 under qemu.").parse_args()
    emulator = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    if emulator is None:
        print("error: no qemu-aarch64\nhint: apt-get install qemu-user-static", file=sys.stderr)
        return 2
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        program = compiled(Path(folder))
        for name, settings in NETWORKS.items():
            here, there = pair(settings, [emulator, str(program)])
            errors = [float(np.abs(a - b).max() / np.abs(a).max()) for a, b in zip(here, there, strict=True)]
            worst = max(worst, *errors)
            print(f"{name:<40} losses {errors[0]:.1e}  weights {errors[1]:.1e}  logits {errors[-1]:.1e}", flush=True)
    is_met = worst <= MOST
    print(
        f"largest difference, as a part of the largest value: {worst:.1e}; at most {MOST:g}: {'met' if is_met else 'NOT met'}"
    )
    return int(not is_met)


if __name__ == "__main__":
    sys.exit(main())
