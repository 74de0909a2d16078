"""Images per second of networks with batch normalization: `small`, and four convolutions on 64×64 images with colours.

    python bench/networks.py        (about four minutes; --repeats 1 --seconds 0.2 --no-record for a look)

Measured as bench/throughput.py does: all contenders in turns in one process, on the same pinned cores with the same number of
threads. Plain PyTorch trains with fused AdamW and keeps freed memory between steps (keep_freed_memory), without which it is
slower. In evaluation, batch normalization is folded into the convolutions on both sides; PyTorch computes batches of three
sizes, and the fastest counts. The share of the ceiling counts the multiply-adds of the direct sums: of forward and of both
gradients, but the first layer's input needs none; and once more without those with the zeros of the padding. The images with
colours are random.
"""

import argparse
from typing import Any

import numpy as np
import torch
from contenders import Work, ceiling, cpu_evaluation, cpu_steps, plain_evaluation, plain_steps
from recording import Log, pin
from turns import Turns, operations

import lenet
from lenet.configuration import configure
from lenet.data.dataset import Dataset
from lenet.engines import kernels
from lenet.images.preprocess import Preprocessing
from lenet.networks import Architecture
from lenet.networks.initialization import initialized
from lenet.networks.layers import Activation, BatchNorm, Convolution, Dense, Flatten, GlobalPooling, Layer, Pooling
from lenet.pytorch.tensors import keep_freed_memory

BATCH_SIZES = (100, 250, 1000)  # of PyTorch's evaluation
EDGE, CHANNELS = 64, (16, 32, 64, 64)  # of the network for images with colours
NUM_IMAGES = 2560  # with colours: 126 MB as floats


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    threads = options.threads
    cores = pin(threads)
    torch.set_num_threads(threads)
    keep_freed_memory()
    variant = kernels.variant_name()
    log = Log("networks", record=not options.no_record)
    turns = Turns(log, ceiling(threads, variant), options.repeats, options.seconds)
    train, test = lenet.data.load("fashion-mnist")
    log.say(
        f"# {threads} threads on cores {cores}, kernels {variant} ({kernels.library().lenet_build().decode()}), "
        f"PyTorch {torch.__version__} {torch.backends.cpu.get_cpu_capability()}, {options.repeats} repeats"
    )
    small = Work.of(configure("fast", model="small", batch_size=128, learning_rate=1e-3, threads=threads), train)
    result = {
        "small": training(turns, "small, AdamW (fused), batch 128", small),
        "evaluation": evaluation(turns, small, test),
        "colours": training(turns, f"four convolutions on 3×{EDGE}×{EDGE}, AdamW (fused), batch 64", coloured(threads)),
    }
    log.say()
    log.finish({"bench": "networks", "threads": threads, "variant": variant, "repeats": options.repeats, **result})


def training(turns: Turns, title: str, work: Work) -> dict[str, Any]:
    architecture = work.network.architecture
    needed = operations(architecture, training=True, padding=True)
    contenders = {
        "lenet cpu": cpu_steps(work),
        "PyTorch contiguous": plain_steps(work, fused=True),
        "PyTorch channels_last": plain_steps(work, channels_last=True, fused=True),
    }
    entry = turns.compare(title, needed, contenders)
    share = entry["share_of_ceiling"] * operations(architecture, training=True) / needed
    turns.log.say(f"without the multiplications with the padding's zeros, lenet's share of the ceiling is {share:.1%}")
    return entry | {"share_without_padding": share, "batch_size": work.config.batch_size}


def evaluation(turns: Turns, work: Work, test: Dataset) -> dict[str, Any]:
    contenders = {"lenet cpu": cpu_evaluation(work, test)}
    contenders |= {peer(size): plain_evaluation(work, test, size) for size in BATCH_SIZES}
    title = f"Evaluation of {len(test):,} images, small, batch normalization folded"
    entry = turns.compare(title, operations(work.network.architecture, training=False, padding=True), contenders)
    fastest = max(BATCH_SIZES, key=lambda size: entry["images_per_second"][peer(size)]["median"])
    turns.log.say(f"the fastest of PyTorch's batches is {fastest}")
    return entry | {"peer": peer(fastest)}


def peer(batch_size: int) -> str:
    return f"PyTorch channels_last, {batch_size}"


def coloured(threads: int) -> Work:
    """Four 3×3 convolutions, each with BatchNorm and ReLU, three 2×2 poolings, the mean over all pixels, a dense layer."""
    layers: list[Layer] = []
    in_channels = 3
    for number, channels in enumerate(CHANNELS):
        layers += [
            Convolution(f"convolution{number}", in_channels, channels, 3, padding=1),
            BatchNorm(f"norm{number}", channels),
            Activation(f"relu{number}", "relu"),
        ]
        if number < len(CHANNELS) - 1:
            layers.append(Pooling(f"pooling{number}", "max"))
        in_channels = channels
    layers += [GlobalPooling("mean"), Flatten("flatten"), Dense("dense", in_channels, 10)]
    network = initialized(Architecture((3, EDGE, EDGE), tuple(layers)), "default", seed=0)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (NUM_IMAGES, EDGE, EDGE, 3), dtype=np.uint8)
    labels = random.integers(0, 10, NUM_IMAGES)
    train = Dataset("random", images, labels, tuple(map(str, range(10))))
    config = configure("fast", batch_size=64, learning_rate=1e-3, threads=threads)
    return Work(config, train, network, Preprocessing((EDGE, EDGE), mean=0.5, std=0.25))


if __name__ == "__main__":
    main()
