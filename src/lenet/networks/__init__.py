"""Networks as data: an architecture is a list of layers, and its weights are one vector."""

import dataclasses
from typing import Any

from lenet.config import model_name
from lenet.errors import ModelError
from lenet.networks.network import Architecture, Network
from lenet.registry import MODELS, resolve

__all__ = ["Architecture", "Network", "build"]


def build(name: str, **arguments: Any) -> Architecture:
    """Return the architecture of a model.

    Args:
        name: a name in registry.MODELS, in any spelling that config.model_name takes.
        **arguments: the model's settings, such as `channels=(6, 16)`; those that are None keep their defaults.

    Raises:
        ConfigError: for an unknown model.
        ModelError: for settings that the model lacks or that do not fit together.
    """
    name = model_name(name)
    model = resolve(MODELS, name)
    accepted = [field.name for field in dataclasses.fields(model)]
    arguments = {key: value for key, value in arguments.items() if value is not None}
    for key in arguments:
        if key not in accepted:
            raise ModelError(f"{name} has no setting {key.replace('_', '-')}", hint=f"it takes {', '.join(accepted)}")
    architecture: Architecture = model(**arguments).architecture()
    return architecture
