"""The records of a run directory: what its JSON files hold, as frozen dataclasses.

    summary = Summary.from_dict(json.loads(text))
    summary.test_accuracy, summary.to_dict()

A key that is missing or holds something else is a ValueError that names it. Unknown keys are ignored, since a later version
may add some; a key that earlier versions did not write has a default. docs/run-directory.md explains every key.
"""

import functools
import sys
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Self, TypeAlias

from lenet.doctor.finding import Finding
from lenet.files.untrusted import printable
from lenet.images.preprocess import Preprocessing

MAX_THREADS = 4096
EXPECTED = {str: "text", int: "a whole number", float: "a finite number", tuple: "a list", Mapping: "an object"}


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a JSON object holds."""

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Make a record of a JSON object.

        Args:
            values: the object, as the JSON parser returns it.

        Returns:
            The record.

        Raises:
            ValueError: for a key that is missing or holds something else.
        """
        if not isinstance(values, dict):
            raise ValueError(f"it holds {printable(values)}; expected an object")
        arguments, kinds = {}, _types(cls)  # type: ignore[arg-type]  # a class is hashable
        for spec in fields(cls):
            if spec.name in values and spec.init:
                arguments[spec.name] = _read(spec.name, values[spec.name], kinds[spec.name])
            elif spec.default is MISSING:
                raise ValueError(f"it has no {spec.name}")
        return cls(**arguments)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON can hold it, its keys in the order of the fields."""
        values = {spec: getattr(self, spec.name) for spec in fields(self)}
        return {
            spec.name: _plain(value)
            for spec, value in values.items()
            if "omit" not in spec.metadata or value != spec.default
        }


def _omitted(default: Any = None) -> Any:
    """A field that is not written while it holds its default."""
    return field(default=default, metadata={"omit": True})


@dataclass(frozen=True, kw_only=True)
class Model(Record):
    """The model of a run.

    Attributes:
        name: a name in `lenet.registry.MODELS`.
        arguments: the settings it was built with.
        parameters: how many weights it has.
    """

    name: str
    arguments: Mapping[str, Any]
    parameters: int


@dataclass(frozen=True, kw_only=True)
class Resolved(Record):
    """What was decided when a training started, and why.

    Attributes:
        data: name of the data set.
        data_source: where it was read from, in words.
        data_folder: the folder it was read from.
        notice: a notice for the user, if `auto` had to choose another data set.
        classes: names of the classes, in the order of their labels.
        num_train: images to train on.
        num_validation: images held out for validation.
        num_test: images to test on.
        model: the model.
        preprocessing: how an image becomes the network's input.
        engine: what computed, a name in `lenet.registry.ENGINES`.
        engine_reason: why that engine was chosen.
        device: where it computed, such as cpu or cuda:0.
        device_reason: why that device was chosen.
    """

    data: str
    data_source: str = ""
    data_folder: str | None = None
    notice: str | None = None
    classes: tuple[str, ...]
    num_train: int = 0
    num_validation: int = 0
    num_test: int = 0
    model: Model
    preprocessing: Preprocessing
    engine: str
    engine_reason: str = ""
    device: str
    device_reason: str = ""

    def __post_init__(self) -> None:
        for name in ("data", "engine", "device"):  # which are printed
            if (text := getattr(self, name)) != printable(text):
                raise ValueError(f"{name} is {printable(text)}; expected one line of text")


@dataclass(frozen=True, kw_only=True)
class Environment(Record):
    """Where a run was trained. None stands for what is not known, or is not there.

    Attributes:
        lenet: version.
        commit: of lenet's repository, with + if files differ from it.
        python: version.
        torch: version; PyTorch need not be installed.
        numpy: version.
        safetensors: version.
        platform: operating system.
        processor: name.
        cores: how many this process may use.
        cpu_capability: what PyTorch used of the processor, in runs of earlier versions.
        threads: that compute.
        kernels: the CPU engine's variant, and what its library was built from and with.
        gpu: name.
        command: program and arguments.
        data_fingerprint: of the data set.
        resumed: each time that the run was resumed.
    """

    lenet: str | None = None
    commit: str | None = None
    python: str | None = None
    torch: str | None = None
    numpy: str | None = None
    safetensors: str | None = None
    platform: str | None = None
    processor: str | None = None
    cores: int | None = None
    cpu_capability: str | None = _omitted()
    threads: int
    kernels: str | None = None
    gpu: str | None = None
    command: tuple[str, ...] = ()
    data_fingerprint: str
    resumed: tuple["Resumption", ...] = _omitted(())

    def __post_init__(self) -> None:
        if not 1 <= self.threads <= MAX_THREADS:
            raise ValueError(f"threads is {printable(self.threads)}; expected 1 to {MAX_THREADS}")


@dataclass(frozen=True, kw_only=True)
class Resumption(Record):
    """A time that a run was resumed. In JSON the environment's keys stand beside the others.

    Attributes:
        step: steps taken before.
        epochs: how many the run was to have from then on.
        changes: what differed from the environment before, in words.
        environment: of the resumed training.
    """

    step: int
    epochs: int
    changes: tuple[str, ...]
    environment: Environment

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Make a record of a JSON object; see `Record.from_dict`."""
        return super().from_dict(values | {"environment": values} if isinstance(values, dict) else values)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON can hold it."""
        values = super().to_dict()
        environment: dict[str, Any] = values.pop("environment")
        return values | environment


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
    validation_loss: float | None = _omitted()
    validation_accuracy: float | None = _omitted()
    test_loss: float
    test_accuracy: float


Point: TypeAlias = ChunkPoint | EpochPoint | Finding


def read_point(values: Mapping[str, Any]) -> Point | None:
    """Make a point of a line of metrics.jsonl; None for one of an unknown kind, which a later version wrote.

    Raises:
        ValueError: for a key that is missing or holds something else.
        RunError: for a finding that is none.
    """
    kinds: dict[str, type[ChunkPoint | EpochPoint | Finding]] = {
        "chunk": ChunkPoint,
        "epoch": EpochPoint,
        "finding": Finding,
    }
    kind = kinds.get(values["kind"])
    return kind.from_dict(values) if kind else None


@dataclass(frozen=True, kw_only=True)
class Summary(Record):
    """The numbers of a finished run: what `lenet train --json` prints.

    Attributes:
        train_loss: of the last epoch, while the weights changed.
        train_accuracy: the same.
        validation_loss: after the last epoch, if images were held out.
        validation_accuracy: the same.
        test_loss: after the last epoch.
        test_accuracy: the same.
        images_per_second: training images per second of the steps alone.
        images_per_second_end_to_end: training images per second of loading, steps, evaluation and saving.
        seconds: from the call to the summary.
        steps_seconds: of the steps alone.
        epochs: passes over the training images.
        parameters: weights of the network.
        model: its name.
        recipe: that the settings started from.
        seed: of initial weights, order and augmentation.
        engine: what computed.
        device: where.
        data: name of the data set.
        micro_batch: images of a batch that were computed at a time at the end, where memory was short.
        weights_sha256: SHA-256 of model.safetensors.
        run: the run directory.
    """

    train_loss: float
    train_accuracy: float
    validation_loss: float | None = _omitted()
    validation_accuracy: float | None = _omitted()
    test_loss: float
    test_accuracy: float
    images_per_second: float
    images_per_second_end_to_end: float
    seconds: float
    steps_seconds: float
    epochs: int
    parameters: int
    model: str
    recipe: str
    seed: int
    engine: str
    device: str
    data: str
    micro_batch: int | None = None
    weights_sha256: str | None = None
    run: str


@functools.cache
def _types(record: type[Any]) -> dict[str, Any]:
    """The types of a record's fields, by name."""
    return typing.get_type_hints(record)


def _read(name: str, value: Any, kind: Any) -> Any:
    """The value of a key in the type of its field. Raises ValueError if it holds something else."""
    origin, inner = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin is types.UnionType:  # of a type and None
        return None if value is None else _read(name, value, inner[0])
    if origin is tuple and isinstance(value, list):
        return tuple(_read(name, each, inner[0]) for each in value)
    if hasattr(origin, "from_dict"):
        try:
            return origin.from_dict(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    if origin is float and type(value) in (int, float) and abs(value) <= sys.float_info.max:
        return float(value)
    if origin is Mapping and isinstance(value, dict):
        return value
    if type(value) is origin:
        return value
    raise ValueError(f"{name} is {printable(value)}; expected {EXPECTED[origin]}")


def _plain(value: Any) -> Any:
    """The value as JSON can hold it."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
