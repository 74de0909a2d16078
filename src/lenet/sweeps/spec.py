"""What a sweep trains: settings that all trainings share, variations of them, and seeds. Everything is checked here.

spec = Draft({"epochs": 2}, grid={"activation": ("vary", ["relu", "tanh"])}, seeds=10).spec()
spec.configs  # {"activation=relu": TrainConfig(...), "activation=tanh": TrainConfig(...)}
"""

import contextlib
import dataclasses
import itertools
import math
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from lenet.config import FIELDS, TYPES, TrainConfig, checked
from lenet.configuration import configure
from lenet.data.dataset import Splits
from lenet.errors import ConfigError, choices_hint
from lenet.recipes import DEFAULT_RECIPE
from lenet.settings import SEEDS, checked_number
from lenet.training.own import recipe_for
from lenet.training.tasks import source

Settings: TypeAlias = Mapping[str, Any]  # fields of TrainConfig; None stands for "as without it"

DEFAULT = "default"  # as a value: the setting as the base has it
NUM_SEEDS = 5
# The fields that no sweep takes, and why.
FIXED = {
    "seed": "use --seeds instead: --seeds 10 or --seeds 0,3,7",
    "threads": "every training of a sweep has one thread",
    "snapshots": "the runs of a sweep have no snapshots",
    "strict": "a sweep records the doctor's findings with each run and continues",
}
SETTABLE = tuple(name for name in FIELDS if name not in FIXED)
WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True)
class Spec:
    """The trainings of a sweep: every variation with every seed.

    Attributes:
        base: what all share, as fields of TrainConfig, `recipe` included; its `data` may be Splits.
        variations: by name, the settings that differ from the base.
        seeds: of each variation.
    """

    base: Settings
    variations: Mapping[str, Settings]
    seeds: tuple[int, ...]

    @property
    def varied(self) -> list[str]:
        """The fields in which variations differ from the base."""
        return list(dict.fromkeys(name for settings in self.variations.values() for name in settings))

    @property
    def data(self) -> Splits | None:
        """The data of all trainings, if it was given and not named."""
        given = self.base.get("data")
        return given if isinstance(given, Splits) else None

    @cached_property
    def configs(self) -> dict[str, TrainConfig]:
        """The settings of each variation; raises ConfigError for some that cannot be used together."""
        configs: dict[str, TrainConfig] = {}
        seen: dict[Any, str] = {}
        for name, settings in self.variations.items():
            with naming(f"the variation {name}"):
                config = configs[name] = self.config(settings)
            decided = tuple(value for each, value in vars(config).items() if FIELDS[each].metadata["decides"])
            same = seen.setdefault((decided, source(config)), name)
            if same != name:
                hint = "each training is done once; leave one of them out"
                raise ConfigError(f"the variations {same} and {name} are the same training", hint=hint)
        return configs

    def given(self, settings: Settings) -> dict[str, Any]:
        """Return the settings that were given for a variation: the base's, with its own instead where it has some."""
        return dict(self.base) | {name: value for name, value in settings.items() if value is not None}

    def config(self, settings: Settings) -> TrainConfig:
        """Return all settings of a variation."""
        merged = self.given(settings)
        data = merged.get("data")
        recipe = merged.pop("recipe", None) or (DEFAULT_RECIPE if self.data else recipe_for(data))
        device = merged.pop("device", None) or "cpu"
        name = data.name if isinstance(data, Splits) else data
        return configure(recipe, **merged | {"data": name, "device": device})


@dataclass(frozen=True)
class Draft:
    """A sweep as it was written down; `spec` checks it.

    Attributes:
        base: the settings that all trainings share.
        grid: by setting, where it was written, for messages, and its values: each is combined with each of the others.
        named: by name of the variation, where it was written, and its settings: a list instead of a grid.
        seeds: their number, for 0 to N - 1, or the seeds, as numbers or text.
    """

    base: Settings = field(default_factory=dict)
    grid: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    named: Mapping[str, tuple[str, Settings]] = field(default_factory=dict)
    seeds: Any = NUM_SEEDS

    def spec(self) -> Spec:
        """Check every entry.

        Returns:
            The trainings.

        Raises:
            ConfigError: for an entry that is wrong, naming it.
        """
        if self.grid and self.named:
            where = next(iter(self.grid.values()))[0]
            hint = "write the values into the list of variations, or leave the list out"
            raise ConfigError(
                f"{where}: a list of named variations is given as well; expected a grid or a list", hint=hint
            )
        base = {}
        for text, value in self.base.items():
            name = field_name(text, "")
            base[name] = value if isinstance(value, Splits) else converted(name, value)
        if self.named:
            variations = {name: _settings(*entry) for name, entry in self.named.items()}
        else:
            variations = _grid(self.grid) or {str(base.get("recipe") or DEFAULT_RECIPE): {}}
        spec = Spec(base, variations, seeds_of(self.seeds))
        _ = spec.configs
        return spec


