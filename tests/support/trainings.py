"""Shared by tests of trainings: stopping by a real signal, and comparing runs bit for bit."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import lenet
from lenet.data.dataset import Splits
from lenet.display.plain import Quiet
from lenet.runs.checkpoints import Checkpoint
from lenet.runs.points import Point
from lenet.runs.recorder import Recorder
from lenet.runs.records import Summary
from lenet.runs.run import Run

TIMES = ("seconds", "images_per_second", "steps_seconds", "run")


def without_times(record: Point | Summary) -> dict[str, Any]:
    """What a record holds, without what differs from training to training."""
    return {key: value for key, value in record.to_dict().items() if not key.startswith(TIMES)}


class StopAfter(Quiet):
    """Sends SIGINT to this process after so many chunks, as Ctrl-C does."""

    def __init__(self, chunks: int) -> None:
        super().__init__(sys.stderr)
        self.left = chunks

    def chunk(self, point: Any) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)


def train_toy(splits: Splits, folder: Path, **settings: Any) -> Run:
    """Train on a small data set in `folder`/run, two epochs of 20 steps."""
    defaults: dict[str, Any] = {"recipe": "fast", "epochs": 2, "batch_size": 50, "progress": "quiet"}
    return lenet.train(splits, out=folder / "run", **defaults | settings)


def same(one: Run, other: Run) -> bool:
    """Whether two runs have the same bits, times and paths aside."""
    return (
        (one.path / "model.safetensors").read_bytes() == (other.path / "model.safetensors").read_bytes()
        and [without_times(p) for p in one.metrics] == [without_times(p) for p in other.metrics]
        and without_times(one.summary) == without_times(other.summary)
    )


def content(run: Run) -> tuple[bytes, list[dict[str, Any]]]:
    """The weights and metrics of a run, without times."""
    return (run.path / "model.safetensors").read_bytes(), [without_times(point) for point in run.metrics]


def newest_checkpoint(run: Run) -> Checkpoint | None:
    """The newest whole checkpoint of a run."""
    return Recorder.open(run).find_checkpoint()[0]


def checkpoint_step(path: Path) -> int:
    """The step of the newest whole checkpoint of a run; 0 without one."""
    found = newest_checkpoint(Run(path))
    return found.step if found else 0
