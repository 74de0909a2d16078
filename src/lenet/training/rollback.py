"""The states that a training can go back to when its weights diverge or its engine fails.

    rollback = Rollback(engine)
    rollback.keep(step, position)  # before each chunk of steps
    good = rollback.last_good(step)  # after the loss of step `step` + 1 was NaN or infinite
    engine.load_state_dict(good.snapshot.state_dict())

The loss of a step is that of the weights before it. So a state is known to be good once the step after it has a finite loss,
or if its weights were evaluated.
"""

from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

MOST = 2  # states that are kept: the newest, which the next loss may show to be bad, and the one before it


class Takes(Protocol):
    """A copy of a state, in memory of its own."""

    def take(self) -> None:
        """Copy the present state in place of the one before."""


Snapshot = TypeVar("Snapshot", bound=Takes)
SnapshotOf = TypeVar("SnapshotOf", bound=Takes, covariant=True)
Note = TypeVar("Note")


class Source(Protocol[SnapshotOf]):
    """What is trained, such as an engine."""

    def snapshot(self) -> SnapshotOf:
        """Return a copy of the present state."""


@dataclass(frozen=True)
class State(Generic[Snapshot, Note]):
    """A state and what belongs to it.

    Attributes:
        step: steps taken before it.
        snapshot: the state.
        note: what else the training needs to go back to it.
        is_measured: whether its weights are known to be good: they were evaluated, or are the initial ones.
    """

    step: int
    snapshot: Snapshot
    note: Note
    is_measured: bool


class Rollback(Generic[Snapshot, Note]):
    """The two newest states of a training."""

    def __init__(self, source: Source[Snapshot]) -> None:
        self._source = source
        self._states: list[State[Snapshot, Note]] = []
        self._spare: Snapshot | None = None

    @property
    def newest(self) -> State[Snapshot, Note]:
        """The state kept last."""
        return self._states[-1]

    def keep(self, step: int, note: Note, *, is_measured: bool = False) -> None:
        """Copy the present state; if it was copied after the same step before, replace only what belongs to it.

        If copying fails, as on a device that is lost, the states kept before remain.

        Args:
            step: steps taken so far.
            note: what else the training needs to go back to this state.
            is_measured: whether the weights are known to be good: they were evaluated, or are the initial ones.
        """
        if self._states and self.newest.step == step:
            self._states[-1] = replace(self.newest, note=note, is_measured=is_measured)
            return
        if self._spare is None:
            snapshot = self._source.snapshot()
        else:
            snapshot = self._spare
            snapshot.take()
        self._states.append(State(step, snapshot, note, is_measured))
        self._spare = self._states.pop(0).snapshot if len(self._states) > MOST else None

    def last_good(self, step: int) -> State[Snapshot, Note] | None:
        """Return the newest state that is good if the one after `step` steps is not; None if none of them is known to be."""
        return next((state for state in reversed(self._states) if state.step < step or state.is_measured), None)
