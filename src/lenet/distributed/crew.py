"""The workers of a cluster: one for each CPU of each node, started when nodes join, dropped when they die."""

import collections
import itertools
import queue
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from lenet.display.plain import Finished
from lenet.distributed import orders
from lenet.distributed.worker import Worker
from lenet.errors import EngineError

LOOK = 2.0  # seconds between two looks at which nodes there are
SOON = 0.5  # seconds after the loss of a worker
MAX_FAILURES = 3  # workers of a node that die before they have answered anything, until it is left out
WAIT = 60.0  # seconds without any node until that is an error
PATIENCE = 5.0  # seconds without a worker that is ready until that is reported
START = 300.0  # seconds in which a worker must start where CPUs were free, until that is an error


@dataclass(eq=False)
class Member:
    """A worker.

    Attributes:
        actor: Ray's handle of it.
        node: the identity of its node.
        host: the node's name.
        is_ready: whether it has reported what is installed there.
        calls: that it has not answered yet.
    """

    actor: Any
    node: str
    host: str
    is_ready: bool = False
    calls: int = 0


class Crew:
    """Starts workers and calls them. What they answer is handled in the thread that calls `handle`.

    Attributes:
        notice: reports what its user should know.
    """

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.left_out: dict[str, str] = {}  # why, by node
        self._here, self._variant = orders.Installed.here(), orders.variant()
        self._failures = collections.Counter[str]()
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._under_way: set[Any] = set()
        self._next_look = 0.0
        self._last_seen = self._last_ready = time.monotonic()
        self._were_taken = False  # all CPUs, before the first worker was hired
        self._has_said = False  # what it waits for
        self._welcome: Callable[[Member], None] = lambda member: None
        self.notice: Callable[[str], None] = Finished("quiet", 0).notice

    def hire(self, limit: int | None, welcome: Callable[[Member], None]) -> None:
        """Have a worker for each CPU of every node that is alive; looks at most every LOOK seconds.

        Args:
            limit: workers at most.
            welcome: is called with each worker that is ready.

        Raises:
            EngineError: no node can train, or none starts a worker.
        """
        now, self._welcome = time.monotonic(), welcome
        self._say_what_it_waits_for()
        if now < self._next_look:
            return
        self._next_look = now + LOOK
        import ray

        if not self.members:
            self._were_taken = ray.available_resources().get("CPU", 0) < 1
        have = collections.Counter(member.node for member in self.members)
        alive = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
        nodes = [node for node in alive if node["NodeID"] not in self.left_out]
        free = (
            (node["NodeID"], node["NodeManagerHostname"])
            for node in nodes
            for _ in range(int(node["Resources"]["CPU"]) - have[node["NodeID"]])
        )
        for node, host in itertools.islice(free, None if limit is None else max(0, limit - len(self.members))):
            self._hire(node, host)
        if self.members:
            self._last_seen = now
        elif (alive and not nodes) or now - self._last_seen > WAIT:
            reasons = "; ".join(dict.fromkeys(self.left_out.values())) or "none of its nodes has a CPU"
            raise EngineError(
                f"no node of the Ray cluster can train: {reasons}",
                hint="`ray status` shows the nodes; everything so far is saved",
            )

    def _say_what_it_waits_for(self) -> None:
        """Report once, if no worker has been ready for some seconds, why; an error if none starts for minutes."""
        waited = time.monotonic() - self._last_ready
        if any(member.is_ready for member in self.members):
            self._last_ready, self._has_said = time.monotonic(), False
            return
        if waited > START and self.members and not self._were_taken:
            raise EngineError(
                f"no worker has started on the Ray cluster in {START:.0f} seconds",
                hint="`ray status` shows its nodes, and /tmp/ray/session_latest/logs on a node why it starts nothing",
            )
        if waited < PATIENCE or self._has_said:
            return
        self._has_said = True
        import ray

        total = int(ray.cluster_resources().get("CPU", 0))
        held = f"all {total} CPUs of the Ray cluster are" if total != 1 else "the CPU of the Ray cluster is"
        if self._were_taken:
            self.notice(f"{held} held by other work; waiting until one is free (Ctrl-C ends this)")
        else:
            self.notice("waiting for the workers on the Ray cluster to start (Ctrl-C ends this)")

    def _hire(self, node: str, host: str) -> None:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        groups: Any = {"num_cpus": 1, "max_restarts": 0, "concurrency_groups": {"control": 1}}
        actor_class: Any = ray.remote(**groups)(Worker)
        there = NodeAffinitySchedulingStrategy(node_id=node, soft=False)
        member = Member(actor_class.options(scheduling_strategy=there).remote(self._variant, sys.argv), node, host)
        self.members.append(member)
        self.call(member, member.actor.describe.remote(), lambda future: self._meet(member, future))

    def _meet(self, member: Member, future: "Future[Any]") -> None:
        """Refuses a worker whose trainings would have other bits."""
        from ray.exceptions import RayError

        try:
            differences = self._here.differences(future.result())
        except RayError as error:
            if "ModuleNotFoundError" in str(error) or "No module named" in str(error):
                raise EngineError(
                    f"the Python of Ray on the node {member.host} lacks lenet or a package that it needs",
                    hint=f"pip install lenet[ray]=={self._here.lenet} on every node, in the environment that runs Ray",
                ) from error
            self.lose(member)
            return
        if differences:
            if self._variant and "kernels None instead" in " ".join(differences):
                remedy = "set LENET_KERNELS=sse4 where lenet is started: every node can run that variant of the kernels"
            else:
                remedy = "install the same on all nodes, or leave the node out"
            raise EngineError(f"the node {member.host} has {', '.join(differences)}", hint=remedy)
        member.is_ready = True
        self._welcome(member)

    def call(self, member: Member, reference: Any, then: Callable[["Future[Any]"], None]) -> None:
        """Have `then` called, by `handle`, with the answer of a worker."""
        member.calls += 1
        self._under_way.add(reference)  # of what nobody refers to, Ray does not tell that it failed

        def answered(future: "Future[Any]") -> None:
            member.calls -= 1
            self._under_way.discard(reference)
            if not future.exception():
                self._failures[member.node] = 0
            then(future)

        self.when_done(reference.future(), answered)

    def when_done(self, future: "Future[Any]", then: Callable[["Future[Any]"], None]) -> None:
        """Have `then` called by `handle` when a future is done."""
        future.add_done_callback(lambda done: self.post(lambda: then(done)))

    def post(self, event: Callable[[], None]) -> None:
        """Have something done by `handle`, also from other threads."""
        self._events.put(event)

    def handle(self, seconds: float) -> None:
        """Call what waits to be called; wait for it at most so many seconds."""
        try:
            self._events.get(timeout=seconds)()
            while True:
                self._events.get_nowait()()
        except queue.Empty:
            pass

    def lose(self, member: Member) -> None:
        """Forget a worker that died; its node gets another if it lives and has not lost several at once."""
        if member not in self.members:
            return
        self._dismiss(member)
        self._failures[member.node] += 1
        if self._failures[member.node] >= MAX_FAILURES:
            self.leave_out(member, f"the workers on {member.host} die before they answer")

    def leave_out(self, member: Member, why: str) -> None:
        """Have no more workers on a member's node."""
        self.left_out[member.node] = why
        for other in [other for other in self.members if other.node == member.node]:
            self._dismiss(other)

    def close(self) -> None:
        """End all workers."""
        for member in [*self.members]:
            self._dismiss(member)

    def _dismiss(self, member: Member) -> None:
        import ray

        self.members.remove(member)
        self._next_look = min(self._next_look, time.monotonic() + SOON)
        ray.kill(member.actor)
