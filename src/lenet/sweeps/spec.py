"""What a sweep trains: settings that all trainings share, variations of them, and seeds. Everything is checked here.

spec = Draft({"epochs": ("base", 2)}, grid={"activation": ("vary", ["relu", "tanh"])}, seeds=10).spec()
spec.configs  # {"activation=relu": TrainConfig(...), "activation=tanh": TrainConfig(...)}
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from lenet.config import FIELDS, TrainConfig
from lenet.configuration import configure
from lenet.data.dataset import Splits
from lenet.errors import ConfigError
from lenet.recipes import DEFAULT_RECIPE
from lenet.sweeps.values import by_field, converted, naming, seeds_of, text_of, values_of
from lenet.training.own import recipe_for
from lenet.training.tasks import source

Settings: TypeAlias = Mapping[str, Any]  # fields of TrainConfig; None stands for "as without it"

NUM_SEEDS = 5


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

    def recipe(self, settings: Settings) -> str:
        """Return the recipe of a variation: as given, or as its data decides."""
        merged = self.given(settings)
        return merged.get("recipe") or (DEFAULT_RECIPE if self.data else recipe_for(merged.get("data")))

    def config(self, settings: Settings) -> TrainConfig:
        """Return all settings of a variation."""
        merged = self.given(settings)
        data = merged.get("data")
        recipe = self.recipe(settings)
        merged.pop("recipe", None)
        device = merged.pop("device", None) or "cpu"
        name = data.name if isinstance(data, Splits) else data
        return configure(recipe, **merged | {"data": name, "device": device})


@dataclass(frozen=True)
class Draft:
    """A sweep as it was written down; `spec` checks it.

    Attributes:
        base: by field, where it was written, for messages, and the value that all trainings share.
        grid: by field, where it was written, and its values: each is combined with each of the others.
        named: by name of the variation, where it was written, and its settings: a list instead of a grid.
        seeds: their number, for 0 to N - 1, or the seeds, as numbers or text.
    """

    base: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
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
        for name, (where, value) in self.base.items():
            with naming(where):
                base[name] = value if isinstance(value, Splits) else converted(name, value)
        seeds = seeds_of(self.seeds)
        if self.named:
            variations = {name: _settings(*entry) for name, entry in self.named.items()}
        else:
            variations = _grid(self.grid) or {Spec(base, {}, seeds).recipe({}): {}}
        spec = Spec(base, variations, seeds)
        _ = spec.configs
        return spec


def _grid(entries: Mapping[str, tuple[str, Any]]) -> dict[str, Settings]:
    """Each combination of the values, by its name: `activation=relu, epochs=2`."""
    values = {name: values_of(name, given, where) for name, (where, given) in entries.items()}
    if not values:
        return {}
    combinations = [dict(zip(values, each, strict=True)) for each in itertools.product(*values.values())]
    return {", ".join(f"{n.replace('_', '-')}={text_of(v)}" for n, v in each.items()): each for each in combinations}


def _settings(where: str, given: Settings) -> Settings:
    """The settings of a named variation, checked."""
    settings = {}
    for name, (_, value) in by_field(given, where).items():
        with naming(where):
            settings[name] = converted(name, value)
    return settings
