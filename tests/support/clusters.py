"""A real Ray cluster on this machine whose nodes die and come, and limits of time: no test waits for ever."""

import contextlib
import faulthandler
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

LOOPBACK = "127.0.0.2"  # Ray takes 127.0.0.1 for the machine's address in its network
LIMIT = 120.0  # seconds of a test, or of the cluster's start, on a machine under load
GRACE = 30.0  # seconds after that in which a test must end; else the process does


class Nodes:
    """A cluster whose nodes die and come."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 1, "include_dashboard": False, "node_ip_address": LOOPBACK}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        for _ in range(2):
            self.add()

    @property
    def address(self) -> str:
        return str(self.cluster.address)

    def add(self) -> None:
        self.cluster.add_node(num_cpus=1, node_ip_address=LOOPBACK)

    def kill(self) -> None:
        """Kill a node without notice: not the head, nor the one through which this process speaks to the others."""
        import ray

        ours: Any = ray._private.worker.global_worker.node
        others = [node for node in self.cluster.worker_nodes if node._raylet_socket_name != ours._raylet_socket_name]
        self.cluster.remove_node(others[0], allow_graceful=False)


@contextlib.contextmanager
def limited(what: str) -> Iterator[None]:
    """Fail after LIMIT seconds, with what every thread is at on stderr."""

    def fail(*_: Any) -> None:
        faulthandler.dump_traceback()
        pytest.fail(f"{what} within {LIMIT:.0f} seconds")

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    faulthandler.dump_traceback_later(LIMIT + GRACE, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def ctrl_c(condition: Callable[[], Any], what: str) -> Iterator[None]:
    """Send SIGINT to this process as soon as a condition holds; fail if it never does."""
    is_over, was_sent = threading.Event(), threading.Event()

    def watch() -> None:
        while not condition():
            if is_over.wait(0.02):
                return
        was_sent.set()
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(GRACE)
    assert was_sent.is_set(), f"{what} was never seen"
