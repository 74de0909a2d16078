"""Training speed beside other programs that compute: what share of the quiet speed is left, of lenet and of PyTorch.

    python bench/busy.py            (about three minutes; --repeats 1 --seconds 0.5 --no-record for a look)

Beside the trainings run no, one, two and four endless loops, each a process of its own, on the same two cores. Both engines
train the same network, from the same weights, on the same data and number of threads, in turn, `--seconds` each,
`--repeats` times over; the quiet speed is measured in every turn too. The fair share is what the system would give if it
divided the cores evenly among all threads that want to run: 1 / (1 + loops / cores).
"""

import argparse
import contextlib
import statistics
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import torch
from contenders import Work, cpu_steps, plain_steps
from recording import Log, pin, spread
from turns import quotients

import lenet
from lenet.configuration import configure
from lenet.engines import kernels

LOOPS = (0, 1, 2, 4)
TRAININGS: dict[str, dict[str, Any]] = {
    "sprint, batch 32": {"recipe": "sprint", "batch_size": 32},
    "fast, batch 64": {"recipe": "fast", "batch_size": 64},
    "book-sgd, batch 256": {"recipe": "book-sgd", "batch_size": 256},
}


@contextlib.contextmanager
def endless_loops(number: int) -> Iterator[None]:
    """Lets so many processes compute meanwhile."""
    loops = [subprocess.Popen([sys.executable, "-I", "-S", "-c", "while True: pass"]) for _ in range(number)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="for each engine, training and number of loops")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("busy", record=not options.no_record)
    cores = pin(options.threads)
    torch.set_num_threads(options.threads)
    train = lenet.data.load("fashion-mnist").train
    log.say(
        f"# {options.threads} threads on cores {cores}, kernels {kernels.variant_name()}, PyTorch {torch.__version__}"
    )
    result: dict[str, Any] = {"bench": "busy", "threads": options.threads, "repeats": options.repeats, "trainings": {}}
    log.say(
        f"{'training':<20} {'engine':<8} {'loops':>5} {'images/s':>9} {'min':>9} {'max':>9} {'of quiet':>9} {'fair':>6}"
    )
    for name, settings in TRAININGS.items():
        config = configure(**settings, threads=options.threads)
        work = Work.of(config, train)
        contenders = {
            "lenet": cpu_steps(work, images_at_once=6400),
            "PyTorch": plain_steps(work, fused=config.optimizer != "sgd"),
        }
        speeds: dict[tuple[str, int], list[float]] = {}
        for contender in contenders.values():
            contender(0.2)  # warms up
        for _ in range(options.repeats):
            for loops in LOOPS:
                with endless_loops(loops):
                    for which, contender in contenders.items():
                        speeds.setdefault((which, loops), []).append(contender(options.seconds))
        for (which, loops), values in sorted(speeds.items(), key=lambda item: item[0]):
            shares = quotients(values, speeds[which, 0])
            of_quiet, fair = statistics.median(shares), 1 / (1 + loops / options.threads)
            found = {"images_per_second": spread(values), "of_quiet": spread(shares), "fair": fair}
            result["trainings"].setdefault(name, {}).setdefault(which, {})[str(loops)] = found
            images = found["images_per_second"]
            log.say(
                f"{name:<20} {which:<8} {loops:>5} {images['median']:>9,.0f} {images['min']:>9,.0f} {images['max']:>9,.0f} "
                f"{of_quiet:>9.0%} {fair:>6.0%}"
            )
    log.finish(result)


if __name__ == "__main__":
    main()
