"""Images per second of the engines and of plain PyTorch, with data in memory, side by side in one run.

    python bench/throughput.py            (about eight minutes; --repeats 1 --seconds 0.2 --no-compile for a look)

Every contender trains the same network, from the same weights, on Fashion-MNIST (LENET_DATA, cache or download), in turn,
`--seconds` each, `--repeats` times over; the table has medians, ratios the medians of the repeats' own ratios. All run in
one process on the same pinned cores with the same number of threads. The ceiling is what the processor's multiply-add units
can do, measured in the same turns with a loop that does nothing else; a contender's share of it counts the multiply-adds
that the network needs, not those on padding.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from ceiling import compile_ceiling
from recording import Log, pin, spread
from torch import Tensor, nn

import lenet
from lenet.config import MODEL_FIELDS, TrainConfig, configure
from lenet.data.dataset import Dataset
from lenet.data.locate import locate
from lenet.data.plan import Plan, plan
from lenet.display.plain import Silent
from lenet.engines import Engine, kernels
from lenet.engines.cpu import CpuEngine
from lenet.images.preprocess import Preprocessing
from lenet.networks import Network, build
from lenet.networks.initialization import initialized
from lenet.pytorch.modules import to_module
from lenet.pytorch.reference import ReferenceEngine
from lenet.pytorch.tensors import to_input
from lenet.training.interrupts import Interrupt
from lenet.training.job import Session
from lenet.training.train import run_once

Contender = Callable[[float], float]  # seconds to compute for, at least → images, or operations, per second


def network_of(config: TrainConfig) -> Network:
    """The config's network with its initial weights."""
    arguments = {name: getattr(config, name) for name in MODEL_FIELDS if getattr(config, name) is not None}
    return initialized(build(config.model, **arguments), config.init, config.seed)


def model_of(config: TrainConfig) -> nn.Module:
    """The same as an nn.Module."""
    return to_module(network_of(config), config.model)


def operations(config: TrainConfig, *, training: bool) -> float:
    """Floating-point operations per image: two for each multiply-add of forward, and of both gradients when training.

    The first layer's input needs no gradient. Multiplications with the zeros of the padding are not counted.
    """
    forward, first = 0, 0
    x = torch.zeros(1, 1, 28, 28)
    for layer in model_of(config).modules():
        if isinstance(layer, nn.Conv2d):
            taps = F.conv2d(torch.ones_like(x[:, :1]), torch.ones(1, 1, *layer.kernel_size), padding=layer.padding)
            count = int(taps.sum()) * layer.in_channels * layer.out_channels
        elif isinstance(layer, nn.Linear):
            count = layer.in_features * layer.out_features
        else:
            count = 0
        if isinstance(layer, nn.Conv2d | nn.AvgPool2d | nn.MaxPool2d):
            x = layer(x).detach()
        forward += count
        first = first or count
    return 2.0 * (3 * forward - first if training else forward)


class Steps:
    """Training steps of one contender, on the batches of one epoch over and over."""

    def __init__(self, step: Callable[[int, int], None], epoch: Plan, chunk: int) -> None:
        self.step, self.epoch, self.chunk, self.at = step, epoch, chunk, 0

    def __call__(self, seconds: float) -> float:
        images, began = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds or not images:
            start = self.at % (self.epoch.num_steps - self.chunk)
            self.step(start, start + self.chunk)
            self.at += self.chunk
            images += self.chunk * self.epoch.batch_size
        return images / elapsed


def engine_steps(engine: Engine, epoch: Plan, chunk: int) -> Steps:
    return Steps(lambda start, stop: void(engine.train_steps(epoch, start, stop)), epoch, chunk)


def plain_steps(
    config: TrainConfig, train: Dataset, *, channels_last: bool = False, fused: bool = False, compiled: bool = False
) -> Steps:
    """Plain PyTorch: module, loss, torch.optim; all images as floats in memory."""
    images = to_input(torch.from_numpy(train.images), Preprocessing.of(train, normalize=config.normalize))
    images = images.contiguous(memory_format=torch.channels_last if channels_last else torch.contiguous_format)
    labels = torch.from_numpy(train.labels)
    model: Any = model_of(config)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
    if config.optimizer == "sgd":
        optimizer: torch.optim.Optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=fused)
    else:
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1, fused=fused)
    if compiled:
        model = torch.compile(model)
    epoch = plan(config, 0, len(train))
    order = torch.from_numpy(epoch.order)

    def step(start: int, stop: int) -> None:
        for number in range(start, stop):
            chosen = order[epoch.batch(number)]
            optimizer.zero_grad()
            F.cross_entropy(model(images[chosen]), labels[chosen]).backward()
            optimizer.step()

    return Steps(step, epoch, 8)


