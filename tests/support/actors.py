"""Workers of a cluster in this process, so that what calls them is tested without Ray's processes."""

from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

from lenet.distributed.crew import Crew, Member


class Reference:
    """What a call of an actor returns: the call is made when somebody asks for its future."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call

    def future(self) -> "Future[Any]":
        """The answer, or what was raised."""
        future: Future[Any] = Future()
        try:
            future.set_result(self.call())
        except Exception as error:
            future.set_exception(error)
        return future


class Actor:
    """Ray's handle of a worker."""

    def __init__(self, worker: Any) -> None:
        self.worker = worker

    def __getattr__(self, name: str) -> Any:
        return SimpleNamespace(
            remote=lambda *arguments: Reference(lambda: getattr(self.worker, name)(*arguments)),
            options=lambda **_: getattr(self, name),
        )


class LocalCrew(Crew):
    """Workers that are there from the beginning, each on a node of its own."""

    def __init__(self, workers: dict[str, Any]) -> None:
        super().__init__()
        self.members = [Member(Actor(worker), name, name, is_ready=True) for name, worker in workers.items()]

    def hire(self, limit: int | None, welcome: Callable[[Member], None]) -> None:
        """Nobody comes."""

    def _dismiss(self, member: Member) -> None:
        self.members.remove(member)
