"""What a training is made of: one frozen dataclass, the only place where a default lives, and the recipes.

    config = configure("book-sgd", epochs=2, seed=7)

The fields are also the flags of `lenet train`: the help text, the choices and the limits stand here and nowhere else.
"""

import dataclasses
import math
import types
import typing
from dataclasses import dataclass, field
from typing import Any

from lenet.errors import ConfigError, choices_hint

ACTIVATIONS = ("sigmoid", "tanh", "relu")
POOLINGS = ("max", "avg")
INITS = ("default", "xavier-uniform")
OPTIMIZERS = ("sgd", "adam", "adamw")
SCHEDULES = ("constant", "one-cycle")
ENGINE_NAMES = ("auto", "cpu", "reference")
DEFAULT_RECIPE = "fast"
RECIPE_NAMES = ("fast", "sprint", "book-sgd", "book-adam", "book-adam-01")
MODEL_NAMES = ("lenet", "lenet-avg", "softmax", "mlp")


def setting(
    default: Any,
    text: str,
    *,
    choices: tuple[str, ...] = (),
    above: float | None = None,
    least: float | None = None,
    below: float | None = None,
) -> Any:
    """A field of TrainConfig: its default, the text of its flag, and what it may be."""
    return field(
        default=default, metadata={"help": text, "choices": choices, "above": above, "least": least, "below": below}
    )


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a training. The defaults are the recipe `fast`; None leaves a choice to the model.

    Raises ConfigError for a value that is not possible, naming the field, the value and what is expected.
    """

    recipe: str = setting(
        DEFAULT_RECIPE, "The recipe to start from; every other flag changes one thing about it.", choices=RECIPE_NAMES
    )
    data: str = setting(
        "auto", "Data set; auto takes Fashion-MNIST where it can be had, otherwise the built-in digits."
    )
    data_dir: str | None = setting(None, "Folder to look for the data in, before the cache.  [env: LENET_DATA]")

    model: str = setting("lenet", "Network.", choices=MODEL_NAMES)
    kernel_size: int | None = setting(None, "Edge of the convolution kernels, in pixels.", least=1)
    channels: tuple[int, ...] | None = setting(None, "Output channels of each convolution, such as 6,16.", least=1)
    hidden: tuple[int, ...] | None = setting(
        None, "Widths of the hidden dense layers, such as 120,84; none for none.", least=1
    )
    activation: str | None = setting("relu", "Activation after each layer.", choices=ACTIVATIONS)
    pooling: str | None = setting(None, "Pooling after each convolution.", choices=POOLINGS)
    padding: int | None = setting(2, "Zero padding around the picture, for the first convolution.", least=0)
    init: str = setting(
        "default", "Initial weights: PyTorch's default, or Xavier uniform on every layer.", choices=INITS
    )

    optimizer: str = setting("adamw", "Optimiser.", choices=OPTIMIZERS)
    learning_rate: float = setting(0.004, "Learning rate; its peak for one-cycle.", above=0)
    momentum: float = setting(0.0, "Momentum of sgd.", least=0, below=1)
    nesterov: bool = setting(False, "Nesterov momentum for sgd.")
    weight_decay: float = setting(0.1, "Weight decay.", least=0)
    schedule: str = setting("one-cycle", "Learning rate over time: constant, or up and down once.", choices=SCHEDULES)
    batch_size: int = setting(64, "Pictures in a step.", least=1)
    epochs: int = setting(10, "Times each picture is seen.", least=1, below=8001)  # their metrics.jsonl can be read
    label_smoothing: float = setting(0.0, "Share of each label spread over all classes.", least=0, below=1)

    normalize: bool = setting(True, "Bring the pixels to mean 0 and deviation 1, as measured on the training set.")
    flip: bool = setting(False, "Mirror half of the training pictures, anew each epoch.")
    shift: int = setting(0, "Move each training picture by up to this many pixels, anew each epoch.", least=0)
    validation: int = setting(0, "Training pictures held out for validation, chosen by the seed.", least=0)
    seed: int = setting(
        0, "Decides initial weights, order, mirroring, shifts and the validation pictures.", least=0, below=2**63
    )

    strict: bool = setting(False, "End the training at the doctor's first finding.")
    checkpoint_every: str | None = setting(
        None, "Save at the end of every epoch, and within them after so many steps (500) or seconds (30s)."
    )

    engine: str = setting("auto", "What computes: own kernels for the CPU, or plain PyTorch.", choices=ENGINE_NAMES)
    device: str = setting("auto", "auto, cpu, cuda, cuda:N or mps.")
    threads: int | None = setting(None, "CPU threads; without it, as many as PyTorch chooses.", least=1)

    def __post_init__(self) -> None:
        for spec in dataclasses.fields(self):
            object.__setattr__(self, spec.name, checked(spec.name, getattr(self, spec.name)))
        _ = self.checkpoint_interval
        if self.nesterov and self.momentum == 0:
            raise ConfigError("nesterov needs a momentum above 0", hint="add --momentum 0.9")
        if self.optimizer != "sgd" and self.momentum:
            raise ConfigError(
                f"momentum is a setting of sgd; the optimizer is {self.optimizer}",
                hint="add --optimizer sgd, or leave momentum out",
            )

    @property
    def checkpoint_interval(self) -> tuple[float, float]:
        """Steps and seconds from a checkpoint to the next one within an epoch; what was not asked for is infinite."""
        given = self.checkpoint_every or "inf"
        in_seconds = given.endswith("s")
        try:
            number = float(given.removesuffix("s")) if in_seconds or given == "inf" else int(given)
        except ValueError:
            number = 0
        if not number > 0:
            raise ConfigError(
                f"checkpoint_every is {given!r}; expected steps, such as 500, or seconds, such as 30s",
                hint="leave it out: a checkpoint at the ends of epochs",
            )
        return (math.inf, number) if in_seconds else (number, math.inf)


FIELDS = {spec.name: spec for spec in dataclasses.fields(TrainConfig)}
TYPES = typing.get_type_hints(TrainConfig)
LATER = {"strict": False, "checkpoint_every": None}  # fields that older runs do not have, as those were trained
MODEL_FIELDS = ("kernel_size", "channels", "hidden", "activation", "pooling", "padding")


def configure(recipe: str = DEFAULT_RECIPE, **settings: Any) -> TrainConfig:
    """The recipe's TrainConfig with `settings` changed; a setting that is None counts as not given.

    Another model than the recipe's starts from that model's own defaults, not from the recipe's changes to its model.
    """
    if recipe not in RECIPES:
        raise ConfigError(f"unknown recipe {recipe!r}", hint=choices_hint(recipe, RECIPES))
    given = {name: value for name, value in settings.items() if value is not None}
    for name in given:
        if name not in FIELDS or name == "recipe":
            raise ConfigError(f"unknown setting {name!r}", hint=choices_hint(name, FIELDS))
    base = RECIPES[recipe]
    own: dict[str, Any] = dict.fromkeys(MODEL_FIELDS)
    if "model" in given and model_name(given["model"]) != base.model:
        base = dataclasses.replace(base, model=given["model"], **own)
    if given.get("optimizer", base.optimizer) != base.optimizer and "momentum" not in given:
        given["momentum"] = 0.0
    return dataclasses.replace(base, **given)


def model_name(name: str) -> str:
    """The model's name as MODEL_NAMES has it; `LeNetAvg`, `lenet_avg` and `LENET-AVG` are the same."""
    plain = {known.replace("-", ""): known for known in MODEL_NAMES}
    try:
        return plain[name.lower().replace("-", "").replace("_", "")]
    except KeyError:
        raise ConfigError(f"unknown model {name!r}", hint=choices_hint(name, MODEL_NAMES)) from None


