"""What is searched: ranges and choices of settings, each checked against the limits of its field.

space = Space.of({"learning_rate": "1e-4..1e-1:log", "channels": "4..32", "activation": "relu,tanh"}, base)
space.settings({"learning_rate": 0.01, "channels.1": 8, "channels.2": 20, "activation": "relu"})
"""

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from lenet.config import FIELDS, TYPES, TrainConfig
from lenet.errors import ConfigError, choices_hint
from lenet.registry import MODELS, resolve
from lenet.sweeps.tune.bounds import EXAMPLE, Choices, Range, range_of
from lenet.sweeps.values import converted, naming, text_of, values_of

if TYPE_CHECKING:
    from optuna.trial import Trial

# The settings that are the same for all trials: what they train on, how often they save, where they compute.
FIXED = (
    "recipe",
    "data",
    "data_dir",
    "size",
    "fit",
    "skip_bad",
    "split_seed",
    "validation",
    "keep",
    "patience",
    "seed",
    "strict",
    "checkpoint_every",
    "snapshots",
    "engine",
    "device",
    "threads",
)
SEARCHABLE = tuple(name for name in FIELDS if name not in FIXED)

Params: TypeAlias = Mapping[str, Any]  # of a trial, by the names of the axes


@dataclass(frozen=True)
class Axis:
    """One value that is searched.

    Attributes:
        name: of Optuna's parameter: the field, or FIELD.N for the Nth number of a field with several.
        field: the setting.
        bounds: what the value may be.
    """

    name: str
    field: str
    bounds: Range | Choices


@dataclass(frozen=True)
class Space:
    """All that is searched.

    Attributes:
        axes: the values.
    """

    axes: tuple[Axis, ...]

    @classmethod
    def of(cls, search: Mapping[str, Any], base: TrainConfig) -> "Space":
        """Read what is to be searched.

        Args:
            search: by setting, its range or choices as text, or a list of choices.
            base: the settings that stay as they are.

        Raises:
            ConfigError: for a setting that cannot be searched, or invalid bounds.
        """
        if not isinstance(search, Mapping):
            hint = 'such as search={"learning_rate": "1e-4..1e-1:log"}'
            raise ConfigError(f"search is {search!r}; expected bounds by setting", hint=hint)
        if not search:
            raise ConfigError("nothing is searched; expected at least one setting", hint=f"such as {EXAMPLE}")
        axes: list[Axis] = []
        for text, given in search.items():
            with naming(f"search {text}"):
                name = str(text).strip().removeprefix("--").replace("-", "_")
                options = [each.replace("_", "-") for each in SEARCHABLE]
                if name in FIXED:
                    raise ConfigError(f"{name} is the same for all trials", hint=f"choose from {', '.join(options)}")
                if name not in SEARCHABLE:
                    raise ConfigError(f"{name} is not a setting", hint=choices_hint(name, options))
                if any(axis.field == name for axis in axes):
                    raise ConfigError("it is given twice", hint="give each setting one range")
                axes += _axes(name, given, base)
        return cls(tuple(axes))

    def suggest(self, trial: "Trial") -> dict[str, Any]:
        """Let Optuna choose a value on each axis; values that a trial already has stay."""
        return {axis.name: axis.bounds.suggest(trial, axis.name) for axis in self.axes}

    def settings(self, params: Params) -> dict[str, Any]:
        """Return the settings of a trial, by field."""
        settings: dict[str, Any] = {}
        for axis in self.axes:
            value = params[axis.name]
            if axis.name == axis.field:
                settings[axis.field] = converted(axis.field, value)
            else:
                settings[axis.field] = (*settings.get(axis.field, ()), value)
        return settings

    def to_dict(self) -> dict[str, str]:
        """Return the bounds as text, by axis."""
        return {axis.name: str(axis.bounds) for axis in self.axes}


def described(settings: Mapping[str, Any]) -> str:
    """Return settings as they are typed, such as `--channels 12,24 --activation tanh`; not those that no option sets."""
    return " ".join(_option(name, value) for name, value in settings.items() if value is not None)


def _option(name: str, value: Any) -> str:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{'' if value else 'no-'}{flag}"
    return f"--{flag} {f'{value:.4g}' if isinstance(value, float) else text_of(value)}"


def _axes(name: str, given: Any, base: TrainConfig) -> list[Axis]:
    """The axes of a setting: one, or one for each number of a field with several."""
    kinds = (TYPES[name], *typing.get_args(TYPES[name]))
    if not isinstance(given, str) or ".." not in given:
        values = values_of(name, given, "")
        if len(values) < 2:
            flag = name.replace("_", "-")
            raise ConfigError(
                f"{flag} has one value, {text_of(values[0])}; expected a range or several",
                hint=f"for the same value in all trials: --{flag} {text_of(values[0])}",
            )
        return [Axis(name, name, Choices(tuple(text_of(v) if isinstance(v, tuple) else v for v in values)))]
    if tuple[int, ...] in kinds:
        parts = given.split(",")
        parts = parts * _count(name, base) if len(parts) == 1 else parts
        return [Axis(f"{name}.{n}", name, range_of(name, part, whole=True)) for n, part in enumerate(parts, start=1)]
    if not {int, float} & set(kinds):
        raise ConfigError(f"{given} is a range, but {name} is not a number", hint="separate choices by commas")
    return [Axis(name, name, range_of(name, given, whole=int in kinds))]


def _count(name: str, base: TrainConfig) -> int:
    """How many numbers a field with several has in the base's network."""
    values = getattr(base, name)
    if values is None:
        values = getattr(resolve(MODELS, base.model)(), name, ())
    if not values:
        hint = "search another setting, or choose another --model"
        raise ConfigError(f"the model {base.model} has no {name}", hint=hint)
    return len(values)
