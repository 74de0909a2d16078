"""The command that trains a network again, made of its run's settings."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lenet.config import TrainConfig
from lenet.configuration import configure
from lenet.data.catalogue import CATALOGUE
from lenet.runs.run import Run

LEFT_OUT = ("recipe", "data", "data_dir", "checkpoint_every", "snapshots")
DECIDING = ("model", "optimizer", "augment")  # each decides other settings too


def command_of(run: Run) -> list[str]:
    """Return the words of the command that trains the network of a run again.

    Paths of the machine that trained it are shortened to their last name.

    Args:
        run: whose settings are taken; the command begins from its recipe, and names each setting that differs.
    """
    config = run.config
    changed = settings_of(config)
    flags: dict[str, Any] = {"recipe": config.recipe, "data": data_of(run)}
    flags |= {name: value for name, value in changed.items() if name in DECIDING}
    for name, value in vars(config).items():
        if name not in LEFT_OUT and (name == "seed" or name in changed):
            flags[name] = Path(value).name if name == "teacher" and value else value
    return ["lenet", "train", *_words(flags)]


def settings_of(config: TrainConfig) -> dict[str, Any]:
    """Return the settings in which a config differs from its recipe; first those that decide others."""
    starts = configure(config.recipe)
    deciding = {name: getattr(config, name) for name in DECIDING if getattr(config, name) != getattr(starts, name)}
    base = configure(config.recipe, **deciding)
    return deciding | {name: value for name, value in vars(config).items() if value != getattr(base, name)}


def as_line(words: list[str]) -> str:
    """Return a command as it is typed into a shell."""
    return shlex.join(words)


def data_of(run: Run) -> str:
    """Return the name of a run's data set; of the user's own images the name of their folder or file."""
    resolved = run.resolved
    if resolved.data in CATALOGUE or not resolved.data_folder:
        return resolved.data
    return Path(resolved.data_folder).name


def _words(flags: Mapping[str, Any]) -> list[str]:
    words = []
    for name, value in flags.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        elif value is not None:
            text = (",".join(map(str, value)) or "none") if isinstance(value, tuple) else str(value)
            words += [f"--{flag}", text]
    return words