def to_dict(config: TrainConfig) -> dict[str, Any]:
    """The fields as JSON can hold them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(config).items()}


def from_dict(values: dict[str, Any]) -> TrainConfig:
    """The inverse of `to_dict`; raises ConfigError for fields that are unknown or missing."""
    values = LATER | values
    if set(values) != set(FIELDS):
        odd = ", ".join(sorted(set(values) ^ set(FIELDS)))
        raise ConfigError(f"the settings do not match this version's: {odd}")
    return TrainConfig(**values)


def checked(name: str, value: Any) -> Any:
    """The value in its field's type, or a ConfigError."""
    kind = TYPES[name]
    options = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if value is None and type(None) in options:
        return None
    meta = FIELDS[name].metadata
    if options[0] == tuple[int, ...]:
        return _checked_numbers(name, value, meta)
    if options[0] is bool:
        if not isinstance(value, bool):
            raise ConfigError(f"{name} is {value!r}; expected True or False")
        return value
    if options[0] is str:
        text = model_name(value) if name == "model" else str(value)
        if meta["choices"] and text not in meta["choices"]:
            raise ConfigError(f"unknown {name} {text!r}", hint=choices_hint(text, meta["choices"]))
        return text
    return _checked_number(name, value, options[0], meta)


def _checked_numbers(name: str, value: Any, meta: typing.Mapping[str, Any]) -> tuple[int, ...]:
    if isinstance(value, str) and value.strip().lower() == "none":
        value = []
    elif isinstance(value, str):
        value = [part for part in value.replace(" ", "").split(",") if part]
    elif isinstance(value, int):
        value = [value]
    try:
        return tuple(_checked_number(name, part, int, meta) for part in value)
    except TypeError:
        raise ConfigError(f"{name} is {value!r}; expected whole numbers, such as 6,16") from None


