"""What `--augment light` and `strong` cost: the time of a step of recipe `fast`, beside one without augmentation.

    python bench/augmentation.py        (about a minute; --repeats 1 --seconds 0.2 --no-record for a look)

All train from the same weights on Fashion-MNIST, in turns in one process. The random numbers of an epoch are drawn before its
first step; that time is measured apart, and its share of the epoch is part of the cost.
"""

import argparse
import statistics
import time
from typing import Any

from contenders import Work, cpu_steps
from recording import Log, pin, spread
from turns import measured

import lenet
from lenet.configuration import configure
from lenet.engines import kernels

STRENGTHS = ("none", "light", "strong")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    cores = pin(options.threads)
    log = Log("augmentation", record=not options.no_record)
    log.say(
        f"# {options.threads} threads on cores {cores}, kernels {kernels.variant_name()}, {options.repeats} repeats, "
        "recipe fast, batch 64"
    )
    train = lenet.data.load("fashion-mnist").train
    works = {name: Work.of(configure("fast", augment=name, threads=options.threads), train) for name in STRENGTHS}
    rates = measured({name: cpu_steps(work) for name, work in works.items()}, options.repeats, options.seconds)
    drawing = {name: [seconds_of_plan(work) for _ in range(options.repeats)] for name, work in works.items()}
    epochs = {  # seconds of a whole epoch, in each turn
        name: [len(train) / rate + drawn for rate, drawn in zip(rates[name], drawing[name], strict=True)]
        for name in STRENGTHS
    }
    result: dict[str, Any] = {}
    log.say(f"{'augment':<10}{'images/s':>10}{'min':>10}{'max':>10}{'step':>9}{'plan':>9}{'epoch':>9}")
    for name in STRENGTHS:
        step = [plain / rate - 1 for plain, rate in zip(rates["none"], rates[name], strict=True)]
        epoch = [seconds / plain - 1 for seconds, plain in zip(epochs[name], epochs["none"], strict=True)]
        figures = spread(rates[name])
        plan = statistics.median(drawing[name])
        result[name] = {
            "images_per_second": figures,
            "step_cost": spread(step),
            "epoch_cost": spread(epoch),
            "plan_seconds": plan,
        }
        log.say(
            f"{name:<10}{figures['median']:>10,.0f}{figures['min']:>10,.0f}{figures['max']:>10,.0f}"
            f"{statistics.median(step):>+9.1%}{1000 * plan:>6.1f} ms{statistics.median(epoch):>+9.1%}"
        )
    log.finish({"bench": "augmentation", "threads": options.threads, "repeats": options.repeats, "augment": result})


def seconds_of_plan(work: Work) -> float:
    """How long it takes to draw the random numbers of an epoch."""
    began = time.perf_counter()
    work.plan()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
