"""A training's settings made from a recipe and what differs from it, and as JSON can hold them.

config = configure("book-sgd", epochs=2, seed=7)
"""

import dataclasses
from typing import Any

from lenet.config import FIELDS, MODEL_FIELDS, TrainConfig, checked, model_name
from lenet.errors import ConfigError, choices_hint
from lenet.recipes import AUGMENT_SETTINGS, DEFAULT_RECIPE, RECIPE_SETTINGS

RECIPES = {name: TrainConfig(recipe=name, **settings) for name, settings in RECIPE_SETTINGS.items()}


def configure(recipe: str = DEFAULT_RECIPE, **settings: Any) -> TrainConfig:
    """Return the recipe's TrainConfig with `settings` changed.

    A model other than the recipe's starts from that model's own defaults, not from the recipe's changes to its model.
    `augment` stands for the settings in `recipes.AUGMENT_SETTINGS`; those given beside it win.

    Args:
        recipe: a name in `lenet.RECIPES`.
        **settings: fields of TrainConfig; None counts as not given.

    Returns:
        The settings of one training.

    Raises:
        ConfigError: for an unknown recipe or setting, or a value that is not possible.
    """
    if recipe not in RECIPES:
        raise ConfigError(f"unknown recipe {recipe!r}", hint=choices_hint(recipe, RECIPES))
    given = {name: value for name, value in settings.items() if value is not None}
    for name in given:
        if name not in FIELDS or name == "recipe":
            raise ConfigError(f"unknown setting {name!r}", hint=choices_hint(name, FIELDS))
    if "augment" in given:
        given = AUGMENT_SETTINGS[checked("augment", given["augment"])] | given
    base = RECIPES[recipe]
    own: dict[str, Any] = dict.fromkeys(MODEL_FIELDS)
    if "model" in given and model_name(given["model"]) != base.model:
        base = dataclasses.replace(base, model=given["model"], **own)
    if given.get("optimizer", base.optimizer) != base.optimizer and "momentum" not in given:
        given["momentum"] = 0.0
    return dataclasses.replace(base, **given)


def to_dict(config: TrainConfig) -> dict[str, Any]:
    """The fields as JSON can hold them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(config).items()}


def from_dict(values: dict[str, Any]) -> TrainConfig:
    """The inverse of `to_dict`; raises ConfigError for fields that are unknown or missing."""
    added = {name: spec.default for name, spec in FIELDS.items() if spec.metadata["added"]}
    values = added | values
    if set(values) != set(FIELDS):
        odd = ", ".join(sorted(set(values) ^ set(FIELDS)))
        raise ConfigError(f"the settings do not match this version's: {odd}")
    return TrainConfig(**values)
