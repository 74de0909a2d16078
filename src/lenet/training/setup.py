"""What a training consists of: data, network and engine, and the record of what was decided and why."""

import itertools
from dataclasses import dataclass
from typing import Any

from lenet.combinations import check_held_out
from lenet.config import FIELDS, MODEL_FIELDS, TrainConfig
from lenet.data.dataset import Dataset, Splits
from lenet.data.plan import held_out
from lenet.engines import Engine
from lenet.engines.choice import Choice, MakeEngine, choose_device, choose_engine, make_engine
from lenet.engines.measured import decide
from lenet.engines.threads import num_threads
from lenet.errors import ConfigError
from lenet.images.preprocess import Preprocessing
from lenet.networks import Architecture, Network, build
from lenet.networks.initialization import initialized
from lenet.networks.layers import BatchNorm
from lenet.recipes import AUGMENT_SETTINGS
from lenet.runs.records import Model, Resolved
from lenet.training.teacher import describe, open_teacher, with_teacher

# Printed before the first step if they are on; those that augment sets, if they are not as it sets them.
OPTIONS = ("warm_up", "clip_norm", "ema", "class_weights", "augment", *AUGMENT_SETTINGS["none"], "keep", "patience")


@dataclass(frozen=True)
class Setup:
    """What a training consists of.

    Attributes:
        train: the training set, without the images held out for validation.
        validation: those, or else the validation set that the data have; None if there is neither.
        test: the test set.
        engine: what computes; it has the network.
        resolved: what was decided, and why.
        precision: the arithmetic of the engine cuda; None for the others, which have one.
    """

    train: Dataset
    validation: Dataset | None
    test: Dataset
    engine: Engine
    resolved: Resolved
    precision: str | None = None


def set_up(config: TrainConfig, splits: Splits, reason: str | None = None, make: MakeEngine = make_engine) -> Setup:
    """Make network and engine for a config.

    Args:
        config: the settings of the training.
        splits: the data.
        reason: why engine and device are those of the config, if it was not the user who chose them.
        make: makes the engine.

    Raises:
        ConfigError: for settings or a teacher that do not fit the data.
        EngineError: for an engine or device that is not available.
        ModelError: for a network that cannot be built.
        RunError: for a teacher that cannot be read.
    """
    _check(config, splits)
    train, validation = splits.train, splits.validation
    if config.validation:
        held = held_out(config, len(splits.train))
        train, validation = splits.train.without(held), splits.train.subset(held)
    check_held_out(config, len(validation or ()))
    start = new_network(config, train)
    network, preprocessing = start.network, start.preprocessing
    device, engine = decide(config, network, train, preprocessing)
    if reason is not None:
        device, engine = Choice(device.name, reason), Choice(engine.name, reason)
    train, teacher = with_teacher(config, train, preprocessing, device.name)
    made = make(engine.name, network, train, config, preprocessing, device.name)
    resolved = Resolved(
        data=splits.name,
        data_source=splits.source,
        data_folder=str(splits.folder) if splits.folder else None,
        notice=splits.notice,
        classes=tuple(train.classes),
        num_train=len(train),
        num_validation=len(validation or ()),
        num_test=len(splits.test),
        model=Model(name=config.model, arguments=start.arguments, parameters=network.architecture.num_parameters),
        preprocessing=preprocessing,
        engine=engine.name,
        engine_reason=f"{engine.reason}; {made.notice}" if made.notice else engine.reason,
        device=device.name,
        device_reason=device.reason,
        teacher=teacher,
    )
    precision = config.precision if engine.name == "cuda" else None
    return Setup(train, validation, splits.test, made, resolved, precision)


def check(config: TrainConfig, splits: Splits, is_here: bool) -> None:
    """Check, before a folder is made, what `set_up` checks and takes no time: network, device, engine and teacher.

    Args:
        config: the settings of a training.
        splits: the data.
        is_here: whether this machine trains: on others, device and engine are theirs.

    Raises:
        LenetError: as `set_up` raises it.
    """
    _check(config, splits)
    _, architecture = _architecture(config, splits.train, len(splits.train) - config.validation)
    if is_here:
        choose_engine(config.engine, architecture, choose_device(config.device, config.engine).name)
    if config.teacher is not None:
        open_teacher(config.teacher)


@dataclass(frozen=True)
class Start:
    """What a training begins with.

    Attributes:
        network: the layers, with initial weights.
        arguments: the model's settings.
        preprocessing: how images become the network's input.
    """

    network: Network
    arguments: dict[str, Any]
    preprocessing: Preprocessing


