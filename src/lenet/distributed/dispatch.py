"""Trainings on the workers of a cluster: which worker does which, what comes back, and what is done again."""

import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from lenet.display.plain import Finished
from lenet.distributed.crew import Crew, Member
from lenet.distributed.orders import Answer, Order
from lenet.distributed.shipping import Shipping
from lenet.errors import EngineError, SaveError, quoted
from lenet.files import durable, whole_folder
from lenet.runs.run import Run
from lenet.training.interrupts import Interrupt, Interrupted
from lenet.training.tasks import Outcome, Task, report
from lenet.training.teacher import open_teacher

CALL = 0.5  # seconds that the trainings of one call take, if they are shorter than that
MAX_ATTEMPTS = 10  # until a training is given up whose workers die
GRACE = 30.0  # seconds that workers have after Ctrl-C to save what they are at
SAVERS = 8  # threads that write run directories; they wait for the disk most of the time


class Dispatch:
    """Has a sweep's trainings done; made anew for each.

    A worker has two calls at a time, so that it never waits for lenet: one under way, and one that waits for it.

    Args:
        crew: the workers.
        tasks: the trainings.
        display: reports each that is finished.
        limit: workers at most.
        interrupt: set when all is to stop.
    """

    def __init__(
        self, crew: Crew, tasks: Sequence[Task], display: Finished, limit: int | None, interrupt: Interrupt
    ) -> None:
        self.crew, self.tasks, self.display, self.limit, self.interrupt = crew, tasks, display, limit, interrupt
        crew.notice = display.notice
        self.outcomes: dict[int, Outcome] = {}
        self.waiting = deque(range(len(tasks)))
        self.attempts = [0] * len(tasks)
        self.seconds: float | None = None  # of a training, as measured
        self.shipping = Shipping()
        self.teachers: dict[str, str | None] = {}
        self.savers = ThreadPoolExecutor(SAVERS, thread_name_prefix="save")

    def run(self) -> list[Outcome]:
        """Do all trainings; see `lenet.training.tasks.Executor`."""
        try:
            for number, task in enumerate(self.tasks):
                if (task.folder / "summary.json").is_file():
                    self._end(number, Run.load(task.folder))
            self.waiting = deque(number for number in self.waiting if number not in self.outcomes)
            for member in self.crew.members:
                self._assign(member)
            while len(self.outcomes) < len(self.tasks) and not self.interrupt.is_set():
                self.crew.hire(self.limit, self._assign)
                self.crew.handle(0.2)
            if self.interrupt.is_set():
                self._stop()
        finally:
            self.savers.shutdown()
        return [self.outcomes[number] for number in range(len(self.tasks))]

    def _assign(self, member: Member) -> None:
        """Gives a worker what it can take."""
        if self.limit is not None and member not in self.crew.members[: self.limit]:
            return
        while member.is_ready and self.waiting and not self.interrupt.is_set():
            # At the end, no training waits behind another while a worker has none.
            if member.calls >= (2 if len(self.waiting) > len(self.crew.members) else 1):
                return
            orders = [self._order(number) for number in self._next()]
            # mypy cannot infer the type of a lambda with a default, which keeps the value of this turn of the loop.
            shipments = {order.data: self.shipping.shipments[order.data] for order in orders}
            self.crew.call(
                member,
                member.actor.train.remote(orders, shipments),
                lambda future, orders=orders: self._answered(member, orders, future),  # type: ignore[misc]
            )

    def _next(self) -> list[int]:
        """The trainings of one call: some short ones, or one that is long, or whose worker died."""
        count = 1
        if self.seconds and not self.attempts[self.waiting[0]]:
            share = len(self.waiting) // (2 * len(self.crew.members))
            count = max(1, min(int(CALL / self.seconds), share))
        return [self.waiting.popleft() for _ in range(count)]

    def _order(self, number: int) -> Order:
        task = self.tasks[number]
        teacher = task.config.teacher
        if teacher is not None and teacher not in self.teachers:
            self.teachers[teacher] = open_teacher(teacher).sha256
        return Order(
            number=number,
            config=task.config,
            data=self.shipping.ship(task.data).key,
            path=str(task.folder),
            name=task.name or str(task.folder),
            files=whole_folder.read(task.folder) if (task.folder / "config.json").is_file() else {},
            teacher=None if teacher is None else self.teachers[teacher],
        )

    def _answered(self, member: Member, orders: Sequence[Order], future: "Future[list[Answer]]") -> None:
        from ray.exceptions import RayError, RayTaskError

        try:
            answers = future.result()
        except RayTaskError:
            raise
        except RayError:  # the worker or its node died, or what it had answered was lost with it
            if member in self.crew.members:
                self.display.notice(f"a worker on {member.host} died; what it had is trained again elsewhere")
            self.crew.lose(member)
            for order in orders:
                self._again(order)
            return
        for answer, order in zip(answers, orders, strict=True):
            if isinstance(answer.error, SaveError):
                if member in self.crew.members:
                    why = f"on the node {member.host}: {answer.error.message}"
                    self.display.notice(f"{why}; it is left out, and its trainings are done elsewhere")
                    self.crew.leave_out(member, why)
                self._again(order)
            else:
                mean = answer.seconds if self.seconds is None else self.seconds
                self.seconds = 0.8 * mean + 0.2 * answer.seconds
                saved = self.savers.submit(_saved, Path(order.path), answer, self.interrupt)
                self.crew.when_done(saved, lambda done, order=order: self._end(order.number, done.result()))  # type: ignore[misc]
                for notice in answer.notices:
                    self.display.notice(f"{order.name}: {notice}")
        if member in self.crew.members:
            self._assign(member)

    def _again(self, order: Order) -> None:
        self.attempts[order.number] += 1
        if self.attempts[order.number] >= MAX_ATTEMPTS:
            message = f"{order.name}: {MAX_ATTEMPTS} workers died while they trained it"
            self._end(
                order.number, EngineError(message, hint="do the nodes have enough memory? `ray status` shows them")
            )
            return
        self.waiting.appendleft(order.number)
        for member in self.crew.members:
            self._assign(member)

    def _end(self, number: int, outcome: Outcome) -> None:
        if isinstance(outcome, SaveError):  # here, and not on a node: nothing else could be saved either
            raise outcome
        self.outcomes[number] = outcome
        report(self.tasks[number], outcome, self.display)

    def _stop(self) -> None:
        """Lets the workers save what they are at, and waits for it a while."""
        for member in self.crew.members:
            member.actor.stop.options(concurrency_group="control").remote()
        until = time.monotonic() + GRACE
        while any(member.calls for member in self.crew.members if member.is_ready) and time.monotonic() < until:
            self.crew.handle(0.2)
        self.savers.shutdown()
        self.crew.handle(0)
        for number in range(len(self.tasks)):
            self.outcomes.setdefault(number, Interrupted("not begun", self.interrupt.exit_code))


def _saved(folder: Path, answer: Answer, interrupt: Interrupt) -> Outcome:
    """Writes the run directory of an answer."""
    if answer.files:
        try:
            whole_folder.write(folder, answer.files)
        except OSError as error:
            what, remedy = durable.explain(error)
            return SaveError(f"cannot write {folder}: {what}", hint=f"{remedy}, then the same command resumes")
    if answer.error is not None:
        return answer.error
    if answer.is_interrupted:
        return Interrupted(f"{quoted(folder)} is saved", interrupt.exit_code, (), [folder] if answer.files else [])
    return Run.load(folder)
