"""Saving the states of a training: checkpoints, and the last good state when the weights diverge or the engine fails."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lenet.engines.state import Snapshot
from lenet.errors import EngineError, SaveError, quoted
from lenet.runs.run import Run
from lenet.training.checkpointing import CheckpointClock
from lenet.training.job import Job
from lenet.training.position import Position
from lenet.training.rollback import Rollback, State


@dataclass(frozen=True)
class Bookmark:
    """What belongs to a state of the engine.

    Attributes:
        position: where the training stood.
        num_bytes: of metrics.jsonl until then.
    """

    position: Position
    num_bytes: int


class Saver:
    """Keeps the newest states of a training in memory, and saves them.

    Args:
        job: the training.
        position: where it stands.

    Attributes:
        clock: when a checkpoint is due.
    """

    def __init__(self, job: Job, position: Position) -> None:
        self.clock = CheckpointClock(job.recorder.config)
        self._recorder, self._began = job.recorder, job.session.began - position.seconds
        self._rollback: Rollback[Snapshot, Bookmark] = Rollback(job.setup.engine)

    def seconds(self) -> float:
        """Return the duration of the training so far, that before it was resumed included."""
        return time.perf_counter() - self._began

    def keep(self, step: int, position: Position) -> None:
        """Copy the present state in memory; at the start of an epoch its weights were evaluated, or are the initial ones."""
        position.seconds = self.seconds()
        bookmark = Bookmark(position.copy(), len(self._recorder.lines))
        self._rollback.keep(step, bookmark, is_measured=position.step == 0)

    def checkpoint(self, step: int, position: Position) -> None:
        """Save the present state.

        Raises:
            SaveError: if it cannot be written.
        """
        began = time.perf_counter()
        self.keep(step, position)
        self._save(self._rollback.newest)
        self.clock.saved(began)

    def go_back(self, step: int, bad: int) -> int:
        """Save the last good state, after the weights have diverged; return its step.

        Args:
            step: steps taken so far.
            bad: the steps after which the weights are known to be bad.
        """
        good = self._rollback.last_good(bad)
        if good is None:  # the training was resumed from a checkpoint whose weights nobody had measured
            return self._recorder.forget_checkpoints(step)
        self._save(good)
        return good.step

    def save_after(self, error: EngineError) -> EngineError:
        """Save the last good state after an error of the engine, which is not asked: its device may be lost.

        Returns:
            The error, with the way to resume.

        Raises:
            SaveError: if it cannot be written.
        """
        newest = self._rollback.newest
        try:
            self._save(newest)
        except SaveError as second:
            both = SaveError(f"{error.message}; and {second.message}", hint=second.hint)
            both.training = self
            raise both from error
        resume = f"lenet train --resume {quoted(self._recorder.path)}"
        hint = (error.hint or "").replace("lenet train --resume RUN", resume)
        if resume not in hint:
            hint = f"{hint}; {resume} resumes from step {newest.step:,}" if hint else f"{resume} resumes"
        return EngineError(error.message, hint=hint)

    def save_to(self, folder: str | os.PathLike[str]) -> Run:
        """Save the last good state as a new run in another folder, under the name of this one, and return that run."""
        newest = self._rollback.newest
        path = Path(folder) / self._recorder.path.name
        position, num_bytes = newest.note.position.to_dict(), newest.note.num_bytes
        return self._recorder.copy_to(path, num_bytes, newest.step, _tensors(newest), position)

    def _save(self, state: State[Snapshot, Bookmark]) -> None:
        position, num_bytes = state.note.position.to_dict(), state.note.num_bytes
        self._recorder.checkpoint(state.step, _tensors(state), position, num_bytes)


def _tensors(state: State[Snapshot, Bookmark]) -> dict[str, NDArray[Any]]:
    """What a checkpoint holds of a state: that of the engine, and the best weights so far."""
    return state.snapshot.state_dict() | state.note.position.tensors()
