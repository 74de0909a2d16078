"""The estimator's parameters as lenet's settings, and lenet's errors as the ValueErrors that scikit-learn expects."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_class_weight

from lenet.config import MODEL_FIELDS, TrainConfig
from lenet.configuration import configure
from lenet.engines.threads import cores
from lenet.errors import LenetError, MissingExtra
from lenet.settings import EPOCHS, SEEDS, checked_number
from lenet.training.own import batch_size

# Parameters whose values are settings of the same name.
SAME = (
    "model",
    *MODEL_FIELDS,
    "init",
    "optimizer",
    "momentum",
    "learning_rate",
    "weight_decay",
    "schedule",
    "label_smoothing",
    "augment",
    "flip",
)
RENAMED = {"epochs": "max_iter", "class_weights": "class_weight", "threads": "n_jobs"}
OPTION = re.compile(r"--([a-z][a-z-]*)(?: (?=[\w.])([\w.,+-]*\w))?")  # of the command line, as hints have it
BALANCED = "balanced"


@contextlib.contextmanager
def value_errors() -> Iterator[None]:
    """Turn errors of lenet's into ValueErrors, whose hints name parameters and no options."""
    try:
        yield
    except MissingExtra:
        raise
    except LenetError as error:
        hint = "" if "--engine" in (error.hint or "") else f"\nhint: {error.hint}"  # there is no other engine here
        raise ValueError(_in_python(error.message + (hint if error.hint else ""))) from error


def _in_python(text: str) -> str:
    def parameter(option: re.Match[str]) -> str:
        name = option[1].replace("-", "_")
        return RENAMED.get(name, name) + (f"={option[2]}" if option[2] else "")

    for setting, name in RENAMED.items():
        text = re.sub(rf"\b{setting} (?=is\b)", f"{name} ", text)
    return OPTION.sub(parameter, text)


def settings_of(parameters: dict[str, Any], labels: Any, classes: Any, seed: int, partial: bool = False) -> TrainConfig:
    """Return the settings of a training.

    Args:
        parameters: of the estimator, by name.
        labels: int64 (N,), of the training images.
        classes: the class labels, in the order of the numbers.
        seed: decides initial weights, order and augmentation.
        partial: whether to train on a part of the images, at a constant rate.

    Raises:
        LenetError: for a parameter that is not possible, naming it.
        ValueError: for a class_weight that is not possible.
    """
    given = {name: parameters[name] for name in SAME}
    if partial:
        given["schedule"] = "constant"
        if parameters["class_weight"] == BALANCED:
            raise ValueError(
                "class_weight is 'balanced', but partial_fit sees a part of the labels; expected a dict {label: weight}"
            )
    size = parameters["batch_size"]
    return configure(
        **given,
        epochs=checked_number("max_iter", parameters["max_iter"], int, EPOCHS),
        batch_size=_batch_size(len(labels)) if isinstance(size, str) and size == "auto" else size,
        class_weights=_weights(parameters["class_weight"], labels, classes),
        threads=_threads(parameters["n_jobs"]),
        seed=seed,
    )


def threads_config(n_jobs: Any) -> TrainConfig:
    """Return the settings of an engine that computes logits, which depend on nothing else."""
    return TrainConfig(threads=_threads(n_jobs))


def seed_of(random_state: Any) -> int:
    """Return the seed: a whole number itself, or else one drawn as scikit-learn does."""
    if isinstance(random_state, int | np.integer) and not isinstance(random_state, bool):
        seed: int = checked_number("random_state", int(random_state), int, SEEDS)
        return seed
    return int(check_random_state(random_state).randint(2**31 - 1))


def seed_after(seed: int, num_epochs: int) -> int:
    """Return the seed for epochs that follow so many of another seed, so that they have an order of their own."""
    return (seed + num_epochs) % int(SEEDS.below or 1)


def _batch_size(count: int) -> int:
    return batch_size(count) if count > 1 else 1


def _weights(class_weight: Any, labels: Any, classes: Any) -> tuple[float, ...] | None:
    if class_weight is None:
        return None
    if not isinstance(class_weight, dict) and class_weight != BALANCED:
        raise ValueError(
            f"class_weight is {class_weight!r}; expected a dict such as {{label: 2.0}}, {BALANCED!r} or None"
        )
    weights: list[Any]
    if isinstance(class_weight, dict):
        weights = _weights_of(class_weight, classes.tolist())
    else:
        weights = compute_class_weight(BALANCED, classes=classes, y=classes[labels]).tolist()
    for label, weight in zip(classes.tolist(), weights, strict=True):
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < float("inf"):
            raise ValueError(f"class_weight has {weight!r} for the class {label!r}; expected a number above 0")
    return tuple(map(float, weights))


def _weights_of(class_weight: dict[Any, Any], labels: list[Any]) -> list[Any]:
    """The weight of each class; 1 where there is none. compute_class_weight takes the label "3" for the number 3."""
    unknown = [label for label in class_weight if label not in labels]
    unweighted = [label for label in labels if label not in class_weight]
    if unknown and unweighted:  # a part of the data may lack a class, but then all others have weights
        raise ValueError(f"class_weight has the class {unknown[0]!r}; expected classes of y: {labels}")
    return [class_weight.get(label, 1.0) for label in labels]


def _threads(n_jobs: Any) -> int | None:
    """The number of threads: for None lenet's own choice, for -1 all cores, for -2 one less."""
    if n_jobs is None:
        return None
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, int | np.integer) or n_jobs == 0:
        raise ValueError(f"n_jobs is {n_jobs!r}; expected a whole number, such as 2, -1 for all cores, or None")
    return int(n_jobs) if n_jobs > 0 else max(1, cores() + 1 + int(n_jobs))