def tutorial_steps(config: TrainConfig, train: Dataset) -> Contender:
    """The tutorial's DataLoader over a per-image transform, without worker processes, and the book's loop."""
    import tutorial

    located = locate("fashion-mnist")
    assert located is not None
    dataset = tutorial.Images(Path(located.folder), "train")
    loader = torch.utils.data.DataLoader(dataset, config.batch_size, shuffle=True)
    model = model_of(config)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    batches = itertools.chain.from_iterable(itertools.repeat(loader))

    def run(seconds: float) -> float:
        images, began = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds or not images:
            pixels, labels = next(batches)
            optimizer.zero_grad()
            F.cross_entropy(model(pixels), labels).backward()
            optimizer.step()
            images += len(labels)
        return images / elapsed

    return run


def evaluation(model: nn.Module, pixels: Tensor) -> Contender:
    """10,000 images through a channels-last module under inference_mode, in batches of 1000."""
    channels_last: Any = model
    channels_last = channels_last.to(memory_format=torch.channels_last).eval()
    pixels = pixels.contiguous(memory_format=torch.channels_last)

    def logits() -> None:
        with torch.inference_mode():
            torch.cat([channels_last(part) for part in pixels.split(1000)])

    return repeated(logits, len(pixels))


def repeated(work: Callable[[], Any], images: int) -> Contender:
    def run(seconds: float) -> float:
        count, began = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds or not count:
            work()
            count += 1
        return count * images / elapsed

    return run


def ceiling(threads: int, variant: str) -> Contender:
    """The loop of multiply-adds; operations per second."""
    operations_in = compile_ceiling(variant)

    def run(seconds: float) -> float:
        done, began = 0.0, time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds:
            done += operations_in(threads, 2_000_000)
        return done / elapsed

    return run


def many(train: Dataset, test: Dataset, threads: int) -> tuple[Contender, Contender]:
    """Eight short trainings without charts: at once with a thread each, and one after the other with all threads."""
    splits = lenet.Splits(train, test, "bench")
    configs = [configure("book-sgd", epochs=2, seed=seed) for seed in range(8)]
    images = 2 * len(train) * len(configs)

    def at_once() -> None:
        with tempfile.TemporaryDirectory() as folder:
            lenet.train_many(configs, data=splits, out=folder, workers=threads, progress="quiet")

    def in_turn() -> None:
        with tempfile.TemporaryDirectory() as folder:
            for config in configs:
                run_once(config, splits, Path(folder) / str(config.seed), Session(Silent(), Interrupt(), chart=False))

    return repeated(at_once, images), repeated(in_turn, images)


def void(_: object) -> None:
    pass


