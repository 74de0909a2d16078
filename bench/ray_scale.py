"""What decides how far a sweep on Ray scales, each measured alone, and 1, 2 and 4 nodes on this machine.

    python bench/ray_scale.py        (about two minutes; --short takes one)

Two cores cannot show that many of them compute. So most workers here wait a tenth of a second where they would train, and
answer with the run directory of a real LeNet, a megabyte: to lenet's own process, Ray and the disk, they are cores of a
cluster. Nodes have four such workers. With workers that do not wait at all, what is left is the rate at which lenet's own
process sends trainings out and takes run directories in, on the disk and in memory. Then short real trainings on 1, 2 and 4
nodes of one CPU, which share the two cores; and the data's way to another node.
"""

import argparse
import dataclasses
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from ray_nodes import HERE, nodes, processor_seconds, ready, trained_all
from recording import Log

import lenet
from lenet.config import TrainConfig
from lenet.configuration import configure
from lenet.data.dataset import Splits
from lenet.distributed import crew
from lenet.distributed.cluster import RayExecutor, connect
from lenet.distributed.orders import Answer, DataKey, Order, Shipment
from lenet.distributed.worker import Worker
from lenet.files import whole_folder
from lenet.training.tasks import Task

CONFIG = configure("fast", data="digits", epochs=1, threads=1, snapshots=0)
WORKERS = 4  # of a node that waits
WAIT = 0.1  # seconds that its trainings take
THREADS = 8  # that write run directories, as many as lenet has


class Waiting(Worker):
    """Trains once, and from then on waits as long as a training's name says and answers with the same files."""

    answer: Answer | None = None

    def train(self, orders: Sequence[Order], shipments: Mapping[DataKey, Shipment]) -> list[Answer]:
        answers = []
        for order in orders:
            if self.answer is None:
                self.answer = super().train([order], shipments)[0]
            time.sleep(float(order.name))
            answers.append(dataclasses.replace(self.answer, number=order.number, seconds=float(order.name)))
        return answers


def measured(executor: RayExecutor, tasks: Sequence[Task], workers: int) -> dict[str, float]:
    """Trainings a second on so many workers, and the processor time of each part for one training."""
    ready(executor, workers, tasks[0])
    before, began = processor_seconds(), time.perf_counter()
    trained_all(executor, tasks)
    taken, used = time.perf_counter() - began, processor_seconds()
    parts = {name: (used[name] - before[name]) / len(tasks) for name in ("lenet", "workers", "daemons")}
    return {"trainings": len(tasks), "per_second": len(tasks) / taken, **parts}


def tasks(count: int, data: Splits, folder: Path, name: str) -> list[Task]:
    """Trainings of the same network."""
    configs: list[TrainConfig] = [replace(CONFIG, seed=seed) for seed in range(count)]
    return [Task(config, data, folder / f"{seed:04d}", name) for seed, config in enumerate(configs)]


def waiting(data: Splits, per_node: int, count: int, folder: Path) -> dict[str, Any]:
    """Nodes whose workers wait: 1, 2 and 4 of them; what lenet's own process can do; and the data's way to another node."""
    found: dict[str, Any] = {"wait": WAIT, "workers": WORKERS, "nodes": {}}
    crew.Worker = Waiting  # type: ignore[misc]
    with nodes(WORKERS) as cluster, connect(cluster.address) as executor:
        for number in (1, 2, 4):
            while len(cluster.worker_nodes) + 1 < number:
                cluster.add_node(num_cpus=WORKERS, **HERE)
            todo = tasks(per_node * number, data, folder / f"waiting-{number}", str(WAIT))
            found["nodes"][str(number)] = measured(executor, todo, WORKERS * number)
        with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as memory:
            for name, place in (("disk", folder / "driver"), ("memory", Path(memory))):
                found[name] = measured(executor, tasks(count, data, place, "0.0005"), WORKERS * 4)
        found["broadcast"] = broadcast()
    crew.Worker = Worker  # type: ignore[misc]
    return found


