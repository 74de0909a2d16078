"""A Ray cluster of three nodes, started once for all tests."""

import contextlib
import os

import pytest
from clusters import Nodes, limited


@pytest.fixture(scope="session")
def nodes():
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    with contextlib.ExitStack() as stack:
        with limited("the cluster does not start"):
            cluster = Nodes()
            stack.callback(cluster.cluster.shutdown)
        yield cluster


@pytest.fixture(autouse=True)
def limits(request):
    """Let a test on the cluster fail when its time is over, with what every thread is at."""
    if request.node.get_closest_marker("ray") is None:
        yield
        return
    with limited(f"{request.node.name} does not end"):
        yield