def _checked_number(name: str, value: Any, kind: type, meta: typing.Mapping[str, Any]) -> Any:
    what = "a whole number" if kind is int else "a number"
    limits = [
        f"{word} {meta[key]:g}"
        for key, word in (("above", "above"), ("least", "at least"), ("below", "below"))
        if meta[key] is not None
    ]
    expected = " ".join([what, " and ".join(limits)]).strip()
    try:
        number = kind(value)
        exact = not isinstance(value, bool) and (isinstance(value, str) or number == value)
    except (TypeError, ValueError, OverflowError):
        exact, number = False, 0
    if (
        not exact
        or not abs(number) < float("inf")
        or (meta["above"] is not None and number <= meta["above"])
        or (meta["least"] is not None and number < meta["least"])
        or (meta["below"] is not None and number >= meta["below"])
    ):
        raise ConfigError(f"{name} is {value}; expected {expected}")
    return number


_BOOK_ADAM: dict[str, Any] = {
    "model": "lenet",
    "activation": "sigmoid",
    "padding": 0,
    "optimizer": "adam",
    "weight_decay": 0.0,
    "schedule": "constant",
    "batch_size": 256,
    "epochs": 5,
    "normalize": False,
}

RECIPES: dict[str, TrainConfig] = {
    # ReLU, padding, pixels of mean 0 and a one-cycle schedule: over 91 % on Fashion-MNIST; bench/accuracy.py measures it.
    "fast": TrainConfig(),
    # The same network, over 90 % after three epochs; bench/time_to_accuracy.py measures it. Smaller batches, a higher peak
    # rate and smoothed labels make up for some of the missing epochs; its training loss is that of the smoothed labels.
    "sprint": TrainConfig(
        recipe="sprint", learning_rate=0.005, weight_decay=0.05, batch_size=32, epochs=3, label_smoothing=0.1
    ),
    # Dive into Deep Learning, chapter "Convolutional Neural Networks (LeNet)": train_ch6 with lr 0.9.
    "book-sgd": TrainConfig(
        recipe="book-sgd",
        model="lenet-avg",
        activation=None,
        padding=None,
        init="xavier-uniform",
        optimizer="sgd",
        learning_rate=0.9,
        weight_decay=0.0,
        schedule="constant",
        batch_size=256,
        epochs=10,
        normalize=False,
    ),
    # The chapter in the book's Chinese PyTorch port: train_ch5 with Adam. Sigmoids and PyTorch's own initial weights:
    # whether it leaves chance level within its epochs depends on the seed.
    "book-adam": TrainConfig(recipe="book-adam", learning_rate=0.001, **_BOOK_ADAM),
    "book-adam-01": TrainConfig(recipe="book-adam-01", learning_rate=0.01, **_BOOK_ADAM),
}
