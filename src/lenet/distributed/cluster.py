"""Joining a Ray cluster, or starting one on this machine, for as long as a command runs.

with connect("auto") as executor:
    sweep(variations, seeds=100, folder="runs/many", executor=executor)
"""

import contextlib
import importlib
import logging
import os
import socket
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lenet.analysis.evaluated import Evaluation
from lenet.analysis.evaluations import Subject
from lenet.display.plain import Finished
from lenet.distributed.calls import Calls
from lenet.distributed.crew import Crew
from lenet.distributed.dispatch import Dispatch
from lenet.distributed.evaluations import evaluations
from lenet.distributed.trials import RemoteTrials
from lenet.engines.threads import cores
from lenet.errors import EngineError, LenetError
from lenet.extras import require
from lenet.training.interrupts import Interrupted, interrupts
from lenet.training.tasks import Outcome, Task

TIMEOUT = 5.0  # seconds in which a cluster's head must answer
# The first bytes of a connection of gRPC, which is HTTP/2: the preface, and settings without a setting. A server answers with
# settings of its own.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
SETTINGS = 4  # the type of such a frame, its fourth byte


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
    if address != "auto":
        os.environ.setdefault(
            "RAY_NUM_REDIS_GET_RETRIES", "2"
        )  # each takes 40 seconds, where a head answers no question
    import ray

    is_ours = not ray.is_initialized()
    executor = RayExecutor()
    try:
        if is_ours:
            _join(address)
        yield executor
    finally:
        executor.close()
        if is_ours:
            ray.shutdown()


def _join(address: str) -> None:
    import ray

    found = _running() if address == "auto" else address
    options: dict[str, Any] = {"address": found}
    if found is None:
        options = {
            "address": "local",
            "num_cpus": cores(),
            "include_dashboard": False,
            "_node_ip_address": "127.0.0.1",
        }
    else:
        _check_answers(found)
    options |= {"log_to_driver": False, "logging_level": logging.CRITICAL, "configure_logging": False}
    refused = (RuntimeError, ConnectionError, ValueError, TimeoutError, AssertionError)
    try:
        try:
            ray.init(**options)
        except refused as error:
            if not (found and _asks_for_token(error) and _take_token()):
                raise
            ray.init(**options)
    except refused as error:
        if _asks_for_token(error):
            raise EngineError(
                f"the Ray cluster at {found} asks for a token",
                hint="copy ~/.ray/auth_token from the machine of its head to this one, and set RAY_AUTH_MODE=token",
            ) from error
        what = " ".join(str(error).split())[:300]
        where = f"the Ray cluster at {found} cannot be joined" if found else "Ray cannot be started on this machine"
        raise EngineError(
            f"{where}: {what}", hint="start lenet on a machine of the cluster, with the cluster's Python and Ray"
        ) from error
    _silence()


def _asks_for_token(error: BaseException) -> bool:
    """Whether a cluster refused this process because it showed no token, or another one."""
    causes: list[BaseException | None] = [error]
    while causes[-1] is not None:
        causes.append(causes[-1].__cause__ or causes[-1].__context__)
    return any("AuthToken" in str(cause) for cause in causes)


def _take_token() -> bool:
    """Show Ray's token from now on, if this machine has it and nobody chose by RAY_AUTH_MODE.

    A head asks for it where there is one when it starts; Ray leaves one wherever it started a cluster by itself.
    """
    try:
        setup: Any = importlib.import_module("ray._private.authentication.authentication_token_setup")
    except ImportError:  # an older Ray
        return False
    logging.getLogger(setup.__name__).setLevel(logging.ERROR)
    return "RAY_AUTH_MODE" not in os.environ and bool(setup.maybe_enable_token_auth_if_token_available(False))


def _silence() -> None:
    """Keep Ray from printing on stdout, amid a command's table or JSON, the log of each node that dies."""
    internals: Any = importlib.import_module("ray._private.worker")
    internals._worker_logs_enabled = False


def _running() -> str | None:
    """The address of a cluster that was started here, if it answers; that of RAY_ADDRESS in any case."""
    if given := os.environ.get("RAY_ADDRESS"):
        return given
    folder = Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir())
    try:
        address = (folder / "ray" / "ray_current_cluster").read_text(encoding="utf-8").strip()
        _check_answers(address)
    except (OSError, UnicodeDecodeError, EngineError):
        return None
    return address


def _check_answers(address: str) -> None:
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdecimal():
        raise EngineError(
            f"{address} is not the address of a Ray cluster; expected HOST:PORT of its head, or auto",
            hint="`ray start --head` prints it; its port is 6379 unless chosen otherwise",
        )
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=TIMEOUT) as connection:
            is_head = os.environ.get("RAY_USE_TLS", "0") != "0"  # Ray asks itself then
            if not is_head:
                connection.sendall(PREFACE)
                is_head = connection.recv(9)[3:4] == bytes([SETTINGS])
    except (OSError, OverflowError) as error:
        raise EngineError(
            f"no Ray cluster answers at {address} ({error})",
            hint="`ray start --head` starts one; --ray auto takes this machine alone",
        ) from error
    if not is_head:
        raise EngineError(
            f"what answers at {address} is not the head of a Ray cluster",
            hint="`ray start --head` prints the address; its port is 6379 unless chosen otherwise",
        )