def measured(contenders: dict[str, Contender], repeats: int, seconds: float) -> dict[str, list[float]]:
    """The rates of all contenders in all repeats, measured in turns after a warm-up."""
    for contender in contenders.values():
        contender(min(seconds, 0.5))
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, contender in contenders.items():
            rates[name].append(contender(seconds))
    return rates


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
    peak = ceiling(threads, variant)
    train, test = lenet.data.load("fashion-mnist")
    log = Log(options.name, record=not options.no_record)
    build_of_kernels = kernels.library().lenet_build().decode()
    log.say(
        f"# {threads} threads on cores {cores}, kernels {variant} ({build_of_kernels}), "
        f"PyTorch {torch.__version__} {torch.backends.cpu.get_cpu_capability()}, {options.repeats} repeats"
    )
    result: dict[str, Any] = {"bench": "throughput", "threads": threads, "variant": variant, "training": {}}

    def report(title: str, config: TrainConfig, contenders: dict[str, Contender], *, training: bool = True) -> Any:
        contenders = {"ceiling": peak, **contenders}
        rates = measured(contenders, options.repeats, options.seconds)
        work = operations(config, training=training)
        ours = rates["lenet cpu"]
        log.say(f"\n{title}: {work / 1e6:.3f} MFLOP an image")
        log.say(f"{'':<28}{'images/s':>10}{'min':>10}{'max':>10}{'of ceiling':>12}{'lenet is':>11}")
        entry: dict[str, Any] = {"images_per_second": {}, "ratio": {}, "megaflop": work / 1e6}
        for name, values in rates.items():
            images = [value / work for value in values] if name == "ceiling" else values
            shares = [rate * work / top for rate, top in zip(images, rates["ceiling"], strict=True)]
            ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, images, strict=True))
            found = spread(images)
            entry["images_per_second"][name] = found
            entry["ratio"][name] = ratio
            if name == "lenet cpu":
                entry["share_of_ceiling"] = statistics.median(shares)
            log.say(
                f"{name:<28}{found['median']:>10,.0f}{found['min']:>10,.0f}{found['max']:>10,.0f}"
                f"{statistics.median(shares):>12.1%}{ratio:>9.2f} ×"
            )
        entry["gigaflop_per_second"] = spread([value / 1e9 for value in rates["ceiling"]])
        return entry

    def cpu(config: TrainConfig) -> Contender:
        preprocessing = Preprocessing.of(train, normalize=config.normalize)
        engine = CpuEngine(network_of(config), train, config, preprocessing, variant=variant)
        epoch = plan(config, 0, len(train))
        return engine_steps(engine, epoch, max(1, epoch.num_steps // 10))

    def reference(config: TrainConfig) -> Contender:
        preprocessing = Preprocessing.of(train, normalize=config.normalize)
        return engine_steps(
            ReferenceEngine(network_of(config), train, config, preprocessing), plan(config, 0, len(train)), 8
        )

    book = configure("book-sgd", learning_rate=0.1)
    contenders: dict[str, Contender] = {
        "lenet cpu": cpu(book),
        "lenet reference": reference(book),
        "PyTorch eager": plain_steps(book, train),
        "PyTorch channels_last": plain_steps(book, train, channels_last=True),
        "tutorial's DataLoader loop": tutorial_steps(book, train),
    }
    if not options.no_compile:
        contenders["torch.compile"] = plain_steps(book, train, compiled=True)
        contenders["torch.compile channels_last"] = plain_steps(book, train, channels_last=True, compiled=True)
    result["training"]["book-sgd"] = report("LeNetAvg, sigmoid, SGD, batch 256", book, contenders)

    fast = configure("fast", learning_rate=1e-3)
    contenders = {
        "lenet cpu": cpu(fast),
        "lenet cpu, --augment strong": cpu(configure("fast", learning_rate=1e-3, augment="strong")),
        "lenet reference": reference(fast),
        "PyTorch eager": plain_steps(fast, train),
        "PyTorch channels_last": plain_steps(fast, train, channels_last=True, fused=True),
    }
    result["training"]["fast"] = report("LeNet, ReLU, max-pooling, AdamW (fused), batch 64", fast, contenders)

    wide = configure("book-sgd", learning_rate=0.1, kernel_size=7, channels=(12, 32))
    contenders = {
        "lenet cpu": cpu(wide),
        "lenet reference": reference(wide),
        "PyTorch channels_last": plain_steps(wide, train, channels_last=True),
    }
    result["training"]["kernel-7"] = report("LeNetAvg, kernel 7, channels 12 and 32, batch 256", wide, contenders)

    engine = CpuEngine(network_of(book), None, book, Preprocessing.of(train), variant=variant)
    pixels = to_input(torch.from_numpy(test.images), Preprocessing.of(train))
    contenders = {
        "lenet cpu": repeated(lambda: engine.logits(test.images), len(test)),
        "PyTorch channels_last": evaluation(model_of(book), pixels),
    }
    result["evaluation"] = report("Evaluation of 10,000 images, LeNetAvg", book, contenders, training=False)

    if options.variant is None:
        at_once, in_turn = many(train, test, threads)
        rates = measured({"at once": at_once, "in turn": in_turn}, min(options.repeats, 5), 0.0)
        ratio = statistics.median(a / b for a, b in zip(rates["at once"], rates["in turn"], strict=True))
        log.say(
            f"\nEight trainings of 2 epochs, whole: {threads} at once with a thread each, or in turn with all threads"
        )
        for name, values in rates.items():
            log.say(f"{name:<28}{statistics.median(values):>10,.0f} model·images/s")
        log.say(f"{'ratio':<28}{ratio:>10.2f} ×")
        result["many"] = {name: spread(values) for name, values in rates.items()} | {"ratio": ratio}
    log.say()
    log.finish(result)


if __name__ == "__main__":
    main()
