"""What saving costs: milliseconds of a checkpoint, and the share of all saving in a default training."""

import collections
import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import lenet
from faultlab import Row
from faultlab.trainings import begin, do
from lenet.data.dataset import Splits
from lenet.data.loading import load
from lenet.errors import DataError
from lenet.runs.folder import Folder
from lenet.runs.recorder import Recorder
from lenet.training.saver import Saver

MILLISECONDS, SHARE = 30.0, 0.02
ROUNDS, EACH = 20, 15
SERIES, TRAININGS = 4, 5
# All that saves, and the copies in memory that the trainer rolls back to. Nested calls are counted once.
SAVING = (
    (Recorder, ("create", "log", "save_weights", "finish")),
    (Folder, ("write",)),
    (Saver, ("checkpoint", "keep")),
    (Folder, ("write_snapshot",)),
)


def examine(short: bool) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        rounds = do(checkpoints, Path(folder), 3 if short else ROUNDS)
        medians = [1000 * statistics.median(seconds) for seconds in rounds]
        times = [1000 * second for seconds in rounds for second in seconds]
        yield Row(
            f"a checkpoint of LeNet: medians of {EACH}",
            len(medians),
            sum(median < MILLISECONDS for median in medians),
            f"the medians of the rounds are {min(medians):.1f} to {max(medians):.1f} ms; of all {len(times)} the median is "
            f"{statistics.median(times):.1f} ms, the longest {max(times):.1f} ms",
            "under 30 ms",
        )
        if short:
            return
        trained = [do(default_training, Path(folder) / f"default-{number}") for number in range(SERIES * TRAININGS)]
        shares = [sum(spent.values()) / seconds for _, seconds, spent in trained]
        medians = [statistics.median(shares[start : start + TRAININGS]) for start in range(0, len(shares), TRAININGS)]
        name, seconds, spent = sorted(trained, key=lambda each: sum(each[2].values()) / each[1])[len(trained) // 2]
        yield Row(
            f"all saving in a default training: medians of {TRAININGS}",
            len(medians),
            sum(median < SHARE for median in medians),
            f"the medians of the series are {min(medians):.2%} to {max(medians):.2%}, all {min(shares):.2%} to "
            f"{max(shares):.2%}; in the middle {sum(spent.values()):.3f} s of {seconds:.1f} s, on {name}: "
            + ", ".join(f"{part} {1000 * time:.0f} ms" for part, time in spent.items()),
            "under 2 %",
        )


def checkpoints(folder: Path, rounds: int) -> list[list[float]]:
    """The seconds of each checkpoint that the trainer saves, with the recipe `fast`."""
    found: list[float] = []
    settings: dict[str, Any] = {"epochs": 1, "batch_size": 16, "checkpoint_every": "1"}
    while len(found) < rounds * EACH:
        with tempfile.TemporaryDirectory(dir=folder) as run, timed(Saver, "checkpoint", found, []):
            begin(Path(run), settings)
    return [found[start : start + EACH] for start in range(0, rounds * EACH, EACH)]


def default_training(path: Path) -> tuple[str, float, dict[str, float]]:
    """Trains with the recipe `fast`; returns its data, its seconds, and the seconds of each part of saving.

    Writing the chart counts, drawing it does not.
    """
    splits = default_data()
    times: dict[str, list[float]] = collections.defaultdict(list)
    within: list[str] = []
    with contextlib.ExitStack() as stack:
        for kind, names in SAVING:
            for name in names:
                stack.enter_context(timed(kind, name, times[name], within))
        run = lenet.train(splits, recipe="fast", out=path, progress="quiet")
    return splits.name, run.summary.seconds, {name: sum(seconds) for name, seconds in times.items()}


def default_data() -> Splits:
    """Fashion-MNIST if it is on this machine, otherwise the built-in digits: nothing is downloaded."""
    try:
        return load("fashion-mnist", progress=None)
    except DataError:
        return load("digits")


@contextlib.contextmanager
def timed(kind: type, name: str, seconds: list[float], within: list[str]) -> Iterator[None]:
    """Adds the seconds of each call of a method to a list; within: measured calls in progress; nested ones are left out."""
    method = getattr(kind, name)

    def measured(*arguments: Any, **named: Any) -> Any:
        within.append(name)
        began = time.perf_counter()
        try:
            return method(*arguments, **named)
        finally:
            within.pop()
            if not within:
                seconds.append(time.perf_counter() - began)

    with mock.patch.object(kind, name, staticmethod(measured) if name == "create" else measured):
        yield
