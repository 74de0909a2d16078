"""Ray clusters on this machine for measurements, and trainings on them."""

import concurrent.futures
import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from lenet.config import TrainConfig
from lenet.data.dataset import Splits
from lenet.display.plain import Finished
from lenet.runs.run import Run
from lenet.training.tasks import Executor, Task

Result = TypeVar("Result")
DEADLINE = 120.0  # seconds in which workers must have started
HERE: dict[str, Any] = {"node_ip_address": "127.0.0.2"}  # Ray takes 127.0.0.1 for the machine's address in its network


@contextlib.contextmanager
def nodes(*cpus: int) -> Iterator[Any]:
    """A cluster with a node for each number of CPUs; the first is its head."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": cpus[0], "include_dashboard": False, **HERE})
    try:
        for number in cpus[1:]:
            cluster.add_node(num_cpus=number, **HERE)
        yield cluster
    finally:
        cluster.shutdown()


def while_nodes_die(cluster: Any, seconds: float, work: Callable[[], Result]) -> tuple[Result, int]:
    """Do something while a node that is not the head is killed every so often, and replaced.

    Ray starts nodes in the main thread alone, so the work is done in another.

    Returns:
        What came of it, and how many nodes died.
    """
    import ray

    node: Any = ray._private.worker.global_worker.node
    ours = node._raylet_socket_name  # through which this process speaks to the others
    died, began = 0, time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        while not concurrent.futures.wait([future], began + (died + 1) * seconds - time.monotonic()).done:
            victim = next(node for node in cluster.worker_nodes if node._raylet_socket_name != ours)
            cluster.remove_node(victim, allow_graceful=False)
            cluster.add_node(num_cpus=1, **HERE)
            died += 1
        return future.result(), died


def trained(
    executor: Executor, configs: Sequence[TrainConfig], data: Splits, folder: Path, workers: int | None = None
) -> list[Run]:
    """Train each config, and return the runs."""
    tasks = [Task(config, data, folder / f"{number:04d}") for number, config in enumerate(configs)]
    return trained_all(executor, tasks, workers)


def trained_all(executor: Executor, tasks: Sequence[Task], workers: int | None = None) -> list[Run]:
    """Do tasks, and return the runs; what came of a task instead is raised."""
    outcomes = executor(tasks, Finished("quiet", len(tasks)), workers)
    for outcome in outcomes:
        if not isinstance(outcome, Run):
            raise outcome
    return [outcome for outcome in outcomes if isinstance(outcome, Run)]


def sha256(runs: Sequence[Run]) -> list[str | None]:
    """The SHA-256 of the weights of each."""
    return [run.summary.weights_sha256 for run in runs]


def ready(executor: Any, workers: int, first: Task) -> None:
    """Wait until so many workers have started and hold the data of a task, which is done for each of them."""
    began = time.monotonic()
    while True:
        trained_all(
            executor, [replace(first, folder=first.folder / f"{time.monotonic_ns()}-{n}") for n in range(3 * workers)]
        )
        if sum(member.is_ready for member in executor._crew.members) >= workers:
            return
        if time.monotonic() - began > DEADLINE:
            raise SystemExit(f"error: {workers} workers did not start in {DEADLINE:.0f} seconds")
        time.sleep(1.0)


def processor_seconds() -> dict[str, float]:
    """Processor time so far of this process and of its descendants: "lenet", Ray's "workers", and "daemons", all others."""
    tick, kinds = os.sysconf("SC_CLK_TCK"), {os.getpid(): "lenet"}
    seconds: defaultdict[str, float] = defaultdict(float)
    parents: dict[int, tuple[int, float, str]] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
            fields = rest.split()
            parents[int(entry.name)] = (int(fields[1]), (int(fields[11]) + int(fields[12])) / tick, name)
    for number, (parent, used, name) in parents.items():
        while parent not in (0, 1, os.getpid()) and parent in parents:
            parent = parents[parent][0]
        if number == os.getpid() or parent == os.getpid():
            kind = kinds.get(number) or ("workers" if name.startswith("ray::") else "daemons")
            seconds[kind] += used
    return seconds
