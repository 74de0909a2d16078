"""A Ray cluster for as long as a command runs, and what it does there.

with connect("auto") as executor:
    sweep(variations, seeds=100, folder="runs/many", executor=executor)
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence

from lenet.analysis.evaluated import Evaluation
from lenet.analysis.evaluations import Subject
from lenet.display.plain import Finished
from lenet.distributed import joining
from lenet.distributed.calls import Calls
from lenet.distributed.crew import Crew
from lenet.distributed.dispatch import Dispatch
from lenet.distributed.evaluations import evaluations
from lenet.distributed.trials import RemoteTrials
from lenet.errors import LenetError
from lenet.extras import require
from lenet.training.interrupts import Interrupted, interrupts
from lenet.training.tasks import Outcome, Task


class RayExecutor:
    """Does trainings on the workers of the cluster that this process has joined; an `Executor` of lenet.training.tasks.

    Its workers stay until `close`, so that one sweep after the other finds them ready.
    """

    def __init__(self) -> None:
        self._crew: Crew | None = None

    def __call__(self, tasks: Sequence[Task], display: Finished, workers: int | None = None, /) -> list[Outcome]:
        """Do all tasks; a finished run is kept as it is, an interrupted one is resumed.

        Args:
            tasks: the trainings.
            display: reports each that is finished.
            workers: trainings at a time; by default one for each CPU of the cluster.

        Returns:
            What came of each, in the order of the tasks.

        Raises:
            EngineError: no node can train, or one has other versions than this process.
        """
        self._crew = self._crew or Crew()
        try:
            with interrupts() as interrupt:
                outcomes = Dispatch(self._crew, tasks, display, workers, interrupt).run()
        except BaseException:
            self.close()
            raise
        if any(isinstance(outcome, Interrupted) for outcome in outcomes):
            self.close()
        return outcomes

    @contextlib.contextmanager
    def trials(self, workers: int | None, display: Finished) -> Iterator[RemoteTrials]:
        """Be ready for the trials of a search; see `lenet.training.trials.TrialExecutor`.

        Args:
            workers: trials at a time; by default one for each CPU of the cluster.
            display: reports what its user should know.
        """
        with self._calls(workers, display) as calls:
            yield RemoteTrials(calls)

    def evaluations(self, subjects: Iterable[Subject], split: str) -> Iterator[Evaluation | LenetError]:
        """Evaluate networks; see `lenet.analysis.evaluations.Evaluates`."""
        with self._calls(None, Finished("auto", 0)) as calls:
            yield from evaluations(calls, subjects, split)

    @contextlib.contextmanager
    def _calls(self, workers: int | None, display: Finished) -> Iterator[Calls]:
        self._crew = self._crew or Crew()
        try:
            with Calls(self._crew, workers, display) as calls:
                yield calls
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the workers."""
        if self._crew is not None:
            self._crew.close()
            self._crew = None

    def describe(self) -> str:
        """Say in words what the cluster has."""
        import ray

        nodes = [node for node in ray.nodes() if node["Alive"]]
        cpus = sum(int(node["Resources"].get("CPU", 0)) for node in nodes)
        many = "s" if len(nodes) != 1 else ""
        return f"Ray at {ray.get_runtime_context().gcs_address}: {len(nodes)} node{many} with {cpus} CPUs"


@contextlib.contextmanager
def connect(address: str) -> Iterator[RayExecutor]:
    """Join a cluster, and leave it at the end.

    Args:
        address: HOST:PORT of a cluster to which this machine belongs, or "auto": the cluster that runs here, else one that is
            started for this process, on loopback addresses, and ends with it. A cluster that this process has joined is
            taken as it is.

    Yields:
        What does trainings there.

    Raises:
        MissingExtra: Ray is not installed.
        EngineError: no cluster answers, or it cannot be joined.
    """
    require("ray", "--ray")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    found = joining.find(address)
    if found is not None:  # before Ray is imported, which reads it then
        # Each takes up to 40 seconds, where a head answers no question, and prints a line, where it asks for a token.
        os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "2")
    import ray

    is_ours = not ray.is_initialized()
    executor = RayExecutor()
    try:
        if is_ours:
            joining.join(found)
        yield executor
    finally:
        executor.close()
        if is_ours:
            ray.shutdown()
