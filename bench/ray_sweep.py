"""Sweeps on Ray beside train_many: their speed, what a training costs beside itself, and nodes that die.

    python bench/ray_sweep.py        (about six minutes; --short takes one)

All on this machine and on Fashion-MNIST, each training on one thread. First 64 trainings of one epoch on a node of two CPUs,
in turns with `train_many` of two workers: with workers that an earlier sweep has left ("steady"), and with workers that are
hired anew ("hired"). Both count everything between the call and the last run directory on the disk: the data put into the
object store, all calls, answers and files. "hired" also counts that the workers start, fetch the data and compare its
fingerprint. Neither counts the start of the cluster and joining it, which a cluster in use has behind it.

Then trainings of about a second on one worker, one after the other, beside the same in this process; and 40 trainings on
three nodes of one CPU, one of which is killed every ten seconds and replaced, compared with the same trainings here.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ray_nodes import nodes, processor_seconds, sha256, trained, while_nodes_die
from recording import Log, spread

import lenet
from lenet.config import TrainConfig
from lenet.configuration import configure
from lenet.distributed.cluster import RayExecutor, connect
from lenet.runs.run import Run
from lenet.training.tasks import Executor, run_all


def configs(count: int, epochs: int = 1) -> list[TrainConfig]:
    """Trainings that differ in their seeds."""
    config = configure("fast", data="fashion-mnist", epochs=epochs, threads=1, snapshots=0)
    return [replace(config, seed=seed) for seed in range(count)]


def speed(executor: RayExecutor, sizes: tuple[int, int, int], folder: Path) -> dict[str, Any]:
    """Seconds of trainings of one epoch, with Ray and with train_many, in turns.

    Args:
        executor: of a cluster of two CPUs.
        sizes: trainings of a sweep, sweeps with workers that are there, and with workers that are not.
        folder: for the runs.
    """
    count, repeats, hired = sizes
    data, todo = lenet.data.load("fashion-mnist"), configs(count)
    seconds: dict[str, list[float]] = {"hired": [], "steady": [], "train_many": []}
    shares: list[dict[str, float]] = []
    runs: dict[str, list[Run]] = {}

    def take(kind: str, sweep: Callable[[Path], list[Run]]) -> None:
        before, began = processor_seconds(), time.perf_counter()
        runs[kind] = sweep(folder / f"{kind}-{len(seconds[kind])}")
        taken = time.perf_counter() - began
        seconds[kind].append(taken)
        if kind == "steady":
            used = processor_seconds()
            shares.append({name: (used[name] - before[name]) / (2 * taken) for name in used})

    def there(out: Path) -> list[Run]:
        return trained(executor, todo, data, out)

    def here(out: Path) -> list[Run]:
        return lenet.train_many(todo, data=data, out=out, workers=2, progress="quiet")

    for repeat in range(repeats):
        if repeat < hired:
            executor.close()
            take("hired", there)
        for kind, sweep in [("steady", there), ("train_many", here)][:: -1 if repeat % 2 else 1]:
            take(kind, sweep)
    base = statistics.median(seconds["train_many"])
    return {
        "trainings": count,
        "seconds": {name: spread(values) for name, values in seconds.items()},
        "ratio": spread([many / ray for ray, many in zip(seconds["steady"], seconds["train_many"], strict=True)]),
        "hired_ratio": spread([base / ray for ray in seconds["hired"]]),
        "shares": {name: statistics.median(share[name] for share in shares) for name in shares[0]},
        "equal": sha256(runs["steady"]) == sha256(runs["train_many"]) == sha256(runs["hired"]),
    }


def beside(executor: Executor, count: int, folder: Path) -> dict[str, float]:
    """Milliseconds of a worker that a training costs beside its own, from the end of the first to the end of the last."""
    runs = trained(executor, configs(count, 2), lenet.data.load("fashion-mnist"), folder, 1)
    ends = sorted((run.path / "summary.json").stat().st_mtime for run in runs)
    own = statistics.fmean(run.summary.seconds for run in runs[1:])
    whole = (ends[-1] - ends[0]) / (count - 1)
    return {"seconds": own, "whole_seconds": whole, "milliseconds": 1000 * (whole - own)}


def deaths(count: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Trainings of two epochs while nodes die, compared with the same in this process."""
    data, todo = lenet.data.load("fashion-mnist"), configs(count, 2)
    with nodes(1, 1, 1) as cluster, connect(cluster.address) as executor:
        began = time.perf_counter()
        there, died = while_nodes_die(cluster, seconds, lambda: trained(executor, todo, data, folder / "dying"))
        taken = time.perf_counter() - began
    here = lenet.train_many(todo, data=data, out=folder / "here", progress="quiet")
    equal = sum(one == other for one, other in zip(sha256(there), sha256(here), strict=True))
    return {"trainings": count, "equal": equal, "died": died, "every": seconds, "seconds": taken}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="few trainings, and no record")
    parser.add_argument("--share", type=float, default=1.0, metavar="X", help="of the trainings and repeats")
    parser.add_argument("--no-record", action="store_true", help="do not write bench/records/ray_sweep.log")
    options = parser.parse_args()
    short = options.short
    share = 0.06 if short else options.share
    sizes = (max(4, int(64 * share)), max(1, int(5 * share)), 1)
    log, began = Log("ray_sweep", record=not (short or options.no_record)), time.monotonic()

    def say(line: str) -> None:
        log.say(f"{time.monotonic() - began:5.0f} s  {line}")

    say(f"load of the machine before: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
    result: dict[str, Any] = {"bench": "ray_sweep", "load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with nodes(2) as cluster, connect(cluster.address) as executor:
            say("a node of two CPUs has started")
            found = result["speed"] = speed(executor, sizes, folder)
            say(f"{found['trainings']} trainings, two CPUs: {found['ratio']['median']:.3f} × train_many's speed")
            say(f"with the hiring of the workers: {found['hired_ratio']['median']:.3f} ×; equal: {found['equal']}")
            say(f"shares of the two cores: {', '.join(f'{k} {v:.3f}' for k, v in found['shares'].items())}")
            count = max(4, int(20 * share))
            ray = beside(executor, count, folder / "beside-ray")
        result["overhead"] = {"ray": ray, "here": beside(run_all, count, folder / "beside-here")}
        for name, figures in result["overhead"].items():
            say(f"{name}: {figures['milliseconds']:.1f} ms beside a training of {figures['seconds']:.2f} s")
        found = result["deaths"] = deaths(max(8, int(40 * share)), 2 if short else 10, folder)
        say(f"{found['equal']} of {found['trainings']} equal to the bit, {found['died']} nodes died")
    result["load_after"] = os.getloadavg()[0]
    log.finish(result)


if __name__ == "__main__":
    main()