@contextlib.contextmanager
def naming(where: str) -> Iterator[None]:
    """Put where an entry was written before the message of its error."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"{where}: {error.message}" if where else error.message, hint=error.hint) from error


def field_name(text: str, where: str) -> str:
    """Return the field of TrainConfig that an option or a key names; ConfigError if there is none that sweeps take."""
    name = text.strip().removeprefix("--").replace("-", "_")
    with naming(where):
        if name in FIXED:
            raise ConfigError(f"{text} cannot be set in a sweep", hint=FIXED[name])
        if name not in FIELDS:
            options = [each.replace("_", "-") for each in SETTABLE]
            raise ConfigError(f"unknown setting {text!r}", hint=choices_hint(text, options))
    return name


def converted(name: str, value: Any) -> Any:
    """Return a value in its field's type; ConfigError for an invalid one."""
    if isinstance(value, str) and TYPES[name] is bool:
        value = WORDS.get(value.strip().lower(), value)
    if isinstance(value, str) and value == DEFAULT and DEFAULT not in FIELDS[name].metadata["choices"]:
        return None
    return None if value is None else checked(name, value.strip() if isinstance(value, str) else value)


def values_of(name: str, given: Any, where: str) -> list[Any]:
    """Return the values of a varied setting.

    Args:
        name: of the field.
        given: a list; or text such as "relu,tanh", for a field that is a list of numbers itself "6,16/12,32".
        where: the place where it was written, for messages.

    Raises:
        ConfigError: for an invalid value, a value given twice, or an empty list.
    """
    is_list = any(typing.get_origin(kind) is tuple for kind in (TYPES[name], *typing.get_args(TYPES[name])))
    if isinstance(given, str):
        given = [part for part in given.split("/" if is_list else ",") if part.strip()]
    elif not isinstance(given, Iterable) or isinstance(given, Mapping):
        given = [given]
    with naming(where):
        values = [converted(name, value) for value in given]
        if not values:
            raise ConfigError(f"{name} has no values", hint="separate several by commas: activation=relu,tanh")
        for number, value in enumerate(values):
            if value in values[:number]:
                raise ConfigError(f"{name} contains {text_of(value)} twice", hint="name each value once")
    return values


def seeds_of(given: Any) -> tuple[int, ...]:
    """Return the seeds for a number of them, for several, or for either as text.

    Raises:
        ConfigError: for no seeds, a seed given twice, or an invalid seed.
    """
    if isinstance(given, str):
        given = given.split(",") if "," in given else given.strip()
        given = [part for part in given if part.strip()] if isinstance(given, list) else given
    if isinstance(given, str | int):
        number = checked_number("seeds", given, int, dataclasses.replace(SEEDS, least=1, below=None, most=100_000))
        return tuple(range(number))
    if not isinstance(given, Iterable):
        raise ConfigError(f"seeds is {given!r}; expected a number, such as 10, or several seeds, such as 0,3,7")
    seeds = tuple(checked_number("seeds", each, int, SEEDS) for each in given)
    if not seeds or len(set(seeds)) != len(seeds):
        what = "contains the same seed twice" if seeds else "is empty"
        raise ConfigError(f"seeds {what}; expected a number, such as 10, or different seeds, such as 0,3,7")
    return seeds


def text_of(value: Any) -> str:
    """Return a value as it is typed: `0.004`, `6,16`, `true`; None is `default`."""
    if value is None:
        return DEFAULT
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return ",".join(map(text_of, value)) or "none"
    return (
        f"{value:g}" if isinstance(value, float) and math.isclose(float(f"{value:g}"), value, rel_tol=0) else str(value)
    )


def _grid(entries: Mapping[str, tuple[str, Any]]) -> dict[str, Settings]:
    """Each combination of the values, by its name: `activation=relu, epochs=2`."""
    values = {}
    for text, (where, given) in entries.items():
        name = field_name(text, where)
        values[name] = values_of(name, given, where)
    if not values:
        return {}
    combinations = [dict(zip(values, each, strict=True)) for each in itertools.product(*values.values())]
    return {", ".join(f"{n.replace('_', '-')}={text_of(v)}" for n, v in each.items()): each for each in combinations}


def _settings(where: str, given: Settings) -> Settings:
    """The settings of a named variation, checked."""
    settings = {}
    for text, value in given.items():
        name = field_name(text, where)
        with naming(where):
            settings[name] = converted(name, value)
    return settings
