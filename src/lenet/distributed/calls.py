"""Calls to the workers of a cluster from any thread; a thread of this module sends them and takes the answers.

with Calls(crew, None, display) as calls:
    future = calls.ask(0, lambda actor: actor.describe.remote())
    answer = calls.wait(future, interrupt)
"""

import concurrent.futures
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from lenet.display.plain import Finished
from lenet.distributed.crew import Crew, Member
from lenet.errors import EngineError, LenetError
from lenet.training.interrupts import Interrupt

POLL = 0.2  # seconds between two looks at whether all is to stop
MAX_ATTEMPTS = 10  # until a call is given up whose workers die


@dataclass(eq=False)
class Call:
    """What is asked of a worker.

    Attributes:
        job: that it belongs to; one worker does a job. None for a job of its own.
        ask: makes the call, given Ray's handle of a worker.
        answer: what comes back.
        attempts: how many workers died while they did it.
    """

    job: int | None
    ask: Callable[[Any], Any]
    answer: "Future[Any]" = field(default_factory=Future)
    attempts: int = 0


class Calls:
    """Has calls answered, each again by another worker if its worker dies. A context manager, which ends its thread.

    Args:
        crew: the workers.
        limit: workers at most.
        display: reports what its user should know.
    """

    def __init__(self, crew: Crew, limit: int | None, display: Finished) -> None:
        self.crew, self.limit = crew, limit
        crew.notice = display.notice
        self._waiting: deque[Call] = deque()  # this, the crew and the next one belong to the thread
        self._members: dict[int, Member] = {}  # by the job that each is at
        self._error: BaseException | None = None
        self._is_over = False
        self._mutex = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="calls", daemon=True)

    def __enter__(self) -> "Calls":
        return self

    def __exit__(self, *error: object) -> None:
        self._is_over = True
        if self._thread.ident is not None:
            self._thread.join()

    def num_workers(self) -> int:
        """Return how many workers are ready at present."""
        return sum(member.is_ready for member in [*self.crew.members][: self.limit])

    def ask(self, job: int | None, ask: Callable[[Any], Any]) -> "Future[Any]":
        """Call a worker: that of the job, or the first one that has no job, which has it until `end`.

        Args:
            job: its number; None for a job of its own, which ends with the answer.
            ask: calls a method of an actor of Ray's; may be called several times. A LenetError that it raises is the answer.

        Returns:
            What the worker will answer, for `wait`.
        """
        call = Call(job, ask)
        with self._mutex:
            if self._thread.ident is None:
                self._thread.start()
        self.crew.post(lambda: self._begin(call))
        return call.answer

    def wait(self, answer: "Future[Any]", interrupt: Interrupt) -> Any:
        """Return an answer, which may be a LenetError; None after an interrupt.

        Raises:
            EngineError: no node can do anything.
        """
        while not interrupt.is_set():
            if self._error is not None:
                raise self._error
            try:
                return answer.result(POLL)
            except concurrent.futures.TimeoutError:
                continue
        return None

    def end(self, job: int) -> None:
        """Let a job's worker do others."""
        self.crew.post(lambda: self._end(job))

    def _run(self) -> None:
        try:
            while not self._is_over:
                self.crew.hire(self.limit, lambda member: None)
                self.crew.handle(POLL)
                self._assign()
        except BaseException as error:  # raised in the threads that wait
            self._error = error

    def _begin(self, call: Call) -> None:
        member = None if call.job is None else self._members.get(call.job)
        if member is None:
            self._waiting.append(call)
        else:
            self._call(member, call)

    def _end(self, job: int) -> None:
        self._members.pop(job, None)
        self._waiting = deque(call for call in self._waiting if call.job != job)

    def _assign(self) -> None:
        """Gives what waits to workers that have no job."""
        busy = {id(member) for member in self._members.values()}
        for member in self.crew.members[: self.limit]:
            if self._waiting and member.is_ready and not member.calls and id(member) not in busy:
                call = self._waiting.popleft()
                if call.job is not None:
                    self._members[call.job] = member
                self._call(member, call)

    def _call(self, member: Member, call: Call) -> None:
        try:
            reference = call.ask(member.actor)
        except LenetError as error:
            call.answer.set_result(error)
        else:
            self.crew.call(member, reference, lambda future: self._answered(member, call, future))

    def _answered(self, member: Member, call: Call, future: "Future[Any]") -> None:
        from ray.exceptions import RayError, RayTaskError

        try:
            call.answer.set_result(future.result())
        except RayTaskError:
            raise
        except RayError:  # the worker or its node died
            if member in self.crew.members:
                self.crew.notice(f"a worker on {member.host} died; what it had is done again elsewhere")
            self.crew.lose(member)
            if call.job is not None and self._members.pop(call.job, None) is None:
                return  # the job is over
            call.attempts += 1
            if call.attempts < MAX_ATTEMPTS:
                self._waiting.appendleft(call)
                return
            hint = "do the nodes have enough memory? `ray status` shows them"
            call.answer.set_result(EngineError(f"{MAX_ATTEMPTS} workers died at the same work", hint=hint))
