"""Changes of the files in a run directory: one that fails is repeated, and then is a SaveError with the way to resume."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lenet.errors import SaveError, quoted
from lenet.files import durable
from lenet.networks import Network
from lenet.runs import checkpoints, snapshots


@dataclass(frozen=True)
class Folder:
    """A run directory that a training writes.

    Attributes:
        path: of the directory.
    """

    path: Path

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def snapshots(self) -> Path:
        """The folder of the snapshots."""
        return self.path / snapshots.NAME

    def change(self, name: str, action: Callable[[Path], None]) -> None:
        """Do something with a file, at most twice.

        Args:
            name: of the file in the run directory; the empty name is the directory itself.
            action: what is done with its path.

        Raises:
            SaveError: if it fails both times.
        """
        try:
            action(self.path / name)
        except OSError:
            time.sleep(durable.RETRY_SECONDS)
            try:
                action(self.path / name)
            except OSError as error:
                raise self._failure(self.path / name, error) from error

    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        self.change(name, lambda path: durable.write(path, content))

    def write_json(self, name: str, value: dict[str, Any]) -> None:
        """Write a JSON file."""
        self.write(name, durable.as_json(value))

    def write_snapshot(self, step: int, network: Network) -> None:
        """Write the weights that the network has after a step, for the replay of the training."""
        if not self.snapshots.is_dir():
            self.change(snapshots.NAME, durable.make_folder)
        self.write(f"{snapshots.NAME}/{snapshots.file_name(step)}", snapshots.content(network))

    def tidy(self, newest: int) -> None:
        """Remove checkpoints and snapshots after a step, and the temporary files of processes that were killed."""
        self.change("", lambda _: self._tidy(newest))

    def _tidy(self, newest: int) -> None:
        checkpoints.prune(self.checkpoints, newest)
        snapshots.prune(self.snapshots, newest)
        for folder in (self.path, self.checkpoints, self.snapshots):
            for path in durable.leftovers(folder) if folder.is_dir() else ():
                durable.remove(path)

    def _failure(self, path: Path, error: OSError) -> SaveError:
        what, remedy = durable.explain(error)
        try:
            has_checkpoint = bool(checkpoints.steps(self.checkpoints))
        except OSError:
            has_checkpoint = False
        place = "from the last checkpoint, which is whole" if has_checkpoint else "from the first step"
        return SaveError(
            f"cannot write {path}: {what}",
            hint=f"{remedy}, then lenet train --resume {quoted(self.path)} resumes {place}",
        )
