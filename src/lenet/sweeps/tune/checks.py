"""What can be checked of a search before its folder is made: that no setting, teacher or device fails in every trial."""

import dataclasses

from lenet.config import MODEL_FIELDS
from lenet.engines.choice import choose_device
from lenet.errors import ConfigError
from lenet.registry import MODELS, resolve
from lenet.sweeps.tune.bounds import Choices
from lenet.sweeps.tune.held_out import Base
from lenet.sweeps.tune.space import Space
from lenet.sweeps.values import naming
from lenet.training.teacher import open_teacher


def check(base: Base, space: Space, is_here: bool) -> None:
    """Check a search. Values of which some make no network are not refused: such trials count as the worst.

    Args:
        base: what the search starts from.
        space: what is searched.
        is_here: whether this machine trains: on others, the device is theirs.

    Raises:
        ConfigError: for a searched setting that no model of the search has.
        EngineError: for a device that is not on this machine.
        RunError: for a teacher that cannot be read.
    """
    config = base.config({})
    if is_here:
        choose_device(config.device, config.engine)
    choices = {axis.field: axis.bounds.values for axis in space.axes if isinstance(axis.bounds, Choices)}
    models = [name or config.model for name in choices.get("model", (config.model,))]
    for field in dict.fromkeys(axis.field for axis in space.axes):
        with naming(f"search {field.replace('_', '-')}"):
            if field in MODEL_FIELDS and not any(field in _settings(model) for model in models):
                hint = f"search another setting; {models[0]} has {', '.join(_settings(models[0])) or 'none'}"
                raise ConfigError(f"{' and '.join(models)} has no setting {field.replace('_', '-')}", hint=hint)
            for teacher in choices.get(field, ()) if field == "teacher" else ():
                if teacher is not None:
                    open_teacher(teacher)
    if config.teacher is not None:
        open_teacher(config.teacher)


def _settings(model: str) -> list[str]:
    """The settings of a model that a user can change."""
    names = {field.name for field in dataclasses.fields(resolve(MODELS, model))}
    return [name for name in MODEL_FIELDS if name in names]