def _opened(boxed: list[Any]) -> int:
    """On a node: fetch data from the object store."""
    import ray

    return len(list(ray.get(boxed[0])))


def broadcast() -> dict[str, float]:
    """Seconds until Fashion-MNIST is in the object store, and until another node has it."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    data = lenet.data.load("fashion-mnist")
    here = ray.get_runtime_context().get_node_id()
    other = next(node["NodeID"] for node in ray.nodes() if node["Alive"] and node["NodeID"] != here)
    fetch: Any = ray.remote(num_cpus=0)(_opened)
    fetch = fetch.options(scheduling_strategy=NodeAffinitySchedulingStrategy(other, soft=False))
    ray.get(fetch.remote([ray.put((0, 0))]), timeout=60)  # starts the worker
    size = sum(part.images.nbytes + part.labels.nbytes for part in data)
    began = time.perf_counter()
    reference = ray.put(data)
    put = time.perf_counter() - began
    ray.get(fetch.remote([reference]), timeout=60)
    return {"bytes": size, "put": put, "fetch": time.perf_counter() - began - put}


def computing(data: Splits, count: int, folder: Path) -> dict[str, dict[str, float]]:
    """Short real trainings on 1, 2 and 4 nodes of one CPU."""
    found = {}
    with nodes(1) as cluster, connect(cluster.address) as executor:
        for number in (1, 2, 4):
            while len(cluster.worker_nodes) + 1 < number:
                cluster.add_node(num_cpus=1, **HERE)
            todo = tasks(count, data, folder / f"computing-{number}", "real")
            found[str(number)] = measured(executor, todo, number)
    return found


def written(folder: Path, count: int) -> dict[str, float]:
    """The size of a run, and how many run directories a second are written to this disk, and how many files."""
    files = whole_folder.read(folder)
    with tempfile.TemporaryDirectory(dir=folder.parent) as there, ThreadPoolExecutor(THREADS) as pool:
        own, began = time.process_time(), time.perf_counter()
        list(pool.map(lambda number: whole_folder.write(Path(there) / str(number), files), range(count)))
        taken, used = time.perf_counter() - began, time.process_time() - own
    size = sum(map(len, files.values()))
    figures = {"bytes": size, "files": len(files), "per_second": count / taken, "processor_seconds": used / count}
    return figures | {"checkpoint_bytes": sum(len(files[name]) for name in files if name.startswith("checkpoints/"))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="few trainings, and no record")
    parser.add_argument("--share", type=float, default=1.0, metavar="X", help="of the trainings")
    parser.add_argument("--no-record", action="store_true", help="do not write bench/records/ray_scale.log")
    options = parser.parse_args()
    share = 0.1 if options.short else options.share
    log, began = Log("ray_scale", record=not (options.short or options.no_record)), time.monotonic()

    def say(line: str) -> None:
        log.say(f"{time.monotonic() - began:5.0f} s  {line}")

    say(f"load of the machine before: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
    result: dict[str, Any] = {"bench": "ray_scale", "load": os.getloadavg()[0]}
    train, test = lenet.data.load("digits")
    few = lenet.Splits(train.sample(8000), test.sample(1000), "some of the built-in digits")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        found = result["waiting"] = waiting(few, int(320 * share), int(2000 * share), folder)
        for number, row in found["nodes"].items():
            say(f"{number} nodes of {WORKERS} workers that wait {WAIT} s: {row['per_second']:.1f} trainings a second")
        for name in ("disk", "memory"):
            say(f"without waiting, results on the {name}: {found[name]}")
        say(f"data to another node: {found['broadcast']}")
        result["written"] = written(folder / "waiting-1" / "0000", int(500 * share))
        say(f"run directories written here: {result['written']}")
        result["computing"] = computing(few, int(90 * share), folder)
        for number, row in result["computing"].items():
            say(f"{number} nodes of one CPU: {row['per_second']:.1f} short trainings a second")
    result["load_after"] = os.getloadavg()[0]
    log.finish(result)


if __name__ == "__main__":
    main()
