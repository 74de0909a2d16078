"""What a training is joined from: data, network, engine, and the record of what was decided and why."""

import dataclasses
from pathlib import Path
from typing import Any

from lenet.config import MODEL_FIELDS, TrainConfig
from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Dataset, Splits, load
from lenet.data.locate import locate
from lenet.data.plan import hold_out
from lenet.display.progress import Progress
from lenet.engines import Engine
from lenet.engines.choice import Choice, choose_device, choose_engine, make_engine
from lenet.engines.threads import num_threads
from lenet.errors import ConfigError, DataError
from lenet.images.preprocess import Preprocessing
from lenet.networks import build
from lenet.networks.initialization import initialized
from lenet.runs.records import Model, Resolved
from lenet.runs.run import Run


@dataclasses.dataclass(frozen=True)
class Parts:
    """What a training is joined from."""

    train: Dataset
    validation: Dataset | None
    test: Dataset
    engine: Engine
    resolved: Resolved
    header: list[tuple[str, str]]


def load_data(run: Run, data_dir: str | None = None, show: Progress | None = None) -> Splits:
    """The data set of a run: from `data_dir`, LENET_DATA or the cache, else from where it was when the run was made."""
    name, folder = run.resolved.data, run.resolved.data_folder
    if name not in CATALOGUE:
        raise DataError(
            f"{run.path} was trained on data of your own, {name!r}, which cannot be found by its name",
            hint=f"in Python: lenet.evaluate({str(run.path)!r}, data), lenet.resume({str(run.path)!r}, data=data)",
        )
    if folder and Path(folder).is_dir() and locate(name, data_dir) is None:
        data_dir = folder
    return load(name, data_dir, progress=show.download if show else None)


def assemble(config: TrainConfig, splits: Splits, reason: str | None = None) -> Parts:
    """Data, model and engine for a config, and the record of what was decided; `reason` says why, if not the config."""
    if splits.train.images.ndim == 4:
        raise DataError(
            f"the pictures of {splits.name} have colours; training takes grey ones, of shape (N, height, width)",
            hint="average the colours: images.mean(axis=3).astype(numpy.uint8)",
        )
    if config.shift >= min(splits.train.size):
        height, width = splits.train.size
        raise ConfigError(
            f"shift is {config.shift}, but the pictures of {splits.name} are {height}×{width}",
            hint="take a smaller --shift",
        )
    if config.validation >= len(splits.train):
        raise ConfigError(
            f"validation is {config.validation:,}, but {splits.name} has {len(splits.train):,} training pictures",
            hint="hold out fewer with --validation N",
        )
    kept, held = hold_out(config, len(splits.train))
    train = splits.train.subset(kept) if len(held) else splits.train
    validation = splits.train.subset(held) if len(held) else None
    preprocessing = Preprocessing.of(train, normalize=config.normalize)
    arguments = {name: getattr(config, name) for name in MODEL_FIELDS if getattr(config, name) is not None}
    arguments |= {"input_size": train.size, "num_classes": len(train.classes)}
    network = initialized(build(config.model, **arguments), config.init, config.seed)
    device = choose_device(config.device)
    choice = choose_engine(config.engine, network.architecture, device.name)
    if reason is not None:
        device, choice = Choice(device.name, reason), Choice(choice.name, reason)
    resolved = Resolved(
        data=splits.name,
        data_source=splits.source,
        data_folder=str(splits.folder) if splits.folder else None,
        notice=splits.notice,
        classes=tuple(train.classes),
        num_train=len(train),
        num_validation=len(held),
        num_test=len(splits.test),
        model=Model(name=config.model, arguments=arguments, parameters=network.architecture.num_parameters),
        preprocessing=preprocessing,
        engine=choice.name,
        engine_reason=choice.reason,
        device=device.name,
        device_reason=device.reason,
    )
    engine = make_engine(choice.name, network, train, config, preprocessing, device.name)
    return Parts(train, validation, splits.test, engine, resolved, _header(config, resolved))


def _header(config: TrainConfig, resolved: Resolved) -> list[tuple[str, str]]:
    """The three lines that say what was decided, and why."""
    held = f"{resolved.num_validation:,} validation, " if resolved.num_validation else ""
    height, width = resolved.preprocessing.size
    variation = ", ".join(
        f"{name.replace('_', ' ')} {_plain(value)}"
        for name, value in resolved.model.arguments.items()
        if name in MODEL_FIELDS
    )
    why = "auto: the best that is here; " if config.data == "auto" else ""
    threads = num_threads(config.threads)
    return [
        (
            "data",
            f"{resolved.data}: {resolved.num_train:,} train, {held}{resolved.num_test:,} test, "
            f"{height}×{width}, {len(resolved.classes)} classes ({why}{resolved.data_source})",
        ),
        (
            "model",
            f"{resolved.model.name}: {resolved.model.parameters:,} parameters"
            f"{', ' + variation if variation else ''} (recipe {config.recipe}: {config.optimizer} "
            f"{config.learning_rate:g}, {config.schedule}, batch {config.batch_size}, seed {config.seed})",
        ),
        (
            "engine",
            f"{resolved.engine} ({resolved.engine_reason}) on {resolved.device} ({resolved.device_reason}), "
            f"{threads} thread{'s' if threads != 1 else ''}",
        ),
    ]


def _plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
