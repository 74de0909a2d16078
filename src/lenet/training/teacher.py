"""A teacher: soft targets that a training learns from beside the labels, of a trained network or given with the data.

    train, teacher = with_teacher(config, train, preprocessing, "cpu")

Its logits for the training images are computed once, before the first step, and never for validation or test images.
"""

import dataclasses
import hashlib

import numpy as np
from numpy.typing import NDArray

from lenet.config import FIELDS, TrainConfig
from lenet.data.dataset import Dataset, Images
from lenet.data.targets import Targets
from lenet.doctor.observation import Counts, chance
from lenet.engines.choice import choose_engine, make_engine
from lenet.errors import ConfigError, RunError
from lenet.files import untrusted
from lenet.files.safetensors import MAX_BYTES
from lenet.images.preprocess import Preprocessing
from lenet.metrics import softmax
from lenet.networks.trained import TrainedNetwork
from lenet.runs.opening import logits, network_of, open_trained
from lenet.runs.records import Teacher

CHUNK = 10_000  # images that are mirrored at a time: 8 MB


def with_teacher(
    config: TrainConfig, train: Dataset, preprocessing: Preprocessing, device: str
) -> tuple[Dataset, Teacher | None]:
    """Return a training set with its soft targets, if there are any, and where they come from.

    Args:
        config: the settings; `flip` decides whether mirror images have targets of their own.
        train: the training set, which may have targets already.
        preprocessing: of the network that is trained.
        device: where the teacher is computed.

    Raises:
        ConfigError: for settings of a teacher without one, for two, and for a teacher of other images or classes.
        RunError: for a teacher that cannot be read.
    """
    given = train.targets
    if config.teacher is None:
        if given is None:
            _check_unused(config)
        return train, None if given is None else Teacher(targets_sha256=targets_sha256(given))
    if given is not None:
        raise ConfigError(
            f"teacher is {config.teacher}, but {train.name} has soft targets of its own", hint="leave one of them out"
        )
    network = open_teacher(config.teacher)
    _check_fit(network, train, preprocessing)
    targets = _targets(network, train.images, config, device)
    teacher = Teacher(
        path=str(network.path.absolute()),
        model=network.name,
        weights_sha256=network.sha256,
        targets_sha256=targets_sha256(targets),
    )
    return dataclasses.replace(train, targets=targets), teacher


def open_teacher(path: str) -> TrainedNetwork:
    """Return the network of a finished run or a weights file, with the SHA-256 of its weights.

    Raises:
        RunError: if it cannot be read.
    """
    try:
        network = network_of(open_trained(path, finished=True))
        if network.sha256 is None:
            digest = hashlib.sha256(untrusted.read(network.path, MAX_BYTES)).hexdigest()
            network = dataclasses.replace(network, sha256=digest)
        _ = network.network
    except RunError as error:
        hint = error.hint or "give a finished run, or a weights file that lenet wrote, with --teacher RUN"
        what = untrusted.printable(error.message)  # with a path that may be that of an untrusted run's config.json
        raise RunError(f"the teacher cannot be used: {what}", hint=untrusted.printable(hint)) from error
    return network


def check_teacher(before: Teacher | None, now: Teacher | None, run: str) -> list[str]:
    """Return what differs in the last bits from the teacher that a run was begun with, in words.

    Args:
        before: as the run recorded it.
        now: that with which it is to be resumed.
        run: its name, for messages.

    Raises:
        RunError: if they are not the same.
    """
    if before is None or now is None or before.weights_sha256 is None:
        if before != now:
            raise RunError(
                f"the soft targets are not those that {run} was trained with",
                hint="in Python: lenet.resume(run, data=splits.with_targets(logits)), with the same targets",
            )
        return []
    if before.weights_sha256 != now.weights_sha256:
        raise RunError(
            f"{untrusted.printable(now.path)} is not the teacher of {run}: the SHA-256 of its weights is "
            f"{now.weights_sha256}, not {before.weights_sha256}",
            hint="give the same weights with --teacher RUN",
        )
    return [] if before.targets_sha256 == now.targets_sha256 else ["the logits of the teacher"]


