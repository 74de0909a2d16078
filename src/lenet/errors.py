"""Errors that a user can fix: each says what is wrong, what was expected, and what to do.

The command line prints `error: MESSAGE` and `hint: HINT` and exits with 2; in Python they are ordinary exceptions.
"""

import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from lenet.near_misses import nearest


def choices_hint(name: str, choices: Iterable[str]) -> str:
    """The hint for an unknown name: the choice that resembles it, if any, and all choices."""
    choices = list(choices)
    meant = nearest(name, choices)
    return (f"did you mean {meant}? " if meant else "") + f"choose from {', '.join(choices)}"


def quoted(path: Path) -> str:
    """The path quoted for a shell, for commands that people copy."""
    return shlex.quote(str(path))


class LenetError(Exception):
    """An error that the user can fix.

    Args:
        message: what is wrong, and what was expected.
        hint: what to do.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class ConfigError(LenetError):
    """A setting that is unknown, out of range, or in conflict with another."""


class DataError(LenetError):
    """A data set whose files are damaged, of the wrong kind, or do not fit the model."""


class DataUnavailable(DataError):
    """A data set that is not on this machine and cannot be downloaded."""


class ModelError(LenetError):
    """A network that cannot be built, such as one whose kernel is larger than the image."""


class EngineError(LenetError):
    """An engine or device that is missing, or that cannot compute the network."""


class MissingExtra(EngineError):
    """An optional package, such as PyTorch, that is not installed or too old."""


class RunError(LenetError):
    """A run directory that is missing, incomplete, of another version, or not writable."""


class RunWarning(UserWarning):
    """What a user should know about a run that can be used, such as that it has not finished."""


class Unsaved(Protocol):
    """What is in memory and could not be saved: one training, or several."""

    def save_to(self, folder: str | os.PathLike[str]) -> Any:
        """Save it in another folder; return the run there, or a list of runs."""


class SaveError(RunError):
    """A file of a run that cannot be written. What was saved before is complete.

    Attributes:
        training: what is in memory and could not be saved, or None.
    """

    training: Unsaved | None = None

    def save_to(self, folder: str | os.PathLike[str]) -> Any:
        """Save in another folder what is in memory and could not be saved.

        Args:
            folder: a new or empty folder.

        Returns:
            The run there, which can be resumed; for the error of `train_many`, a list of runs.

        Raises:
            RunError: if nothing is in memory, or the folder cannot be written.
        """
        if self.training is None:
            raise RunError("nothing is in memory that was not saved before", hint=self.hint)
        return self.training.save_to(folder)


class ImageError(LenetError):
    """A file that is not an image, or one that lenet cannot read."""


class TrainingError(LenetError):
    """A training that cannot continue, such as one whose loss is NaN or infinite."""
