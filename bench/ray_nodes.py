"""Ray clusters on this machine for measurements, and trainings on them."""

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lenet.config import TrainConfig
from lenet.data.dataset import Splits
from lenet.display.plain import Finished
from lenet.runs.run import Run
from lenet.training.tasks import Executor, Task

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


@contextlib.contextmanager
def dying(cluster: Any, seconds: float) -> Iterator[list[str]]:
    """Meanwhile, kill a node that is not the head every so often, and let another come; gives those that died."""
    import ray

    node: Any = ray._private.worker.global_worker.node
    ours = node._raylet_socket_name  # through which this process speaks to the others
    over, died = threading.Event(), list[str]()

    def kill() -> None:
        while not over.wait(seconds):
            node = next(node for node in cluster.worker_nodes if node._raylet_socket_name != ours)
            died.append(node.unique_id)
            cluster.remove_node(node, allow_graceful=False)
            cluster.add_node(num_cpus=1, **HERE)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield died
    finally:
        over.set()
        thread.join()


def trained(
    executor: Executor, configs: Sequence[TrainConfig], data: Splits, folder: Path, workers: int | None = None
) -> list[Run]:
    """Train each config, and return the runs."""
    tasks = [Task(config, data, folder / f"{number:04d}") for number, config in enumerate(configs)]
    outcomes = executor(tasks, Finished("quiet", len(tasks)), workers)
    for outcome in outcomes:
        if not isinstance(outcome, Run):
            raise outcome
    return [outcome for outcome in outcomes if isinstance(outcome, Run)]


def sha256(runs: Sequence[Run]) -> list[str | None]:
    """The SHA-256 of the weights of each."""
    return [run.summary.weights_sha256 for run in runs]
