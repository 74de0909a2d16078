"""The records of a run directory: what config.json, environment.json and summary.json hold.

    summary = Summary.from_dict(json.loads(text))
    summary.test_accuracy, summary.to_dict()

docs/run-directory.md explains every key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from lenet.files.record import Record, omitted
from lenet.files.untrusted import printable
from lenet.images.preprocess import Preprocessing

MAX_THREADS = 4096


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
class Teacher(Record):
    """What a run learned from beside the labels.

    Attributes:
        path: the weights file of the teacher; None for soft targets that were given with the data.
        model: its model, a name in `lenet.registry.MODELS`.
        weights_sha256: SHA-256 of that file.
        targets_sha256: SHA-256 of the soft targets.
    """

    path: str | None = omitted()
    model: str | None = omitted()
    weights_sha256: str | None = omitted()
    targets_sha256: str

    def __post_init__(self) -> None:
        for name in ("model", "weights_sha256"):  # which are printed
            if (text := getattr(self, name)) is not None and text != printable(text):
                raise ValueError(f"{name} is {printable(text)}; expected one line of text")


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
        teacher: where its soft targets came from, if it had any.
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
    teacher: Teacher | None = omitted()  # noqa: RUF009  (a field, and Teacher is frozen)

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
        cuda: the versions of CUDA, cuDNN and the driver, where PyTorch sees a GPU.
        precision: the arithmetic of the engine cuda: fp32, tf32 or bf16.
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
    cpu_capability: str | None = omitted()
    threads: int
    kernels: str | None = None
    gpu: str | None = None
    cuda: str | None = omitted()
    precision: str | None = omitted()
    command: tuple[str, ...] = ()
    data_fingerprint: str
    resumed: tuple["Resumption", ...] = omitted(())

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
class Summary(Record):
    """The numbers of a finished run: what `lenet train --json` prints.

    Attributes:
        train_loss: of the last epoch, or that whose weights were kept, while the weights changed.
        train_accuracy: the same.
        validation_loss: after that epoch, if images were held out.
        validation_accuracy: the same.
        test_loss: after that epoch.
        test_accuracy: the same.
        images_per_second: training images per second of the steps alone.
        images_per_second_end_to_end: training images per second of loading, steps, evaluation and saving.
        seconds: from the call to the summary.
        steps_seconds: of the steps alone.
        epochs: passes over the training images that were made.
        kept_epoch: whose weights are saved, if those of the best were to be kept.
        ended: why the training ended, in words, if it had a patience.
        parameters: weights of the network.
        model: its name.
        recipe: that the settings started from.
        seed: of initial weights, order and augmentation.
        engine: what computed.
        device: where.
        data: name of the data set.
        micro_batch: images of a batch that were computed at a time at the end, where memory was short.
        weights_sha256: SHA-256 of model.safetensors, as the training wrote it.
        calibrated_sha256: the same, with the calibration that it was given later.
        run: the run directory.
    """

    train_loss: float
    train_accuracy: float
    validation_loss: float | None = omitted()
    validation_accuracy: float | None = omitted()
    test_loss: float
    test_accuracy: float
    images_per_second: float
    images_per_second_end_to_end: float
    seconds: float
    steps_seconds: float
    epochs: int
    kept_epoch: int | None = omitted()
    ended: str | None = omitted()
    parameters: int
    model: str
    recipe: str
    seed: int
    engine: str
    device: str
    data: str
    micro_batch: int | None = None
    weights_sha256: str | None = None
    calibrated_sha256: str | None = omitted()
    run: str
