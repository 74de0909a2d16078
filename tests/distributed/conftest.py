"""A real Ray cluster of three nodes on this machine, started once."""

import contextlib
import os

import pytest

LOOPBACK = "127.0.0.2"  # Ray takes 127.0.0.1 for the machine's address in its network


class Nodes:
    """A cluster whose nodes die and come."""

    def __init__(self):
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 1, "include_dashboard": False, "node_ip_address": LOOPBACK}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        for _ in range(2):
            self.add()

    @property
    def address(self):
        return self.cluster.address

    def add(self):
        self.cluster.add_node(num_cpus=1, node_ip_address=LOOPBACK)

    def kill(self):
        """Kill a node without notice: not the head, nor the one through which this process speaks to the others."""
        import ray

        ours = ray._private.worker.global_worker.node
        others = [node for node in self.cluster.worker_nodes if node._raylet_socket_name != ours._raylet_socket_name]
        self.cluster.remove_node(others[0], allow_graceful=False)


@pytest.fixture(scope="session")
def nodes():
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    cluster = Nodes()
    with contextlib.ExitStack() as stack:
        stack.callback(cluster.cluster.shutdown)
        yield cluster
