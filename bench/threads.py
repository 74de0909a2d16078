"""How many times as fast two threads train as one: the network of recipe `sprint` in small batches.

    python bench/threads.py        (about a minute; --repeats 1 --seconds 0.2 --no-record for a look)

Both train from the same weights on Fashion-MNIST, in turns in one process that is pinned to two cores. In small batches the
threads wait for each other most often.
"""

import argparse
import statistics
from typing import Any

from contenders import Work, cpu_steps
from recording import Log, pin, spread
from turns import measured, quotients

import lenet
from lenet.configuration import configure
from lenet.engines import kernels

BATCH_SIZES = (32, 64)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    cores = pin(2)
    log = Log("threads", record=not options.no_record)
    log.say(f"# cores {cores}, kernels {kernels.variant_name()}, {options.repeats} repeats")
    train = lenet.data.load("fashion-mnist").train
    log.say(f"{'training':<20}{'threads':>8}{'images/s':>10}{'min':>10}{'max':>10}{'times as fast':>15}")
    result: dict[str, Any] = {}
    for batch_size in BATCH_SIZES:
        name = f"sprint, batch {batch_size}"
        contenders = {
            str(number): cpu_steps(Work.of(configure("sprint", batch_size=batch_size, threads=number), train))
            for number in (1, 2)
        }
        rates = measured(contenders, options.repeats, options.seconds)
        result[name] = {"images_per_second": {}, "ratio": spread(quotients(rates["2"], rates["1"]))}
        for number, values in rates.items():
            figures = result[name]["images_per_second"][number] = spread(values)
            ratio = statistics.median(quotients(values, rates["1"]))
            log.say(
                f"{name:<20}{number:>8}{figures['median']:>10,.0f}{figures['min']:>10,.0f}{figures['max']:>10,.0f}"
                f"{ratio:>13.2f} ×"
            )
    log.finish({"bench": "threads", "repeats": options.repeats, "trainings": result})


if __name__ == "__main__":
    main()
