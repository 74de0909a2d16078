"""What can go wrong through no fault of lenet: every error names the offender, what was expected, and the way out.

The command line prints `error: MESSAGE` and `hint: HINT` and exits with 2; in Python they are ordinary exceptions.
"""

import difflib
import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def choices_hint(name: str, choices: Iterable[str]) -> str:
    """The hint for an unknown name: the nearest choice, if one is near, and all of them."""
    choices = list(choices)
    close = difflib.get_close_matches(name.lower(), choices, n=1)
    return (f"did you mean {close[0]}? " if close else "") + f"choose from {', '.join(choices)}"


def quoted(path: Path) -> str:
    """The path as a shell takes it, for lines that people copy."""
    return shlex.quote(str(path))


class LenetError(Exception):
    """A mistake that its user can mend. `message` says what is wrong, `hint` what to do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class ConfigError(LenetError):
    """A setting that is unknown, out of range, or does not go with the others."""


class DataError(LenetError):
    """A data set whose files are damaged, of another kind, or do not fit the model."""


class DataUnavailable(DataError):
    """A data set that is not on this machine and cannot be downloaded now."""


class ModelError(LenetError):
    """A network that cannot be built, such as a kernel larger than its picture."""


class EngineError(LenetError):
    """An engine or a device that is not there, or that cannot run what was asked."""


class RunError(LenetError):
    """A run directory that is missing, incomplete, of another version, or cannot be written."""


class SaveError(RunError):
    """A file of a run that cannot be written. What was saved before is whole.

    training: what was under way and is still in memory, if anything was.
    """

    training: Any = None

    def save_to(self, folder: str | os.PathLike[str]) -> Any:
        """Saves in another folder what is still in memory, and returns the run there, to go on with; of many, a list.

        Raises RunError if there is nothing that was not saved before.
        """
        if self.training is None:
            raise RunError("nothing is in memory that was not saved before", hint=self.hint)
        return self.training.save_to(folder)


class ImageError(LenetError):
    """A file that is not an image, or one that lenet cannot read."""


class TrainingError(LenetError):
    """A training that cannot go on, such as one whose loss is no longer a number."""