def describe(config: TrainConfig, teacher: Teacher) -> str:
    """Return teacher, temperature and weight in one line."""
    source = "soft targets of the data"
    if config.teacher is not None and teacher.weights_sha256 is not None:
        source = f"{untrusted.printable(config.teacher)} ({teacher.model}, SHA-256 {teacher.weights_sha256[:12]}…)"
    return f"{source}, temperature {config.temperature:g}, weight {config.teacher_weight:g}"


def chance_loss(config: TrainConfig, train: Dataset, counts: Counts) -> float | None:
    """Return the loss of guessing, in nats, of a training with soft targets; None without them.

    A guess is the same for all images: the shares of the classes for the labels, the mean of the teacher's probabilities for
    the soft targets.

    Args:
        config: the settings.
        train: the training set.
        counts: images of each class, (num_classes,).
    """
    if train.targets is None:
        return None
    targets = train.targets if train.targets.ndim == 2 else train.targets[:, 0]
    probabilities = softmax(targets.astype(np.float64) / config.temperature)
    guessing = _entropy(probabilities.mean(axis=0)) - _entropy(probabilities).mean()
    of_labels, share = chance(counts)[0], config.teacher_weight
    return float((1 - share) * of_labels + share * config.temperature**2 * guessing)


def _targets(network: TrainedNetwork, images: Images, config: TrainConfig, device: str) -> NDArray[np.float32]:
    """The logits (N, num_classes); with flips (N, 2, num_classes), those of the mirror images too."""
    name = choose_engine("auto", network.architecture, device).name
    engine = make_engine(name, network.network, None, config, network.preprocessing, device)
    views = 2 if config.flip else 1
    targets = np.empty((len(images), views, len(network.classes)), np.float32)
    for start in range(0, len(images), CHUNK):
        chunk = slice(start, start + CHUNK)
        targets[chunk, 0] = logits(network, engine, images[chunk])
        if config.flip:
            targets[chunk, 1] = logits(network, engine, np.ascontiguousarray(images[chunk, :, ::-1]))
    return targets if config.flip else targets[:, 0]


def _check_unused(config: TrainConfig) -> None:
    """Raises ConfigError for settings of soft targets, as there are none."""
    for name in ("temperature", "teacher_weight"):
        if (value := getattr(config, name)) != FIELDS[name].default:
            raise ConfigError(
                f"{name} is {value:g}, but there is no teacher",
                hint="add --teacher RUN, or in Python give a data set with targets: splits.with_targets(logits)",
            )


def _check_fit(teacher: TrainedNetwork, train: Dataset, preprocessing: Preprocessing) -> None:
    """Raises ConfigError for a teacher of other images or classes. Mean and std of the pixels are the teacher's own."""
    path, own = untrusted.printable(str(teacher.path)), teacher.preprocessing
    if own.shape != preprocessing.shape:
        raise ConfigError(
            f"the teacher {path} takes images of {own.kind}; those of {train.name} are {preprocessing.kind}",
            hint="take a teacher that was trained on images of this size, grey or in colour as these",
        )
    if teacher.classes != train.classes:
        raise ConfigError(
            f"the teacher {path} has the classes {untrusted.printable(', '.join(teacher.classes))}; {train.name} has "
            f"{', '.join(train.classes)}",
            hint="take a teacher that was trained on the same classes, in the same order",
        )
    for name in ("ground", "framing"):
        if (theirs := getattr(own, name)) != (ours := getattr(preprocessing, name)):
            raise ConfigError(
                f"the preprocessing of the teacher {path} has the {name} {theirs}; that of {train.name} has {ours}",
                hint="take a teacher that was trained on images of the same kind",
            )


def _entropy(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of probabilities (…, num_classes), in nats."""
    result: NDArray[np.float64] = -(probabilities * np.log(np.maximum(probabilities, 1e-300))).sum(axis=-1)
    return result


def targets_sha256(targets: Targets) -> str:
    """Return the SHA-256 of the type, shape and content of targets."""
    array = np.ascontiguousarray(targets)
    digest = hashlib.sha256(repr((array.dtype.name, array.shape)).encode())
    digest.update(array.data)
    return digest.hexdigest()
