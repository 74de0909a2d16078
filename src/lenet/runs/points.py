"""The points of a run: the lines of metrics.jsonl, one for each chunk of steps, each epoch and each finding."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lenet.doctor.finding import Finding
from lenet.errors import RunError
from lenet.files import untrusted
from lenet.files.record import Record, omitted

MAX_LINE = 64 << 10  # bytes of a line


@dataclass(frozen=True, kw_only=True)
class ChunkPoint(Record):
    """The metrics of a chunk of steps.

    Attributes:
        kind: of the line in metrics.jsonl.
        step: steps taken so far.
        epoch: epochs done so far, with a fraction.
        train_loss: mean loss per image of the chunk.
        train_accuracy: share of the chunk's images that were classified correctly when they were seen.
        images_per_second: of the steps alone.
        learning_rate: of the chunk's last step.
    """

    kind: str = field(default="chunk", init=False)
    step: int
    epoch: float
    train_loss: float
    train_accuracy: float
    images_per_second: float
    learning_rate: float


@dataclass(frozen=True, kw_only=True)
class EpochPoint(Record):
    """The metrics of an epoch.

    Attributes:
        kind: of the line in metrics.jsonl.
        step: steps taken so far.
        epoch: epochs done so far.
        train_loss: mean loss per training image, taken while the weights changed.
        train_accuracy: share of the training images that were classified correctly when they were seen.
        images_per_second: of the steps alone.
        validation_loss: mean loss on the validation images, if there are any.
        validation_accuracy: accuracy on them.
        test_loss: mean loss on the test images, after the epoch.
        test_accuracy: accuracy on them.
    """

    kind: str = field(default="epoch", init=False)
    step: int
    epoch: int
    train_loss: float
    train_accuracy: float
    images_per_second: float
    validation_loss: float | None = omitted()
    validation_accuracy: float | None = omitted()
    test_loss: float
    test_accuracy: float


Point: TypeAlias = ChunkPoint | EpochPoint | Finding

KINDS: dict[str, type[ChunkPoint | EpochPoint | Finding]] = {
    "chunk": ChunkPoint,
    "epoch": EpochPoint,
    "finding": Finding,
}


def read_points(content: bytes | bytearray) -> list[Point]:
    """Read the points of a metrics.jsonl.

    A last line that was torn by a crash is left out, and so are points of an unknown kind, which a later version wrote.

    Args:
        content: of the file.

    Returns:
        The points in their order.

    Raises:
        ValueError: for a line that is no point, naming its number.
    """
    points: list[Point] = []
    torn = 0
    for number, values in enumerate(_lines(content), start=1):
        if torn:
            raise ValueError(f"line {torn} is no point")
        if values is None:
            torn = number
            continue
        try:
            point = _read(values)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
        points += [point] if point else []
    return points


def readable_lines(content: bytes | bytearray) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of those lines of a damaged metrics.jsonl that can be read."""
    for values in _lines(content):
        with contextlib.suppress(ValueError):
            if values and _read(values):
                yield values


def _read(values: dict[str, Any]) -> Point | None:
    """The point of a line; None for one of an unknown kind. Raises ValueError if it is damaged."""
    try:
        return KINDS[values["kind"]].from_dict(values) if values["kind"] in KINDS else None
    except RunError as error:
        raise ValueError(error.message) from error


def _lines(content: bytes | bytearray) -> Iterator[dict[str, Any] | None]:
    """The JSON object of each line; None for one that is no point, such as a last one that was torn."""
    start = 0
    while start < len(content):
        stop = content.find(b"\n", start) + 1 or len(content)
        try:
            values = untrusted.parse_json(bytes(content[start:stop])) if stop - start <= MAX_LINE else None
        except ValueError:
            values = None
        yield values if _is_point(values) else None
        start = stop


def _is_point(values: Any) -> bool:
    return isinstance(values, dict) and isinstance(values.get("kind"), str) and type(values.get("step")) is int
