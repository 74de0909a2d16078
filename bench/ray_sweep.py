"""Sweeps on Ray beside train_many: their speed, what a training costs beside itself, and nodes that die.

    python bench/ray_sweep.py        (about seven minutes; --short --no-record for a look)

All on this machine, on Fashion-MNIST: 64 trainings of one epoch on a node of two CPUs, in turns with train_many; trainings
of about a second on one worker, one after the other, beside the same in this process; and 40 trainings on three nodes of one
CPU, one of which is killed every ten seconds and replaced. Then trainings of almost no time on 1, 2 and 4 nodes, and what
lenet itself does for each: they say where a larger cluster ends.
"""

import argparse
import os
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import ray_nodes
from ray_nodes import nodes, sha256, trained
from recording import Log, spread

import lenet
from lenet.config import TrainConfig
from lenet.configuration import configure
from lenet.distributed.cluster import connect
from lenet.files import whole_folder
from lenet.training.tasks import Executor, run_all

TINY = configure("fast", data="digits", model="softmax", epochs=1, batch_size=1024, threads=1, snapshots=0)


def configs(count: int, epochs: int = 1) -> list[TrainConfig]:
    """Trainings that differ in their seeds."""
    config = configure("fast", data="fashion-mnist", epochs=epochs, threads=1, snapshots=0)
    return [replace(config, seed=seed) for seed in range(count)]


def speed(count: int, repeats: int, folder: Path) -> dict[str, Any]:
    """Seconds of trainings of one epoch, with Ray and with train_many, in turns."""
    data, todo = lenet.data.load("fashion-mnist"), configs(count)
    seconds: dict[str, list[float]] = {"ray": [], "train_many": []}
    with nodes(2) as cluster, connect(cluster.address) as executor:
        began = time.perf_counter()
        trained(executor, todo[:2], data, folder / "first")
        first = time.perf_counter() - began
        for repeat in range(repeats):
            began = time.perf_counter()
            there = trained(executor, todo, data, folder / f"ray-{repeat}")
            seconds["ray"].append(time.perf_counter() - began)
            began = time.perf_counter()
            here = lenet.train_many(todo, data=data, out=folder / f"many-{repeat}", workers=2, progress="quiet")
            seconds["train_many"].append(time.perf_counter() - began)
    ratios = [many / ray for ray, many in zip(seconds["ray"], seconds["train_many"], strict=True)]
    return {
        "trainings": count,
        "seconds": {name: spread(values) for name, values in seconds.items()},
        "ratio": spread(ratios),
        "first_seconds": first,
        "equal": sha256(there) == sha256(here),
    }


def beside(executor: Executor, count: int, epochs: int, folder: Path) -> dict[str, float]:
    """Milliseconds of a worker that a training costs beside its own, from the end of the first to the end of the last."""
    runs = trained(executor, configs(count, epochs), lenet.data.load("fashion-mnist"), folder, 1)
    ends = sorted((run.path / "summary.json").stat().st_mtime for run in runs)
    own = statistics.fmean(run.summary.seconds for run in runs[1:])
    return {"seconds": own, "milliseconds": 1000 * ((ends[-1] - ends[0]) / (count - 1) - own)}


