"""The settings that cannot be used together, each refused with a hint. `TrainConfig` calls `check_combinations`."""

from typing import Any

from lenet.errors import ConfigError
from lenet.recipes import OWN_RECIPE


def check_combinations(config: Any) -> None:
    """Check settings that are possible one by one.

    Args:
        config: a TrainConfig.

    Raises:
        ConfigError: for two that exclude each other.
    """
    if config.size is not None and len(config.size) not in (1, 2):
        numbers = ",".join(map(str, config.size)) or "none"
        raise ConfigError(f"size is {numbers}; expected one number for height and width, or two", hint="add --size 64")
    if config.nesterov and config.momentum == 0:
        raise ConfigError("nesterov needs a momentum above 0", hint="add --momentum 0.9")
    if config.optimizer != "sgd" and config.momentum:
        raise ConfigError(
            f"momentum is a setting of sgd; the optimizer is {config.optimizer}",
            hint="add --optimizer sgd, or leave momentum out",
        )
    if config.precision != "fp32" and config.engine != "cuda":
        raise ConfigError(
            f"precision is {config.precision}, which only the engine cuda has; the engine is {config.engine}",
            hint="add --engine cuda, or leave precision out",
        )
    if config.warm_up and config.schedule == "one-cycle":
        raise ConfigError(
            f"warm_up is {config.warm_up:g}, but the schedule one-cycle has a warm-up of its own",
            hint="add --schedule cosine or --schedule constant, or leave warm_up out",
        )
    if config.recipe != OWN_RECIPE and not set("/\\.") & set(config.data):
        check_held_out(config, config.validation)  # people's own data may have a validation set, which is known later


def check_held_out(config: Any, num_validation: int) -> None:
    """Check that there are validation images where a setting needs some.

    Args:
        config: a TrainConfig.
        num_validation: images held out, or of the data's own validation set.

    Raises:
        ConfigError: if there are none.
    """
    if not num_validation and (config.keep == "best" or config.patience):
        needing = f"patience is {config.patience}" if config.patience else f"keep is {config.keep}"
        raise ConfigError(
            f"{needing}, but no images are held out; the test set is not used to choose",
            hint="add --validation 5000, or how many training images you can spare",
        )
