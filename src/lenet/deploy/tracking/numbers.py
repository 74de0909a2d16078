"""All numbers of a run that are exported, under the names that every target uses.

for value in numbers_of(found).values:
    value.step, value.name, value.value  # 470, "epoch/test_accuracy", 0.8812
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from lenet.deploy.tracking.finding import FoundRun
from lenet.doctor.finding import Finding
from lenet.errors import RunError
from lenet.files import untrusted
from lenet.runs.points import ChunkPoint, Point
from lenet.runs.records import Environment, Resolved
from lenet.runs.run import Run
from lenet.training.sweep import DIVERGED

FINISHED, UNFINISHED, HAS_DIVERGED = "finished", "unfinished", "diverged"
# The numbers of summary.json; text and what repeats a setting are left out.
FINAL = (
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "test_loss",
    "test_accuracy",
    "seconds",
    "steps_seconds",
    "images_per_second",
    "images_per_second_end_to_end",
    "kept_epoch",
    "parameters",
)
ENVIRONMENT = ("lenet", "commit", "python", "torch", "numpy", "platform", "processor", "kernels", "gpu")


class Value(NamedTuple):
    """A number of a line of metrics.jsonl.

    Args:
        step: steps taken until then.
        epoch: epochs done until then.
        name: the kind of the line and the key, such as epoch/test_accuracy.
        value: the number.
        seconds: that the steps until then took, by their images per second.
    """

    step: int
    epoch: float
    name: str
    value: float
    seconds: float


@dataclass(frozen=True)
class RunNumbers:
    """What is exported of a run.

    Attributes:
        found: the run.
        values: the numbers of metrics.jsonl, in its order.
        final: the numbers of summary.json by name; empty for a run that has not finished.
        tags: what else tells it from others: hashes, versions, the machine.
        findings: the doctor's.
        status: "finished", "unfinished" or "diverged".
        ended: when the last line of metrics.jsonl was written, in seconds since 1970.
    """

    found: FoundRun
    values: Sequence[Value]
    final: Mapping[str, float]
    tags: Mapping[str, str]
    findings: Sequence[Finding]
    status: str
    ended: float

    @property
    def started(self) -> float:
        """When the first step was taken, in seconds since 1970, by what the steps took."""
        return self.ended - self.values[-1].seconds

    @property
    def last_step(self) -> int:
        """How many steps were taken."""
        return self.values[-1].step

    @property
    def with_epochs(self) -> list[Value]:
        """The values, and at each step that has some, the epochs done under the name "epochs"."""
        steps = {value.step: value for value in self.values}
        return [*self.values, *(value._replace(name="epochs", value=value.epoch) for value in steps.values())]

    @cached_property
    def identity(self) -> str:
        """SHA-256 of what stays the same while a run grows, is finished, moved or copied, and differs for any other.

        The speed of the first chunk is part of it, so that the same training done twice is two runs.
        """
        first = [value[:4] for value in self.values if value.step == self.values[0].step]
        made_of = [self.found.settings, self.tags["data_fingerprint"], first]
        return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def numbers_of(found: FoundRun) -> RunNumbers:
    """Read what is exported of a run.

    Args:
        found: the run.

    Raises:
        RunError: a file cannot be read, or there are no metrics.
    """
    run = Run(found.path)
    points = run.metrics
    values = _values(points, run.resolved.num_train)
    if not values:
        raise RunError(f"the run {untrusted.printable(run.path)} has no metrics any more", hint="export it again")
    status = UNFINISHED
    if run.is_finished:
        status = FINISHED
    elif (run.path / DIVERGED).is_file():
        status = HAS_DIVERGED
    return RunNumbers(
        found,
        values,
        _final(run) if status == FINISHED else {},
        _tags(found, run, status),
        [point for point in points if isinstance(point, Finding)],
        status,
        (run.path / "metrics.jsonl").stat().st_mtime,
    )


def _values(points: Sequence[Point], num_train: int) -> list[Value]:
    values: list[Value] = []
    epoch, seconds = 0.0, 0.0
    for point in points:
        if isinstance(point, Finding):
            continue
        if isinstance(point, ChunkPoint) and point.images_per_second > 0:
            seconds += max(point.epoch - epoch, 0) * num_train / point.images_per_second
            epoch = point.epoch
        for field in dataclasses.fields(point):
            number = getattr(point, field.name)
            if field.name not in ("kind", "step", "epoch") and number is not None:
                values.append(Value(point.step, point.epoch, f"{point.kind}/{field.name}", number, seconds))
    return values


def _final(run: Run) -> dict[str, float]:
    summary = run.summary
    numbers = {name: getattr(summary, name) for name in FINAL} | {"epochs_done": summary.epochs}
    return {name: number for name, number in numbers.items() if number is not None}


def _tags(found: FoundRun, run: Run, status: str) -> dict[str, str]:
    environment: Environment = run.environment
    resolved: Resolved = run.resolved
    summary = run.summary if run.is_finished else None
    tags = {
        "status": status,
        "variation": found.variation,
        "weights_sha256": summary and summary.weights_sha256,
        "calibrated_sha256": summary and summary.calibrated_sha256,
        "data_fingerprint": environment.data_fingerprint,
        "teacher_sha256": resolved.teacher and resolved.teacher.targets_sha256,
        "engine_used": resolved.engine,
        "device_used": resolved.device,
        "threads_used": environment.threads,
        **{name: getattr(environment, name) for name in ENVIRONMENT},
        "folder": str(run.path.absolute()),
    }
    return {name: str(value) for name, value in tags.items() if value is not None}