def new_network(config: TrainConfig, train: Dataset) -> Start:
    """Make a network for a training set, with initial weights.

    Args:
        config: the settings of the training.
        train: the training set.

    Raises:
        ConfigError: for a batch of one image, where the network has batch normalization.
        ModelError: for a network that cannot be built.
    """
    arguments, architecture = _architecture(config, train, len(train))
    network = initialized(architecture, config.init, config.seed)
    return Start(network, arguments, Preprocessing.of(train, normalize=config.normalize))


def _architecture(config: TrainConfig, train: Dataset, num_images: int) -> tuple[dict[str, Any], Architecture]:
    """The settings of the model, and its layers, for so many of a training set's images."""
    arguments = {name: getattr(config, name) for name in MODEL_FIELDS if getattr(config, name) is not None}
    arguments |= {"input_size": train.size, "num_classes": len(train.classes)}
    arguments |= {"in_channels": train.channels} if train.channels > 1 else {}  # not in the runs of earlier versions
    architecture = build(config.model, **arguments)
    _check_batches(config, architecture, num_images)
    return arguments, architecture


def _check(config: TrainConfig, splits: Splits) -> None:
    """Raises ConfigError for settings and data that do not fit together."""
    if config.shift >= min(splits.train.size):
        height, width = splits.train.size
        raise ConfigError(
            f"shift is {config.shift}, but the images of {splits.name} are {height}×{width}",
            hint="use a smaller --shift",
        )
    if config.validation >= len(splits.train):
        raise ConfigError(
            f"validation is {config.validation:,}, but {splits.name} has {len(splits.train):,} training images",
            hint="hold out fewer with --validation N",
        )


def _check_batches(config: TrainConfig, architecture: Architecture, num_images: int) -> None:
    """Raises ConfigError if a batch would have one image, over which batch normalization cannot compute a variance."""
    layers = [layer.name for layer in architecture.layers if isinstance(layer, BatchNorm)]
    size = config.batch_size
    if not layers or (size > 1 and num_images % size != 1):
        return
    needs = f"batch normalization (the layer {layers[0]}) needs at least two images in a batch"
    if num_images == 1:
        raise ConfigError(f"there is one image to train on, and {needs}", hint="add training images")
    better = next(larger for larger in itertools.count(size + 1) if num_images % larger != 1)
    hint = f"take --batch-size {better}"
    if size == 1:
        raise ConfigError(f"batch_size is 1, and {needs}", hint=hint)
    raise ConfigError(
        f"the last batch of {num_images:,} images in batches of {size} has one image, and {needs}",
        hint=f"{hint}, or hold out other images with --validation",
    )


def header(config: TrainConfig, resolved: Resolved) -> list[tuple[str, str]]:
    """Return the lines, each a title and a text, that say what was decided and why: three, and one for a teacher."""
    held = f"{resolved.num_validation:,} validation, " if resolved.num_validation else ""
    variation = "".join(
        f", {name.replace('_', ' ')} {_plain(value)}"
        for name, value in resolved.model.arguments.items()
        if name in MODEL_FIELDS
    )
    why = "auto: the best available; " if config.data == "auto" else ""
    threads = num_threads(config.threads)
    return [
        (
            "data",
            f"{resolved.data}: {resolved.num_train:,} train, {held}{resolved.num_test:,} test, "
            f"{resolved.preprocessing.kind}, {len(resolved.classes)} classes ({why}{resolved.data_source})",
        ),
        (
            "model",
            f"{resolved.model.name}: {resolved.model.parameters:,} parameters{variation} (recipe {config.recipe}: "
            f"{config.optimizer} {config.learning_rate:g}, {config.schedule}, batch {config.batch_size}, "
            f"{_options(config)}seed {config.seed})",
        ),
        (
            "engine",
            f"{resolved.engine} ({resolved.engine_reason}) on {resolved.device} ({resolved.device_reason}), "
            f"{threads} thread{'s' if threads != 1 else ''}",
        ),
        *([("teacher", describe(config, resolved.teacher))] if resolved.teacher else []),
    ]


def _options(config: TrainConfig) -> str:
    """The settings in OPTIONS that are on, each followed by a comma."""
    usual = {name: FIELDS[name].default for name in OPTIONS} | AUGMENT_SETTINGS[config.augment]
    given = {name: getattr(config, name) for name in OPTIONS if getattr(config, name) != usual[name]}
    return "".join(f"{name.replace('_', ' ')} {_plain(value)}, " for name, value in given.items())


def _plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