def deaths(count: int, epochs: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Trainings while nodes die, compared with the same in this process."""
    data, todo = lenet.data.load("fashion-mnist"), configs(count, epochs)
    with nodes(1, 1, 1) as cluster, connect(cluster.address) as executor:
        began = time.perf_counter()
        with ray_nodes.dying(cluster, seconds) as died:
            there = trained(executor, todo, data, folder / "dying")
        taken = time.perf_counter() - began
    here = lenet.train_many(todo, data=data, out=folder / "here", progress="quiet")
    equal = sum(one == other for one, other in zip(sha256(there), sha256(here), strict=True))
    return {"trainings": count, "equal": equal, "died": len(died), "seconds": taken}


def limits(count: int, folder: Path) -> dict[str, Any]:
    """Trainings a second on 1, 2 and 4 nodes where they take almost no time, and lenet's own part of each."""
    data, todo = lenet.data.load("digits"), [replace(TINY, seed=seed) for seed in range(count)]
    found: dict[str, dict[str, float]] = {}
    for number in (1, 2, 4):
        with nodes(*[1] * number) as cluster, connect(cluster.address) as executor:
            trained(executor, todo[: 2 * number], data, folder / f"first-{number}")
            own, began = time.process_time(), time.perf_counter()
            runs = trained(executor, todo, data, folder / f"tiny-{number}")
            found[str(number)] = {
                "per_second": count / (time.perf_counter() - began),
                "driver_seconds": (time.process_time() - own) / count,
                "training_seconds": statistics.fmean(run.summary.seconds for run in runs),
            }
    return {"trainings": count, "nodes": found}


def results(folder: Path, count: int) -> dict[str, Any]:
    """The size of a run, and how many run directories a second are written to this disk."""
    files = whole_folder.read(folder)
    with tempfile.TemporaryDirectory(dir=folder.parent) as there, ThreadPoolExecutor(8) as pool:
        own, began = time.process_time(), time.perf_counter()
        list(pool.map(lambda number: whole_folder.write(Path(there) / str(number), files), range(count)))
        taken, used = time.perf_counter() - began, time.process_time() - own
    size = sum(map(len, files.values()))
    return {"bytes": size, "written_per_second": count / taken, "processor_seconds": used / count}


def _opened(boxed: list[Any]) -> int:
    """On a node: fetch data from the object store."""
    import ray

    return len(list(ray.get(boxed[0])))


def broadcast() -> dict[str, float]:
    """Seconds until Fashion-MNIST is in the object store, and until another node has it."""
    import ray

    data = lenet.data.load("fashion-mnist")
    size = sum(part.images.nbytes + part.labels.nbytes for part in data)
    with nodes(0, 1) as cluster, connect(cluster.address):
        ray.get(ray.remote(_opened).remote([ray.put((0, 0))]))  # starts the worker
        began = time.perf_counter()
        reference = ray.put(data)
        put = time.perf_counter() - began
        ray.get(ray.remote(_opened).remote([reference]))
        return {"bytes": size, "put": put, "fetch": time.perf_counter() - began - put}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true", help="few trainings")
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log, short = Log("ray_sweep", record=not options.no_record), options.short
    log.say(f"# load of the machine before: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
    result: dict[str, Any] = {"bench": "ray_sweep", "load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        found = result["speed"] = speed(8 if short else 64, 1 if short else 2, folder)
        log.say(
            f"{found['trainings']} trainings of one epoch, two CPUs: {found['ratio']['median']:.2f} × train_many's speed"
        )
        count = 4 if short else 30
        with nodes(1) as cluster, connect(cluster.address) as executor:
            trained(executor, configs(1), lenet.data.load("fashion-mnist"), folder / "first-alone")
            ray = beside(executor, count, 2, folder / "beside-ray")
        result["overhead"] = {"ray": ray, "here": beside(run_all, count, 2, folder / "beside-here")}
        for name, figures in result["overhead"].items():
            log.say(f"{name}: {figures['milliseconds']:.1f} ms beside a training of {figures['seconds']:.2f} s")
        result["results"] = results(folder / "many-0" / "0000", 8 if short else 200)
        log.say(f"results: {result['results']}")
        found = result["limits"] = limits(16 if short else 400, folder)
        log.say(f"limits: {found}")
        result["broadcast"] = broadcast()
        log.say(f"broadcast: {result['broadcast']}")
        found = result["deaths"] = deaths(8 if short else 40, 2 if short else 4, 10, folder)
        log.say(f"{found['equal']} of {found['trainings']} equal to the bit, {found['died']} nodes died")
    result["load_after"] = os.getloadavg()[0]
    log.finish(result)


if __name__ == "__main__":
    main()
