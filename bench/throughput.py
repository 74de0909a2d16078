"""Images per second of the engines and of plain PyTorch, with data in memory, side by side in one run.

    python bench/throughput.py            (about eight minutes; --repeats 1 --seconds 0.2 --no-compile for a look)

Every contender trains the same network, from the same weights, on Fashion-MNIST (LENET_DATA, cache or download), in turn,
`--seconds` each, `--repeats` times over; the table has medians, ratios the medians of the repeats' own ratios. All run in
one process on the same pinned cores with the same number of threads. The ceiling is what the processor's multiply-add units
can do, measured in the same turns with a loop that does nothing else; a contender's share of it counts the multiply-adds
that the network needs, not those on padding.

`make bench` also runs it with `--variant avx2`, and in the environment ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2,
which limits PyTorch to the same instructions.
"""

import argparse
import dataclasses
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from contenders import (
    Contender,
    Work,
    ceiling,
    cpu_evaluation,
    cpu_steps,
    plain_evaluation,
    plain_steps,
    reference_steps,
    repeated,
    tutorial_steps,
)
from recording import Log, pin, spread
from turns import Turns, measured, operations, quotients

import lenet
from lenet.configuration import configure
from lenet.data.dataset import Dataset, Splits
from lenet.display.plain import Silent
from lenet.engines import kernels
from lenet.training.interrupts import Interrupt
from lenet.training.job import Session
from lenet.training.train import run_once


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--variant", help="the CPU engine's kernels: avx512, avx2, sse4 or neon")
    parser.add_argument("--name", default="throughput", help="the record's name")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    threads = options.threads
    cores = pin(threads)
    torch.set_num_threads(threads)
    assert torch.get_num_threads() == threads
    variant = options.variant or kernels.variant_name()
    kernels.variant_number(variant)  # an error if it does not run here
    check_instructions(variant)
    log = Log(options.name, record=not options.no_record)
    turns = Turns(log, ceiling(threads, variant), options.repeats, options.seconds)
    train, test = lenet.data.load("fashion-mnist")
    build_of_kernels = kernels.library().lenet_build().decode()
    log.say(
        f"# {threads} threads on cores {cores}, kernels {variant} ({build_of_kernels}), "
        f"PyTorch {torch.__version__} {torch.backends.cpu.get_cpu_capability()}, {options.repeats} repeats"
    )
    book = Work.of(configure("book-sgd", learning_rate=0.1, threads=threads), train)
    training = {
        "book-sgd": book_sgd(turns, book, variant, compiled=not options.no_compile),
        "fast": fast(turns, train, threads, variant),
        "kernel-7": kernel_7(turns, train, threads, variant),
    }
    evaluation = turns.compare(
        "Evaluation of 10,000 images, LeNetAvg",
        operations(book.network.architecture, training=False),
        {
            "lenet cpu": cpu_evaluation(book, test, variant),
            "PyTorch channels_last": plain_evaluation(book, test),
        },
    )
    result: dict[str, Any] = {"bench": "throughput", "threads": threads, "variant": variant, "training": training}
    result["evaluation"] = evaluation
    if options.variant is None:
        result["many"] = many(log, Splits(train, test, "bench"), threads, min(options.repeats, 5))
    log.say()
    log.finish(result)


def check_instructions(variant: str) -> None:
    """Ends with an error if PyTorch would compute with wider vectors than the engine."""
    limited = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper() == "AVX2"
    if variant == "avx2" and not (limited and torch.backends.cpu.get_cpu_capability() == "AVX2"):
        sys.exit(
            "error: with --variant avx2, PyTorch must be limited to AVX2 too\n"
            "hint: ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 python bench/throughput.py --variant avx2 ..."
        )


def book_sgd(turns: Turns, work: Work, variant: str, *, compiled: bool) -> dict[str, Any]:
    contenders: dict[str, Contender] = {
        "lenet cpu": cpu_steps(work, variant),
        "lenet reference": reference_steps(work),
        "PyTorch eager": plain_steps(work),
        "PyTorch channels_last": plain_steps(work, channels_last=True),
        "tutorial's DataLoader loop": tutorial_steps(work),
    }
    if compiled:
        contenders["torch.compile"] = plain_steps(work, compiled=True)
        contenders["torch.compile channels_last"] = plain_steps(work, channels_last=True, compiled=True)
    title = "LeNetAvg, sigmoid, SGD, batch 256"
    return turns.compare(title, operations(work.network.architecture, training=True), contenders)


def fast(turns: Turns, train: Dataset, threads: int, variant: str) -> dict[str, Any]:
    work = Work.of(configure("fast", learning_rate=1e-3, threads=threads), train)
    contenders = {
        "lenet cpu": cpu_steps(work, variant),
        "lenet reference": reference_steps(work),
        "PyTorch eager": plain_steps(work),
        "PyTorch channels_last": plain_steps(work, channels_last=True, fused=True),
    }
    title = "LeNet, ReLU, max-pooling, AdamW (fused), batch 64"
    return turns.compare(title, operations(work.network.architecture, training=True), contenders)


def kernel_7(turns: Turns, train: Dataset, threads: int, variant: str) -> dict[str, Any]:
    settings = {"learning_rate": 0.1, "kernel_size": 7, "channels": (12, 32), "threads": threads}
    work = Work.of(configure("book-sgd", **settings), train)
    contenders = {
        "lenet cpu": cpu_steps(work, variant),
        "lenet reference": reference_steps(work),
        "PyTorch channels_last": plain_steps(work, channels_last=True),
    }
    title = "LeNetAvg, kernel 7, channels 12 and 32, batch 256"
    return turns.compare(title, operations(work.network.architecture, training=True), contenders)


def many(log: Log, splits: Splits, threads: int, repeats: int) -> dict[str, Any]:
    """Eight short trainings without charts: at once with a thread each, and one after the other with all threads."""
    configs = [configure("book-sgd", epochs=2, seed=seed) for seed in range(8)]
    images = 2 * len(splits.train) * len(configs)

    def at_once() -> None:
        with tempfile.TemporaryDirectory() as folder:
            lenet.train_many(configs, data=splits, out=folder, workers=threads, progress="quiet")

    def in_turn() -> None:
        with tempfile.TemporaryDirectory() as folder:
            for config in configs:
                config = dataclasses.replace(config, threads=threads)
                run_once(config, splits, Path(folder) / str(config.seed), Session(Silent(), Interrupt(), chart=False))

    rates = measured({"at once": repeated(at_once, images), "in turn": repeated(in_turn, images)}, repeats, 0.0)
    ratio = statistics.median(quotients(rates["at once"], rates["in turn"]))
    log.say(f"\nEight trainings of 2 epochs, whole: {threads} at once with a thread each, or in turn with all threads")
    for name, values in rates.items():
        log.say(f"{name:<30}{statistics.median(values):>10,.0f} model·images/s")
    log.say(f"{'ratio':<30}{ratio:>10.2f} ×")
    return {name: spread(values) for name, values in rates.items()} | {"ratio": ratio}


if __name__ == "__main__":
    main()
