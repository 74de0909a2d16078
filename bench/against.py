"""Training steps of this version beside an older one's, each in a process of its own, in turns.

    python bench/against.py CHECKOUT       (about two minutes; --repeats 1 --seconds 0.2 --no-record for a look)

CHECKOUT is a checkout of an older commit, whose kernels are compiled; its own .venv is used if it has one. Each process loads
Fashion-MNIST (LENET_DATA, cache or download), trains every network of steps.NETWORKS for some seconds after a warm-up, and
ends; the two versions begin a pair by turns.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from recording import ROOT, Log, commit, pin, spread
from steps import NETWORKS
from turns import quotients

import lenet


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("checkout", type=Path, metavar="CHECKOUT")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    checkouts = {"new": ROOT, "old": options.checkout.resolve()}
    cores = pin(options.threads)
    log = Log("against", record=not options.no_record)
    old = commit(checkouts["old"])
    log.say(f"# {options.threads} threads on cores {cores}, {options.repeats} pairs, the older commit is {old}")
    lenet.data.load("fashion-mnist")  # downloaded now, if it must be
    rates: dict[str, dict[str, list[float]]] = {name: {"new": [], "old": []} for name in NETWORKS}
    for repeat in range(options.repeats):
        for which in ("new", "old") if repeat % 2 == 0 else ("old", "new"):
            for name, rate in measured(checkouts[which], options.seconds, options.threads).items():
                rates[name][which].append(rate)
    result = {}
    log.say(f"{'training':<36}{'new images/s':>14}{'old images/s':>14}{'ratio':>8}{'min':>7}{'max':>7}")
    for name, by_version in rates.items():
        ratio, new, old_rate = (
            spread(quotients(by_version["new"], by_version["old"])),
            *map(spread, by_version.values()),
        )
        result[name] = {"images_per_second": {"new": new, "old": old_rate}, "ratio": ratio}
        log.say(
            f"{name:<36}{new['median']:>14,.0f}{old_rate['median']:>14,.0f}"
            f"{ratio['median']:>8.3f}{ratio['min']:>7.3f}{ratio['max']:>7.3f}"
        )
    log.finish({"bench": "against", "old": old[:7] + old[40:], "repeats": options.repeats, "trainings": result})


def measured(checkout: Path, seconds: float, threads: int) -> dict[str, float]:
    """Images per second of a checkout by network, in a process of its own."""
    own = checkout / ".venv/bin/python"
    python = str(own) if own.exists() and checkout != ROOT else sys.executable
    environment = os.environ | {"PYTHONPATH": str(checkout / "src"), "OMP_NUM_THREADS": str(threads)}
    command = [python, str(ROOT / "bench/steps.py"), "--seconds", str(seconds), "--threads", str(threads)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    package = Path(str(found.pop("package")))
    assert package.is_relative_to(checkout), f"{package} was measured, not {checkout}"
    return found


if __name__ == "__main__":
    main()
